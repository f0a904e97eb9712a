//! Samples as a profile.

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::{DetailedFrame, DetailedSamples, FrameKind};
use super::wire::Message;
use super::{KERNEL, field};

/// What a profile says besides its samples.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What the weights count: `samples`, `bytes`, `nanoseconds`, or a map's name.
    pub unit: &'a str,
    /// Nanoseconds since 1970.
    pub began_ns: u64,
    pub duration_ns: u64,
}

/// Gzipped, as files of this kind always are.
pub fn write(samples: &DetailedSamples, facts: &Facts<'_>) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&encode(samples, facts))?;
    encoder.finish()
}

fn encode(samples: &DetailedSamples, facts: &Facts<'_>) -> Vec<u8> {
    let mut tables = Tables::default();
    tables.text("");
    let mut out = Message::default();

    let (kind, unit) = match facts.unit {
        "samples" => ("samples", "count"),
        unit @ ("bytes" | "nanoseconds") => (unit, unit),
        other => (other, "count"),
    };
    let mut value_type = Message::default();
    value_type.number(field::value_type::TYPE, tables.text(kind));
    value_type.number(field::value_type::UNIT, tables.text(unit));
    out.message(field::profile::SAMPLE_TYPE, &value_type);
    out.number(field::profile::DEFAULT_SAMPLE_TYPE, tables.text(kind));

    for (stack, weight) in samples {
        // Innermost first.
        let places: Vec<u64> = stack.iter().rev().map(|frame| tables.location(frame)).collect();
        let mut sample = Message::default();
        sample.packed(field::sample::LOCATION_ID, places);
        // Weights are signed there.
        sample.packed(field::sample::VALUE, [(*weight).min(i64::MAX as u64)]);
        out.message(field::profile::SAMPLE, &sample);
    }
    out.number(field::profile::TIME_NANOS, facts.began_ns);
    out.number(field::profile::DURATION_NANOS, facts.duration_ns);
    tables.put(&mut out);
    out.finish()
}

/// What samples refer to by number, each once.
#[derive(Debug, Default)]
struct Tables<'a> {
    texts: HashMap<String, u64>,
    mappings: HashMap<&'a str, u64>,
    locations: HashMap<&'a DetailedFrame, u64>,
    messages: Vec<(u32, Message)>,
    order: Vec<String>,
}

impl<'a> Tables<'a> {
    fn text(&mut self, text: &str) -> u64 {
        if let Some(index) = self.texts.get(text) {
            return *index;
        }
        let index = self.order.len() as u64;
        self.texts.insert(text.to_owned(), index);
        self.order.push(text.to_owned());
        index
    }

    fn mapping(&mut self, file: &'a str) -> u64 {
        if let Some(id) = self.mappings.get(file) {
            return *id;
        }
        let id = self.mappings.len() as u64 + 1;
        let mut mapping = Message::default();
        mapping.number(field::mapping::ID, id);
        mapping.number(field::mapping::FILENAME, self.text(file));
        // Its names are in the profile; nobody needs to look for symbols.
        mapping.number(field::mapping::HAS_FUNCTIONS, 1);
        self.messages.push((field::profile::MAPPING, mapping));
        self.mappings.insert(file, id);
        id
    }

    fn location(&mut self, frame: &'a DetailedFrame) -> u64 {
        if let Some(id) = self.locations.get(frame) {
            return *id;
        }
        let id = self.locations.len() as u64 + 1;
        let file = match (&frame.module, frame.frame.kind) {
            (Some(module), _) => Some(&**module),
            (None, FrameKind::Kernel) => Some(KERNEL),
            (None, _) => None,
        };
        let mapping = file.map_or(0, |file| self.mapping(file));
        let name = self.text(&frame.frame.name);
        let mut function = Message::default();
        function.number(field::function::ID, id);
        function.number(field::function::NAME, name);
        function.number(field::function::SYSTEM_NAME, name);
        function.number(field::function::FILENAME, file.map_or(0, |file| self.text(file)));
        let mut line = Message::default();
        line.number(field::line::FUNCTION_ID, id);
        let mut location = Message::default();
        location.number(field::location::ID, id);
        location.number(field::location::MAPPING_ID, mapping);
        location.message(field::location::LINE, &line);
        self.messages.push((field::profile::FUNCTION, function));
        self.messages.push((field::profile::LOCATION, location));
        self.locations.insert(frame, id);
        id
    }

    fn put(self, out: &mut Message) {
        for (number, message) in &self.messages {
            out.message(*number, message);
        }
        for text in &self.order {
            out.bytes(field::profile::STRING_TABLE, text.as_bytes());
        }
    }
}
