//! Folded stacks, the input of flame graph tools: `comm;outermost;innermost count`, one line for each stack.
//!
//! Only maps with a stack in their key are written, when the script prints them and at the end. All else that the script
//! says goes to the error stream, so that the output stays pure.

use std::io;

use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::manifest::{CounterCause, MapId};

use super::losses::{At, sentence};
use super::text::{shown, value_text};
use super::{Desk, Sink};
use crate::flame;
use crate::session::event::{Event, Output};

pub struct FoldedSink {
    desk: Desk,
}

impl FoldedSink {
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    fn map(&mut self, map: MapId, snapshot: &MapSnapshot) -> io::Result<()> {
        let shape = self.desk.shape();
        let key = shape.as_ref().and_then(|shape| shape.maps.get(map.index())?.key.as_ref());
        if !key.is_some_and(flame::has_stack) {
            return Ok(());
        }
        for (frames, weight) in flame::samples(snapshot, &self.desk.names) {
            let line = flame::folded_line(&frames, weight) + "\n";
            self.desk.streams.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn output(&mut self, output: &Output) -> io::Result<()> {
        let for_terminal = self.desk.streams.err_is_terminal;
        match output {
            Output::Printf { text, foreign, .. } if for_terminal => self.desk.tell(&shown(text, foreign)),
            Output::Printf { text, .. }
            | Output::Time(text)
            | Output::Join(text)
            | Output::Cat(text)
            | Output::System(text) => self.desk.tell(text),
            Output::Value { value, .. } => {
                let text = value_text(value, &self.desk.names, for_terminal);
                self.desk.tell(&text)
            }
            Output::Map { map, snapshot, .. } => self.map(*map, snapshot),
            Output::Cleared { .. } | Output::Zeroed { .. } => Ok(()),
        }
    }

    fn lost(&mut self, cause: &CounterCause, at: &At, total: u64, helper: Option<&(String, i64)>) -> io::Result<()> {
        match self.desk.losses.increase(cause, at, total) {
            Some(increase) if increase.is_first => {
                let message = sentence(cause, self.desk.shape().as_deref());
                self.desk.loss(at, &message, helper)
            }
            _ => Ok(()),
        }
    }
}

impl Sink for FoldedSink {
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
            Event::FinalMaps(maps) => maps.iter().try_for_each(|(map, snapshot)| self.map(*map, snapshot)),
            Event::Ended { reason, .. } => self.desk.ended(reason),
            Event::Compiled(_)
            | Event::Costs(_)
            | Event::Trial(_)
            | Event::Maps(_)
            | Event::Stacks(_)
            | Event::Names(_) => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.desk.flush()
    }
}

#[cfg(test)]
mod tests;
