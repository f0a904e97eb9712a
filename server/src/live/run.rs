//! A run under way: empties the ring, does what the script asked for, watches for the end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use tracedeck_compiler::abi::decode::{Call, Decoder, RawEvent};
use tracedeck_compiler::abi::format::map::zero;
use tracedeck_compiler::abi::order;
use tracedeck_compiler::abi::value::{MapSnapshot, Value};
use tracedeck_compiler::manifest::{Manifest, MapId, SiteId};
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::{StackSpace, Type};

use super::attach::begin_end::{self, Programs};
use super::attach::iterator::Walk;
use super::child::{Child, Progress};
use super::control::Control;
use super::costs::Costs;
use super::counters::Counters;
use super::emit::Item;
use super::engine::is_finite;
use super::failure::{EXIT_COMPILE, Failure};
use super::limits;
use super::load::Loaded;
use super::maps::Maps;
use super::names::{types, visit_user_symbols};
use super::priority;
use super::processes::Processes;
use super::ring::{Ring, TICK};
use super::symbolize::Captured;
use super::targets::Targets;
use crate::session::driver::RunRequest;
use crate::session::event::{EndReason, Event, Output};

/// Bytes of the ring that are looked at before something else gets its turn.
const DRAIN_BYTES: usize = 4 << 20;
/// Time between live snapshots, and between looks at counters and at the processes that the run depends on.
const LIVE_EVERY: Duration = Duration::from_millis(100);
/// Time between two looks at what the probes cost and at what they are in.
const COSTS_EVERY: Duration = Duration::from_secs(1);
/// For this long a run, or the command that it follows, is a young one.
const YOUNG: Duration = Duration::from_millis(100);
/// Time between looks at the ring in a young run, and before its first record: each costs about 5 us.
const YOUNG_TICK: Duration = Duration::from_millis(1);
const FIRST_TICK: Duration = Duration::from_micros(200);
/// For this long a run that was stopped goes on to say what it has to say.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A snapshot that takes long is taken less often, so that it costs at most this part of one processor.
const LIVE_SHARE: u32 = 10;

/// What a run works with.
pub struct RunParts<'r> {
    pub manifest: Arc<Manifest>,
    pub request: &'r RunRequest,
    pub control: Arc<Control>,
    pub items: Sender<Item>,
    pub processes: Arc<Mutex<Processes>>,
    pub child: Option<Child>,
    /// The processes that are traced, as they were at the start; empty: all.
    pub targets: Vec<u32>,
    /// What the probes are in, as it was when they were attached.
    pub places: Targets,
    /// Raised by a signal that the script waits for.
    pub signal: Option<Arc<AtomicBool>>,
    /// The walk of an iterator: when it is over, so is the run.
    pub walk: Option<Walk>,
}

/// A run whose probes are attached.
pub struct Run<'r> {
    parts: RunParts<'r>,
    ring: Ring,
    maps: Maps,
    counters: Counters,
    costs: Option<Costs>,
    /// When costs and targets are looked at again.
    next_costs: Instant,
    started: Instant,
    next_live: Instant,
    /// The code of `exit(code)`, once it was called.
    exit_code: Option<u8>,
    /// Whether user addresses come in that will need names.
    names_user_code: bool,
    /// Stacks that came in since the programs were last made to forget which they sent.
    stacks: u64,
    /// A record came in.
    has_heard: bool,
    /// Records that made no sense were reported.
    told_malformed: bool,
    /// Output that is handled later than this is lost.
    deadline: Option<Instant>,
}

/// Calls that wait for their turn.
type Calls<'m> = VecDeque<(SiteId, Call<'m>)>;

impl<'r> Run<'r> {
    /// Takes the maps of what was loaded, and gives the programs back.
    pub fn new(parts: RunParts<'r>, loaded: Loaded) -> Result<(Self, Programs), Failure> {
        let Loaded { programs, maps, globals, ring, .. } = loaded;
        let ring = Ring::new(ring, parts.control.wake()).map_err(|error| {
            Failure::new("internal", Span::default(), format!("the ring buffer cannot be read: {error}"))
                .with_cause(&error)
        })?;
        let maps = Maps::new(parts.manifest.clone(), maps, globals.clone());
        let counters = Counters::new(parts.manifest.clone(), globals);
        let costs = match parts.request.measure.then(|| Costs::measure(&parts.manifest, &programs)).transpose() {
            Ok(costs) => costs,
            Err(error) => {
                let message = format!("what the probes cost cannot be measured: {error}");
                let _ = parts.items.send(Item::Event(Event::Warning { message }));
                None
            }
        };
        let now = Instant::now();
        let names_user_code = names_user_code(&parts.manifest);
        let run = Self {
            parts,
            names_user_code,
            ring,
            maps,
            counters,
            costs,
            next_costs: now + COSTS_EVERY,
            started: now,
            next_live: now + LIVE_EVERY,
            exit_code: None,
            stacks: 0,
            has_heard: false,
            told_malformed: false,
            deadline: None,
        };
        Ok((run, programs))
    }

    /// Works until there is a reason to end; returns it with the exit code.
    pub fn follow(&mut self, programs: &Programs) -> (EndReason, u8) {
        let finite = is_finite(&self.parts.manifest);
        priority::raise();
        if let Some(child) = &mut self.parts.child {
            child.release();
        }
        self.started = Instant::now();
        loop {
            if !finite {
                self.ring.wait(self.tick());
            }
            self.look_at_processes();
            self.run_signal(programs);
            let walked = self.parts.walk.as_ref().is_some_and(Walk::is_over);
            self.pump();
            if let Some(code) = self.exit_code {
                return (EndReason::Finished, code);
            }
            if self.parts.control.is_stopped() {
                return (EndReason::Stopped, 0);
            }
            if finite || walked {
                if let Some(Err(error)) = self.parts.walk.take().map(Walk::finish) {
                    self.warn(format!("the iterator ended early: {error}"));
                }
                self.empty_ring();
                return (EndReason::Finished, self.exit_code.unwrap_or(0));
            }
            if let Some(end) = self.child_ended() {
                return end;
            }
            if Instant::now() >= self.next_live
                && let Some(reason) = self.look_around()
            {
                return (reason, 0);
            }
        }
    }

    /// Runs what waits for a signal, if it came.
    fn run_signal(&mut self, programs: &Programs) {
        let came = self.parts.signal.as_ref().is_some_and(|signal| signal.swap(false, Ordering::SeqCst));
        if came && let Err(failure) = begin_end::run_signal(programs, &self.parts.manifest) {
            self.warn(failure.message);
        }
    }

    /// How long to wait for the ring at most. Who starts a script waits for its first event; and a command maps its
    /// libraries in its first milliseconds, and many live no longer: for that time it is looked at more often.
    fn tick(&self) -> Duration {
        match self.started.elapsed() {
            age if age < YOUNG && !self.has_heard => FIRST_TICK,
            age if age < YOUNG => YOUNG_TICK,
            _ => TICK,
        }
    }

    /// Handles all records that are left, once the programs are muted.
    pub fn empty_ring(&mut self) {
        while !self.pump() {}
    }

    /// [`Self::empty_ring`] for a run that a person stopped: output that takes longer than a moment is counted as lost.
    pub fn empty_ring_soon(&mut self) {
        self.deadline = Some(Instant::now() + LAST_WORDS);
        self.empty_ring();
        self.deadline = None;
    }

    /// After the `end` programs: their records, the losses, the final maps. The code of an `exit` among them.
    pub fn finish(&mut self) -> Option<u8> {
        self.exit_code = None;
        self.empty_ring();
        self.send_losses();
        self.send_costs();
        self.say_what_was_not_heard();
        match self.maps.all() {
            Ok(maps) => {
                maps.iter().for_each(|(_, snapshot)| self.capture_processes(snapshot));
                self.send(Item::FinalMaps(maps));
            }
            Err(error) => self.warn(format!("the maps cannot be read: {error}")),
        }
        self.exit_code
    }

    /// Empties the ring, or a good part of it, and handles the calls; whether the ring is empty now.
    fn pump(&mut self) -> bool {
        let manifest = self.parts.manifest.clone();
        let decoder = Decoder::new(&manifest);
        let mut calls = Calls::new();
        let is_empty = self.pull(&decoder, &mut calls);
        self.has_heard |= !calls.is_empty();
        while let Some((site, call)) = calls.pop_front() {
            let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if is_late && matches!(call, Call::Printf { .. } | Call::Print { .. } | Call::Join { .. }) {
                self.counters.discard();
            } else {
                self.handle(site, call, &decoder, &mut calls);
            }
        }
        is_empty
    }

    /// Takes records from the ring: stacks are passed on at once, calls are queued.
    fn pull<'m>(&mut self, decoder: &Decoder<'m>, calls: &mut Calls<'m>) -> bool {
        let (items, processes) = (&self.parts.items, &self.parts.processes);
        let (mut malformed, mut stacks) = (None, 0);
        let is_empty = self.ring.drain(DRAIN_BYTES, |record| match decoder.record(record) {
            Ok(RawEvent::Stack(stack)) => {
                stacks += 1;
                let image = (stack.space == StackSpace::User)
                    .then(|| processes.lock().unwrap_or_else(PoisonError::into_inner).image(stack.pid, &stack.frames));
                let _ = items.send(Item::Stack(Captured { stack, image: image.flatten() }));
            }
            Ok(RawEvent::Call { site, call }) => calls.push_back((site, call)),
            Err(error) => malformed = Some(error),
        });
        self.stacks += stacks;
        if let Some(error) = malformed
            && !std::mem::replace(&mut self.told_malformed, true)
        {
            self.warn(format!("output was lost, this is a mistake in tracedeck: {error}"));
        }
        is_empty
    }

    fn handle<'m>(&mut self, site: SiteId, call: Call<'m>, decoder: &Decoder<'m>, calls: &mut Calls<'m>) {
        match call {
            Call::Printf { values, .. } => self.send_values(site, values),
            Call::Print { value, ty } => {
                self.capture_process_of(&value);
                self.send(Item::Value { value, ty: ty.clone() });
            }
            Call::PrintMap { map, top, div } => {
                let Some(snapshot) = self.snapshot(map) else { return };
                if self.maps.names_stacks(map) {
                    // A program sends a stack before it updates the map: what the snapshot names is in the ring.
                    while !self.pull(decoder, calls) {}
                }
                self.send(Item::Map { map, snapshot, top, div });
            }
            Call::PrintEntry { map, key } => {
                let Some(mut snapshot) = self.snapshot(map) else { return };
                if self.maps.names_stacks(map) {
                    while !self.pull(decoder, calls) {}
                }
                snapshot
                    .entries
                    .retain(|(known, _)| known.as_ref().is_some_and(|known| order::is_same_key(known, &key)));
                if snapshot.entries.is_empty()
                    && let Some(map) = self.parts.manifest.maps.get(map.index())
                {
                    snapshot.entries.push((Some(key), zero(&map.value)));
                }
                self.send(Item::Map { map, snapshot, top: 0, div: 1 });
            }
            Call::Clear { map } => match self.maps.clear(map) {
                Ok(()) => self.send(Item::Event(Event::Output(Output::Cleared { map }))),
                Err(error) => self.warn(format!("clear failed: {error}")),
            },
            Call::Zero { map } => match self.maps.zero(map) {
                Ok(()) => self.send(Item::Event(Event::Output(Output::Zeroed { map }))),
                Err(error) => self.warn(format!("zero failed: {error}")),
            },
            Call::Exit { code } => self.exit_code = self.exit_code.or(Some(code)),
            Call::Packet { boot_ns, length, captured, .. } => {
                if self.parts.request.options.allow_unsafe {
                    self.send(Item::Packet { site, boot_ns, length, captured });
                } else {
                    self.warn("skboutput() wrote nothing: the run does not allow unsafe functions".to_owned());
                }
            }
            Call::Time { .. } => self.send(Item::Time { site }),
            Call::Join { text } => self.send(Item::Event(Event::Output(Output::Join(text)))),
            Call::Cat { values, .. } => self.send_values(site, values),
            Call::System { values, .. } => {
                if self.parts.request.options.allow_unsafe {
                    self.send_values(site, values);
                } else {
                    self.warn("system() was not run: the run does not allow unsafe functions".to_owned());
                }
            }
        }
    }

    fn send_values(&mut self, site: SiteId, values: Vec<Value>) {
        values.iter().for_each(|value| self.capture_process_of(value));
        self.send(Item::Formatted { site, values });
    }

    /// Live maps, losses, and whether the run is to end.
    fn look_around(&mut self) -> Option<EndReason> {
        let before = Instant::now();
        if self.parts.request.live_maps {
            match self.maps.changed(self.parts.request.live_map_entries) {
                Ok(maps) if maps.is_empty() => {}
                Ok(maps) => {
                    maps.iter().for_each(|(_, snapshot)| self.capture_processes(snapshot));
                    // Stacks that the snapshot names are in the ring.
                    self.empty_ring();
                    self.send(Item::Maps(maps));
                }
                Err(error) => tracing::warn!(%error, "the maps cannot be read"),
            }
        }
        self.send_losses();
        if before >= self.next_costs {
            self.next_costs = before + COSTS_EVERY;
            self.send_costs();
            self.parts.places.changed().into_iter().for_each(|message| self.warn(message));
        }
        self.make_room_for_stacks();
        let now = Instant::now();
        self.next_live = now + LIVE_EVERY.max((now - before) * LIVE_SHARE);
        self.parts.places.ended().into_iter().for_each(|message| self.warn(message));
        if self.parts.places.are_gone() {
            return Some(EndReason::TargetExited);
        }
        let seconds = self.parts.request.time_limit_seconds;
        let is_over = limits::run_time(seconds).is_some_and(|limit| self.started.elapsed() >= limit);
        is_over.then_some(EndReason::TimeLimit { seconds })
    }

    /// Programs that cannot remember a stack send it whenever they meet it: better to forget all in time.
    fn make_room_for_stacks(&mut self) {
        if self.stacks > self.maps.remembered_stacks() / 4 * 3 {
            self.stacks = 0;
            if let Err(error) = self.maps.forget_stacks() {
                tracing::warn!(%error, "the list of sent stacks cannot be emptied");
            }
        }
    }

    fn child_ended(&mut self) -> Option<(EndReason, u8)> {
        match self.parts.child.as_mut()?.progress() {
            Progress::Running => None,
            Progress::Ended => Some((EndReason::TargetExited, 0)),
            Progress::Failed(error) => {
                let command = self.parts.request.command.as_deref().unwrap_or_default();
                let message = format!("The command '{command}' was not started: {error}");
                Some((EndReason::Failed { message }, EXIT_COMPILE))
            }
        }
    }

    /// The target's mappings are known before anything names its addresses.
    fn look_at_processes(&self) {
        let mut processes = self.parts.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.next_tick();
        processes.hear();
        if self.names_user_code {
            let child = self.parts.child.as_ref().map(Child::pid);
            child.into_iter().chain(self.parts.targets.iter().copied()).for_each(|pid| processes.watch(pid));
        }
    }

    fn snapshot(&mut self, map: MapId) -> Option<MapSnapshot> {
        match self.maps.snapshot(map, 0) {
            Ok(snapshot) => {
                self.capture_processes(&snapshot);
                Some(snapshot)
            }
            Err(error) => {
                self.warn(format!("the map cannot be read: {error}"));
                None
            }
        }
    }

    fn capture_processes(&self, snapshot: &MapSnapshot) {
        for (key, value) in &snapshot.entries {
            key.iter().for_each(|key| self.capture_process_of(key));
            self.capture_process_of(value);
        }
    }

    /// Looks at the processes whose symbols a value names, while they live.
    fn capture_process_of(&self, value: &Value) {
        visit_user_symbols(value, &mut |address, pid| {
            self.parts.processes.lock().unwrap_or_else(PoisonError::into_inner).image(pid, &[address]);
        });
    }

    fn send_costs(&mut self) {
        if let Some(event) = self.costs.as_mut().and_then(Costs::changed) {
            self.send(Item::Event(event));
        }
    }

    fn send_losses(&mut self) {
        for event in self.counters.changed() {
            self.send(Item::Event(event));
        }
    }

    /// Processes that were gone before anybody looked, and of which no record remained.
    fn say_what_was_not_heard(&self) {
        let lost = self.parts.processes.lock().unwrap_or_else(PoisonError::into_inner).lost();
        if lost > 0 {
            self.warn(format!(
                "{lost} records about new processes were lost: user stacks of processes that lived shortly may lack names"
            ));
        }
    }

    fn warn(&self, message: String) {
        self.send(Item::Event(Event::Warning { message }));
    }

    pub fn is_stopped(&self) -> bool {
        self.parts.control.is_stopped()
    }

    /// The code of an `exit()` that was called meanwhile, which then ends nothing.
    pub fn take_exit_code(&mut self) -> Option<u8> {
        self.exit_code.take()
    }

    pub fn send(&self, item: Item) {
        if self.parts.items.send(item).is_err() {
            // The thread for the events failed; the engine says so.
            self.parts.control.stop();
        }
    }
}

/// Whether addresses of processes come in that will need names.
pub fn names_user_code(manifest: &Manifest) -> bool {
    fn is_user_code(ty: &Type) -> bool {
        matches!(ty, Type::UserSymbol | Type::Stack { space: StackSpace::User, .. })
            || matches!(ty, Type::Array { of, .. } if is_user_code(of))
            || ty.parts().into_iter().any(is_user_code)
    }
    types(manifest).any(is_user_code)
}
