//! The current state of a run: what all events so far add up to.

use std::sync::Arc;

use tracedeck_compiler::abi::format::map::MapHead;
use tracedeck_compiler::abi::format::text::TextWriter;
use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::manifest::{MapId, PrintfStream};
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::Type;

use super::delta::Delta;
use super::log::{Line, Log, Source, Stream};
use super::loss::Loss;
use crate::session::event::{EndReason, Event, Output, ProgramCost, RunDiagnostic, RunShape, Stamped};
use crate::session::names::Names;

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Compiling, loading, attaching.
    #[default]
    Starting,
    Running,
    /// A person asked it to stop.
    Stopping,
    Ended,
}

/// What a run says about itself at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    pub phase: Phase,
    pub end: Option<(EndReason, u8)>,
    /// Attach points, once attached.
    pub probes: u32,
    /// Done and total of a long attach.
    pub attaching: Option<(u32, u32)>,
    pub watchers: u32,
    /// Over all causes that mean missing data.
    pub lost: u64,
    /// So far, or in all.
    pub duration_ns: u64,
    pub recording_problem: Option<String>,
    /// Grows when people add or remove notes.
    pub notes: u32,
    /// Changes when people who watch show another part of the run.
    pub moves: u32,
    /// What the probes cost so far, where the run measures it.
    pub costs: Vec<ProbeCost>,
}

/// What a program costs, with its place in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeCost {
    pub name: String,
    pub span: Span,
    pub cost: ProgramCost,
}

/// The content of one map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapState {
    pub id: MapId,
    /// The sequence number of the event that brought it.
    pub version: u64,
    pub snapshot: MapSnapshot,
}

/// All that a newcomer is shown.
#[derive(Debug, Default)]
pub struct Picture {
    pub sequence: u64,
    pub at_ns: u64,
    pub status: Status,
    pub shape: Option<Arc<RunShape>>,
    pub log: Log,
    /// By map id.
    pub maps: Vec<Option<Arc<MapState>>>,
    pub losses: Vec<Loss>,
    pub diagnostics: Vec<Arc<RunDiagnostic>>,
}

impl Picture {
    /// Takes an event in, and notes in `delta` what it changed. `names` has seen the event already.
    pub fn apply(&mut self, stamped: &Stamped, names: &Names, delta: &mut Delta) {
        self.sequence = stamped.sequence;
        self.advance(stamped.at_ns, delta);
        let status_before = self.status.clone();
        match &stamped.event {
            Event::Compiled(shape) => {
                self.maps.resize(shape.maps.len(), None);
                self.shape = Some(Arc::clone(shape));
                delta.status = Some(self.status.clone());
            }
            Event::Diagnostic(diagnostic) => {
                let diagnostic = Arc::new(diagnostic.clone());
                self.diagnostics.push(Arc::clone(&diagnostic));
                delta.diagnostics.push(diagnostic);
            }
            Event::Attaching { done, total } => self.status.attaching = Some((*done, *total)),
            Event::Attached { probes } => {
                self.status.probes = *probes;
                self.status.attaching = None;
                if self.status.phase == Phase::Starting {
                    self.status.phase = Phase::Running;
                }
            }
            Event::Output(output) => self.output(stamped.at_ns, output, names, delta),
            Event::Maps(maps) | Event::FinalMaps(maps) => {
                for (id, snapshot) in maps {
                    self.map(*id, snapshot, delta);
                }
            }
            // `names` keeps these.
            Event::Stacks(_) | Event::Names(_) => {}
            // Of a command with --test or --bench only.
            Event::Trial(_) => {}
            Event::Costs(costs) => self.status.costs = self.located(costs),
            Event::Lost { cause, span, expanded_from, total, .. } => {
                let loss = self.loss(cause, *span, expanded_from, *total, stamped.at_ns);
                delta.lose(loss);
                self.status.lost = self.losses.iter().filter(|loss| loss.is_loss()).map(|loss| loss.total).sum();
            }
            Event::Warning { message } => self.note(stamped.at_ns, Stream::Warning, message, delta),
            Event::Ended { reason, exit_code } => {
                self.log.flush(&mut |line| delta.log.push(line));
                self.status.phase = Phase::Ended;
                self.status.attaching = None;
                self.status.end = Some((reason.clone(), *exit_code));
                self.status.duration_ns = stamped.at_ns;
            }
        }
        if self.status != status_before {
            delta.status = Some(self.status.clone());
        }
        delta.sequence = self.sequence;
    }

    /// Lets time pass: a line that waits for its newline is shown after a while.
    pub fn advance(&mut self, now_ns: u64, delta: &mut Delta) {
        self.at_ns = self.at_ns.max(now_ns);
        delta.at_ns = self.at_ns;
        self.log.advance(now_ns, &mut |line| delta.log.push(line));
    }

    /// Changes the status by something that is no event of the script.
    pub fn change_status(&mut self, delta: &mut Delta, change: impl FnOnce(&mut Status)) {
        let before = self.status.clone();
        change(&mut self.status);
        if self.status != before {
            delta.status = Some(self.status.clone());
        }
    }

    /// The status with the time that has passed.
    pub fn status_now(&self) -> Status {
        let mut status = self.status.clone();
        if status.phase != Phase::Ended {
            status.duration_ns = self.at_ns;
        }
        status
    }

    /// Whether a map's keys or values hold stacks.
    pub fn has_stacks(&self, id: MapId) -> bool {
        let map = self.shape.as_ref().and_then(|shape| shape.maps.get(id.index()));
        map.is_some_and(|map| map.key.as_ref().is_some_and(holds_stack) || holds_stack(&map.value))
    }

    fn output(&mut self, at_ns: u64, output: &Output, names: &Names, delta: &mut Delta) {
        let mut emit = |line: Arc<Line>| delta.log.push(line);
        let mut write = |stream, source, text: &[u8], foreign: &[(u32, u32)]| {
            self.log.write(at_ns, stream, source, text, foreign, &mut emit);
        };
        match output {
            Output::Printf { stream, text, foreign, .. } => {
                write(stream_of(*stream), Source::Printf, text, foreign);
            }
            Output::Time(text) => write(Stream::Out, Source::Time, text, &[]),
            Output::Join(text) => write(Stream::Out, Source::Join, text, &[]),
            Output::Cat(text) => write(Stream::Out, Source::Cat, text, &[]),
            Output::System(text) => write(Stream::Out, Source::System, text, &[]),
            Output::Value { value, .. } => {
                let mut writer = TextWriter::new(names);
                writer.value(value);
                writer.push("\n");
                let (text, foreign) = writer.finish_with_foreign();
                write(Stream::Out, Source::Value, &text, &foreign);
            }
            Output::Map { map, snapshot, top, div } => {
                let Some(shape) = self.shape.as_ref().and_then(|shape| shape.maps.get(map.index())) else { return };
                let head = MapHead { name: &shape.name, is_scalar: shape.key.is_none(), value: &shape.value };
                let mut writer = TextWriter::new(names);
                writer.map(head, snapshot, *top, *div);
                let (text, foreign) = writer.finish_with_foreign();
                write(Stream::Out, Source::Map, &text, &foreign);
            }
            // The next snapshot of the map shows what became of it.
            Output::Cleared { .. } | Output::Zeroed { .. } => {}
        }
    }

    fn note(&mut self, at_ns: u64, stream: Stream, message: &str, delta: &mut Delta) {
        let mut emit = |line: Arc<Line>| delta.log.push(line);
        self.log.write(at_ns, stream, Source::Note, message.as_bytes(), &[], &mut emit);
        self.log.flush(&mut emit);
    }

    fn map(&mut self, id: MapId, snapshot: &MapSnapshot, delta: &mut Delta) {
        let Some(slot) = self.maps.get_mut(id.index()) else { return };
        let state = Arc::new(MapState { id, version: self.sequence, snapshot: snapshot.clone() });
        *slot = Some(Arc::clone(&state));
        delta.put_map(state);
    }

    fn located(&self, costs: &[ProgramCost]) -> Vec<ProbeCost> {
        let probes = self.shape.as_deref().map_or(&[][..], |shape| &shape.probes);
        let located = costs.iter().filter_map(|cost| Some((probes.get(cost.probe.index())?, cost)));
        located
            .map(|(probe, cost)| ProbeCost { name: probe.name.clone(), span: probe.span, cost: cost.clone() })
            .collect()
    }

    fn loss(
        &mut self,
        cause: &tracedeck_compiler::manifest::CounterCause,
        span: Span,
        expanded_from: &[(Span, String)],
        total: u64,
        at_ns: u64,
    ) -> Loss {
        let is_it = |loss: &&mut Loss| loss.cause == *cause && loss.span == span && loss.expanded_from == expanded_from;
        if let Some(loss) = self.losses.iter_mut().find(is_it) {
            loss.total = total;
            loss.at_ns = at_ns;
            return loss.clone();
        }
        let loss = Loss {
            id: self.losses.len() as u32,
            cause: cause.clone(),
            span,
            expanded_from: expanded_from.to_vec(),
            total,
            at_ns,
        };
        self.losses.push(loss.clone());
        loss
    }
}

/// Whether a type is a stack or has one among its parts.
pub fn holds_stack(ty: &Type) -> bool {
    matches!(ty, Type::Stack { .. }) || ty.parts().into_iter().any(holds_stack)
}

fn stream_of(stream: PrintfStream) -> Stream {
    match stream {
        PrintfStream::Out => Stream::Out,
        PrintfStream::Error => Stream::Error,
        PrintfStream::Warning => Stream::Warning,
    }
}
