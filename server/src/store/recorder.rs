//! Records the events of one run: gathers them for a second, then hands them to the writer.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::chunk::Chunk;
use super::runs::RunSummary;

use super::{Command, Quota};
use crate::session::event::{Event, Output, Stamped};
use crate::session::hub::picture::Status;
use crate::session::recording::Recorder;
use crate::session::steps::{Step, Stepper};

/// A server that is killed loses at most about this much of a recording.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// A chunk is closed early when it holds about this many bytes.
const FLUSH_BYTES: usize = 1 << 20;

pub struct StoreRecorder {
    run: String,
    queue: SyncSender<Command>,
    quota: Quota,
    store_problem: Arc<Mutex<Option<String>>>,
    events: Vec<Arc<Stamped>>,
    /// About the bytes of `events`.
    bytes: usize,
    /// About the bytes of all chunks so far, before compression.
    total: u64,
    number: u32,
    map_names: Arc<[String]>,
    stepper: Stepper,
    steps: Vec<Step>,
    flushed: Instant,
    /// Events that found no room in the writer's queue.
    dropped: u64,
    is_full: bool,
}

impl StoreRecorder {
    pub(super) fn new(
        run: String,
        queue: SyncSender<Command>,
        quota: Quota,
        store_problem: Arc<Mutex<Option<String>>>,
    ) -> Self {
        Self {
            run,
            queue,
            quota,
            store_problem,
            events: Vec::new(),
            bytes: 0,
            total: 0,
            number: 0,
            map_names: Arc::new([]),
            stepper: Stepper::default(),
            steps: Vec::new(),
            flushed: Instant::now(),
            dropped: 0,
            is_full: false,
        }
    }

    /// Hands what is gathered to the writer.
    pub(super) fn flush(&mut self) {
        self.flushed = Instant::now();
        if self.events.is_empty() {
            return;
        }
        let chunk = Chunk {
            run: self.run.clone(),
            number: self.number,
            events: std::mem::take(&mut self.events),
            map_names: Arc::clone(&self.map_names),
            steps: std::mem::take(&mut self.steps),
        };
        self.number += 1;
        self.total += self.bytes as u64;
        self.bytes = 0;
        let count = chunk.events.len() as u64;
        match self.queue.try_send(Command::Append(chunk)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.dropped += count,
        }
    }

    /// Events that may be left out of a recording that has become too large.
    fn is_bulk(event: &Event) -> bool {
        matches!(event, Event::Output(_) | Event::Maps(_))
    }
}

impl Recorder for StoreRecorder {
    fn record(&mut self, event: &Arc<Stamped>) {
        if let Event::Compiled(shape) = &event.event {
            self.map_names = shape.maps.iter().map(|map| map.name.clone()).collect();
            self.stepper = Stepper::new(shape);
        }
        // Compression makes a tenth of it or less.
        self.is_full |= self.total / 8 > self.quota.run_bytes;
        if self.is_full && Self::is_bulk(&event.event) {
            self.dropped += 1;
            return;
        }
        self.bytes += weight(&event.event);
        self.steps.extend(self.stepper.take(event));
        self.events.push(Arc::clone(event));
        if self.bytes > FLUSH_BYTES {
            self.flush();
        }
    }

    fn tick(&mut self) {
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flush();
        }
    }

    fn problem(&self) -> Option<String> {
        if self.is_full {
            let limit = self.quota.run_bytes >> 20;
            return Some(format!("The recording of this run is full ({limit} MiB); what follows is shown live only"));
        }
        let failing = self.store_problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failing.or_else(|| {
            let n = self.dropped;
            (n > 0).then(|| format!("{n} event{} could not be stored in time", if n == 1 { "" } else { "s" }))
        })
    }

    fn finish(&mut self, status: &Status) {
        self.flush();
        let mut summary = RunSummary::of(status);
        summary.problem = self.problem();
        // The end of a run is worth waiting for; the queue empties as fast as the disk is.
        let _ = self.queue.send(Command::Finish(self.run.clone(), Box::new(summary)));
    }
}

/// About how many bytes an event takes.
fn weight(event: &Event) -> usize {
    let snapshots = |entries: usize| entries * 40;
    match event {
        Event::Output(Output::Printf { text, .. } | Output::Time(text) | Output::Join(text) | Output::Cat(text)) => {
            text.len() + 16
        }
        Event::Output(Output::System(text)) => text.len() + 16,
        Event::Output(Output::Map { snapshot, .. }) => snapshots(snapshot.entries.len()) + 16,
        Event::Maps(maps) | Event::FinalMaps(maps) => {
            maps.iter().map(|(_, snapshot)| snapshots(snapshot.entries.len()) + 16).sum()
        }
        Event::Stacks(stacks) => stacks.iter().map(|stack| stack.frames.len() * 48 + 16).sum(),
        Event::Names(names) => names.len() * 32,
        _ => 64,
    }
}
