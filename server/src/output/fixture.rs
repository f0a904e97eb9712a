//! A desk whose streams end in memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracedeck_compiler::manifest::RunSettings;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::types::Type;

use super::{Desk, Sink, Streams, Verbosity};
use crate::session::event::{Event, MapShape, RunShape};

/// A stream that can be read afterwards.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic while writing")).into_owned()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while writing").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Written {
    pub out: String,
    pub err: String,
}

/// What a sink writes for events, after a script with these maps was compiled.
pub fn written<S: Sink>(
    maps: &[(&str, Option<Type>, Type)],
    is_terminal: bool,
    verbosity: Verbosity,
    make: impl FnOnce(Desk) -> S,
    events: &[Event],
) -> Written {
    let (out, err) = (Memory::default(), Memory::default());
    let streams = Streams {
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        out_is_terminal: is_terminal,
        err_is_terminal: is_terminal,
        err_has_color: false,
    };
    let source = SourceFile::new("stdin", "begin { printf(\"%d\", 1 / $x) }\nend { }");
    let mut sink = make(Desk::new(source, streams, verbosity));
    let maps = maps
        .iter()
        .map(|(name, key, value)| MapShape { name: (*name).to_owned(), key: key.clone(), value: value.clone() })
        .collect();
    let shape = RunShape { probes: Vec::new(), maps, strings: Vec::new(), settings: RunSettings::default() };
    sink.event(&Event::Compiled(Arc::new(shape))).expect("memory");
    for event in events {
        sink.event(event).expect("memory");
    }
    sink.flush().expect("memory");
    Written { out: out.text(), err: err.text() }
}
