//! Text as bpftrace writes it.

use std::io;

use tracedeck_compiler::abi::escape;
use tracedeck_compiler::abi::format::text::TextWriter;
use tracedeck_compiler::abi::value::{MapSnapshot, Value};
use tracedeck_compiler::diagnostic::Severity;
use tracedeck_compiler::manifest::{CounterCause, MapId, PrintfStream};

use super::losses::{At, sentence};
use super::{Desk, Sink};
use crate::session::event::{Event, Output, ProgramCost};
use crate::session::names::Names;

pub struct TextSink {
    desk: Desk,
    /// What the probes cost when that was last told.
    costs: Vec<ProgramCost>,
}

impl TextSink {
    pub fn new(desk: Desk) -> Self {
        Self { desk, costs: Vec::new() }
    }

    fn output(&mut self, output: &Output) -> io::Result<()> {
        let for_terminal = self.desk.streams.out_is_terminal;
        match output {
            Output::Printf { stream: PrintfStream::Out, text, foreign, .. } if for_terminal => {
                self.desk.streams.out.write_all(&shown(text, foreign))
            }
            Output::Printf { stream: PrintfStream::Out, text, .. } => self.desk.streams.out.write_all(text),
            Output::Printf { stream, text, foreign, span, expanded_from } => {
                let at = At { span: *span, expanded_from: expanded_from.clone() };
                self.message(*stream, text, foreign, &at)
            }
            Output::Time(text) | Output::System(text) => self.desk.streams.out.write_all(text),
            Output::Join(text) | Output::Cat(text) if for_terminal => {
                self.desk.streams.out.write_all(&lines_shown(text))
            }
            Output::Join(text) | Output::Cat(text) => self.desk.streams.out.write_all(text),
            Output::Value { value, .. } => {
                let text = value_text(value, &self.desk.names, for_terminal);
                self.desk.streams.out.write_all(&text)
            }
            Output::Map { map, snapshot, top, div } => self.map(*map, snapshot, *top, *div),
            Output::Cleared { .. } | Output::Zeroed { .. } => Ok(()),
        }
    }

    /// `errorf`, `warnf`.
    fn message(&mut self, stream: PrintfStream, text: &[u8], foreign: &[(u32, u32)], at: &At) -> io::Result<()> {
        let text = if self.desk.streams.err_is_terminal { shown(text, foreign) } else { text.to_vec() };
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        let message = match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => escape::escape(text).into_owned(),
        };
        let severity = if stream == PrintfStream::Warning { Severity::Warning } else { Severity::Error };
        self.desk.located(severity, at, &message)
    }

    fn map(&mut self, map: MapId, snapshot: &MapSnapshot, top: u64, div: u64) -> io::Result<()> {
        let shape = self.desk.shape();
        let Some(head) = Desk::head(shape.as_deref(), map) else { return Ok(()) };
        let mut text = writer(&self.desk.names, self.desk.streams.out_is_terminal);
        text.map(head, snapshot, top, div);
        let text = text.finish();
        self.desk.streams.out.write_all(&text)
    }

    fn lost(&mut self, cause: &CounterCause, at: &At, total: u64, helper: Option<&(String, i64)>) -> io::Result<()> {
        let Some(increase) = self.desk.losses.increase(cause, at, total) else { return Ok(()) };
        match cause {
            CounterCause::RingFull => self.desk.tell(format!("Lost {} events\n", increase.by).as_bytes()),
            cause if increase.is_first => {
                let message = sentence(cause, self.desk.shape().as_deref());
                self.desk.loss(at, &message, helper)
            }
            // Once is enough while it goes on; the total comes at the end.
            _ => Ok(()),
        }
    }

    fn final_maps(&mut self, maps: &[(MapId, MapSnapshot)]) -> io::Result<()> {
        self.desk.streams.out.write_all(b"\n\n")?;
        if !self.desk.prints_final_maps() {
            return Ok(());
        }
        maps.iter().try_for_each(|(map, snapshot)| self.map(*map, snapshot, 0, 1))
    }
}

impl Sink for TextSink {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.desk.note(event);
        match event {
            Event::Diagnostic(diagnostic) => self.desk.diagnostic(diagnostic),
            Event::Attached { probes } => self.desk.attached(*probes),
            Event::Attaching { done, total } => self.desk.attaching(*done, *total),
            Event::Output(output) => self.output(output),
            Event::Lost { cause, span, expanded_from, total, helper } => {
                let at = At { span: *span, expanded_from: expanded_from.clone() };
                self.lost(cause, &at, *total, helper.as_ref())
            }
            Event::Warning { message } => self.desk.warning(message),
            Event::FinalMaps(maps) => self.final_maps(maps),
            Event::Ended { reason, .. } => {
                self.desk.costs(&self.costs)?;
                self.desk.ended(reason)
            }
            Event::Costs(costs) => {
                self.costs.clone_from(costs);
                Ok(())
            }
            Event::Compiled(_) | Event::Trial(_) | Event::Maps(_) | Event::Stacks(_) | Event::Names(_) => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.desk.flush()
    }
}

fn writer(names: &Names, for_terminal: bool) -> TextWriter<'_> {
    if for_terminal { TextWriter::for_terminal(names) } else { TextWriter::new(names) }
}

/// What `print(x)` writes.
pub fn value_text(value: &Value, names: &Names, for_terminal: bool) -> Vec<u8> {
    let mut text = writer(names, for_terminal);
    text.value(value);
    text.push("\n");
    text.finish()
}

/// Text with its foreign ranges escaped.
pub fn shown(text: &[u8], foreign: &[(u32, u32)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut written = 0;
    for (start, end) in foreign {
        let (start, end) = (*start as usize, *end as usize);
        out.extend_from_slice(text.get(written..start).unwrap_or_default());
        out.extend_from_slice(escape::escape(text.get(start..end).unwrap_or_default()).as_bytes());
        written = end;
    }
    out.extend_from_slice(text.get(written..).unwrap_or_default());
    out
}

/// Text of files and arguments: lines and tabs stay, all else that a terminal could act on is escaped.
fn lines_shown(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for part in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
        let (plain, end) = match part.split_last() {
            Some((b'\n' | b'\t', plain)) => (plain, &part[plain.len()..]),
            _ => (part, &[][..]),
        };
        if escape::is_foreign(plain) {
            out.extend_from_slice(escape::escape(plain).as_bytes());
        } else {
            out.extend_from_slice(plain);
        }
        out.extend_from_slice(end);
    }
    out
}

#[cfg(test)]
mod tests;
