//! JSON lines: one object for each event, in bpftrace's layout.

use std::io;

use tracedeck_compiler::abi::json::{JsonWriter, message_type};
use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::manifest::{CounterCause, MapId, PrintfStream};
use tracedeck_compiler::source::Span;

use super::losses::{At, sentence};
use super::{Desk, Sink};
use crate::session::event::{Event, Output, ProgramCost};

pub struct JsonSink {
    desk: Desk,
    /// What the probes cost when that was last told.
    costs: Vec<ProgramCost>,
}

impl JsonSink {
    pub fn new(desk: Desk) -> Self {
        Self { desk, costs: Vec::new() }
    }

    /// Writes `{"type": kind, `, what `rest` adds, and the closing brace.
    fn line(&mut self, kind: &str, rest: impl FnOnce(&mut JsonWriter<'_>)) -> io::Result<()> {
        let mut json = JsonWriter::new(&self.desk.names);
        json.raw("{\"type\": \"");
        json.raw(kind);
        json.raw("\", ");
        rest(&mut json);
        json.raw("}\n");
        let line = json.finish();
        self.desk.streams.out.write_all(line.as_bytes())
    }

    fn tell_costs(&mut self) -> io::Result<()> {
        if !self.desk.verbosity.costs || self.costs.is_empty() {
            return Ok(());
        }
        let shape = self.desk.shape();
        let costs = std::mem::take(&mut self.costs);
        self.line("probe_stats", |json| {
            json.raw("\"data\": [");
            for (index, cost) in costs.iter().enumerate() {
                json.raw(if index == 0 { "{\"probe\": " } else { ", {\"probe\": " });
                let probe = shape.as_deref().and_then(|shape| shape.probes.get(cost.probe.index()));
                json.string(probe.map_or("", |probe| probe.name.as_str()).as_bytes());
                json.raw(&format!(
                    ", \"probes\": {}, \"hits\": {}, \"nanoseconds\": {}}}",
                    cost.probes, cost.hits, cost.nanoseconds
                ));
            }
            json.raw("]");
        })
    }

    fn data(&mut self, kind: &str, text: &[u8]) -> io::Result<()> {
        self.line(kind, |json| {
            json.raw("\"data\": ");
            json.string(text);
        })
    }

    /// A message about a place of the script.
    fn located(&mut self, kind: &str, message: &[u8], span: Span) -> io::Result<()> {
        self.failure(kind, message, span, None, None)
    }

    /// [`Self::located`], with the helper that failed and what it returned, and how often it happened since last time if
    /// that is more than once.
    fn failure(
        &mut self,
        kind: &str,
        message: &[u8],
        span: Span,
        helper: Option<&(String, i64)>,
        count: Option<u64>,
    ) -> io::Result<()> {
        let at = self.desk.source.position(span.start);
        let file = self.desk.source.name_at(span.start).to_owned();
        self.line(kind, |json| {
            json.raw("\"msg\": ");
            json.string(message);
            if let Some((name, code)) = helper {
                json.raw(", \"helper\": ");
                json.string(name.as_bytes());
                json.raw(&format!(", \"retcode\": {code}"));
            }
            json.raw(", \"filename\": ");
            json.string(file.as_bytes());
            json.raw(&format!(", \"line\": {}, \"col\": {}", at.line, at.column));
            if let Some(count) = count.filter(|count| *count > 1) {
                json.raw(&format!(", \"count\": {count}"));
            }
        })
    }

    fn output(&mut self, output: &Output) -> io::Result<()> {
        match output {
            Output::Printf { stream: PrintfStream::Out, text, .. } => self.data("printf", text),
            Output::Printf { stream: PrintfStream::Error, text, span, .. } => self.located("errorf", text, *span),
            Output::Printf { .. } if self.desk.verbosity.no_warnings => Ok(()),
            Output::Printf { text, span, .. } => self.located("warnf", text, *span),
            Output::Time(text) => self.data("time", text),
            // The end of the line belongs to the form as text.
            Output::Join(text) => self.data("join", text.strip_suffix(b"\n").unwrap_or(text)),
            Output::Cat(text) => self.data("cat", text),
            Output::System(text) => self.data("syscall", text),
            Output::Value { value, .. } => self.line("value", |json| {
                json.raw("\"data\": ");
                json.value(value);
            }),
            Output::Map { map, snapshot, top, div } => self.map(*map, snapshot, *top, *div),
            Output::Cleared { .. } | Output::Zeroed { .. } => Ok(()),
        }
    }

    fn map(&mut self, map: MapId, snapshot: &MapSnapshot, top: u64, div: u64) -> io::Result<()> {
        let shape = self.desk.shape();
        let Some(head) = Desk::head(shape.as_deref(), map) else { return Ok(()) };
        let mut json = JsonWriter::new(&self.desk.names);
        if json.map(head, snapshot, top, div).is_none() {
            return Ok(());
        }
        let data = json.finish();
        self.line(message_type(head.value), |json| {
            json.raw("\"data\": ");
            json.raw(&data);
        })
    }

    fn lost(&mut self, cause: &CounterCause, at: &At, total: u64, helper: Option<&(String, i64)>) -> io::Result<()> {
        let Some(increase) = self.desk.losses.increase(cause, at, total) else { return Ok(()) };
        match cause {
            CounterCause::RingFull => self.line("lost_events", |json| {
                json.raw(&format!("\"count\": {0}, \"data\": {{\"events\": {0}}}", increase.by));
            }),
            _ if self.desk.verbosity.no_warnings => Ok(()),
            cause => {
                let message = sentence(cause, self.desk.shape().as_deref());
                let kind = if helper.is_some() { "helper_error" } else { "runtime_error" };
                self.failure(kind, message.as_bytes(), at.span, helper, Some(increase.by))
            }
        }
    }
}

impl Sink for JsonSink {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.desk.note(event);
        match event {
            Event::Diagnostic(diagnostic) => self.desk.diagnostic(diagnostic),
            Event::Attached { .. } if self.desk.verbosity.quiet => Ok(()),
            Event::Attached { probes } => self.line("attached_probes", |json| {
                json.raw(&format!("\"count\": {probes}, \"data\": {{\"probes\": {probes}}}"));
            }),
            Event::Attaching { done, total } => self.desk.attaching(*done, *total),
            Event::Output(output) => self.output(output),
            Event::Lost { cause, span, expanded_from, total, helper } => {
                let at = At { span: *span, expanded_from: expanded_from.clone() };
                self.lost(cause, &at, *total, helper.as_ref())
            }
            Event::Warning { message } => self.desk.warning(message),
            Event::FinalMaps(maps) if self.desk.prints_final_maps() => {
                maps.iter().try_for_each(|(map, snapshot)| self.map(*map, snapshot, 0, 1))
            }
            Event::Costs(costs) => {
                self.costs.clone_from(costs);
                Ok(())
            }
            Event::Ended { reason, .. } => {
                self.tell_costs()?;
                self.desk.ended(reason)
            }
            Event::Compiled(_)
            | Event::Trial(_)
            | Event::Maps(_)
            | Event::Stacks(_)
            | Event::Names(_)
            | Event::FinalMaps(_) => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.desk.flush()
    }
}

#[cfg(test)]
mod tests;
