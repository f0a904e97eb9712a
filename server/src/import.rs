//! Files of other tools as runs that have ended: folded stacks, pprof, the text of `perf script`, bpftrace's output.
//!
//! What is read becomes the same events that a run of our own leaves behind, so that everything that can be done with a
//! run (views, comparison, links, export) can be done with a file.

use std::sync::Arc;

use tracedeck_compiler::abi::value::{MapSnapshot, Stack};
use tracedeck_compiler::manifest::{MapId, RunSettings};

use crate::flame::pprof::PprofError;
use crate::session::event::{EndReason, Event, MapShape, Output, RunShape};

mod bpftrace;
mod buckets;
mod folded;
mod perf;
mod pprof;
mod stacks;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Import {
    /// What it is, in words: `folded stacks`.
    pub kind: &'static str,
    pub maps: Vec<(MapShape, MapSnapshot)>,
    pub stacks: Vec<Arc<Stack>>,
    /// Lines that belong to no map, with their newlines.
    pub output: Vec<u8>,
}

/// Why a file is not taken, as a sentence without a full stop.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("The file is empty")]
    Empty,
    #[error(
        "This is no profile that tracedeck reads: folded stacks, pprof, the text of perf script, or what bpftrace \
         prints{0}"
    )]
    Unknown(&'static str),
    #[error("Line {line} is not {expected}, as the lines before it are")]
    Line { line: usize, expected: &'static str },
    #[error("This looks like a pprof file, but {0}")]
    Pprof(#[from] PprofError),
    #[error("There is nothing in it to show: {0}")]
    Nothing(&'static str),
}

/// Reads a file, whatever it is of what can be read.
pub fn read(file: &[u8]) -> Result<Import, ImportError> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(ImportError::Empty);
    }
    if pprof::is_likely(file) {
        return pprof::read(file);
    }
    if let Some(name) = foreign(file) {
        return Err(ImportError::Unknown(name));
    }
    let lines: Vec<&[u8]> =
        file.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    if perf::is_likely(&lines) {
        perf::read(&lines)
    } else if bpftrace::is_likely(&lines) {
        bpftrace::read(&lines)
    } else if folded::is_likely(&lines) {
        folded::read(&lines)
    } else {
        Err(ImportError::Unknown(""))
    }
}

/// Files that people take for profiles, and what to do with them.
fn foreign(file: &[u8]) -> Option<&'static str> {
    match file {
        [b'P', b'E', b'R', b'F', b'I', b'L', b'E', b'2', ..] => {
            Some(". This is perf.data: run `perf script -i perf.data` and import what it prints")
        }
        [0x7f, b'E', b'L', b'F', ..] => Some(". This is a program or library"),
        [b'{' | b'[', ..] => Some(". This is JSON"),
        [b'<', ..] => Some(". This is HTML or SVG, a drawing without its numbers"),
        _ if file.contains(&0) => Some(". This is a binary file"),
        _ => None,
    }
}

impl Import {
    /// The events of a run that has ended, the first of them the description of the maps.
    pub fn events(self) -> Vec<Event> {
        let (shapes, snapshots): (Vec<_>, Vec<_>) = self.maps.into_iter().unzip();
        let shape =
            RunShape { probes: Vec::new(), maps: shapes, strings: Vec::new(), settings: RunSettings::default() };
        let maps = snapshots.into_iter().enumerate().map(|(id, snapshot)| (MapId(id as u32), snapshot)).collect();
        let mut events = vec![Event::Compiled(Arc::new(shape)), Event::Attached { probes: 0 }];
        if !self.stacks.is_empty() {
            events.push(Event::Stacks(self.stacks));
        }
        if !self.output.is_empty() {
            events.push(Event::Output(Output::plain(self.output)));
        }
        events.push(Event::FinalMaps(maps));
        events.push(Event::Ended { reason: EndReason::Finished, exit_code: 0 });
        events
    }
}

/// Bytes as text; what is not UTF-8 is written `\xNN`, as everywhere.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => tracedeck_compiler::abi::escape::escape(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests;
