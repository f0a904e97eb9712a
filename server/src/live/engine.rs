//! A run from its script to its last event, on a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::manifest::{AttachSpec, GlobalsHeader, Manifest, Program, ProgramKind};
use tracedeck_compiler::options::Purpose;
use tracedeck_compiler::source::{SourceFile, Span};

use super::attach::iterator::{Walk, pin_path};
use super::attach::{self, Attached, Link, Machine, begin_end};
use super::child::{self, Child};
use super::clock;
use super::control::Control;
use super::emit::{Emitter, EmitterParts, ITEMS, Item};
use super::failure::{EXIT_COMPILE, EXIT_INTERNAL, EXIT_NOT_ATTACHED, Failure};
use super::follow;
use super::leave::Detach;
use super::limits;
use super::load::{self, Loaded};
use super::processes::{Processes, is_alive};
use super::ring_ahead::RingAhead;
use super::run::{Run, RunParts, names_user_code};
use super::targets::Targets;
use super::trials;
use crate::compilation::{Compilation, Outcome};
use crate::session::driver::RunRequest;
use crate::session::event::{EndReason, Event, MapShape, Output, RunDiagnostic, RunShape};

/// Programs that run when a run is stopped may be in the middle of their work on other processors for this long.
const IN_FLIGHT: Duration = Duration::from_millis(2);
/// More threads do not detach faster (measured: 4 s for 120 links with 16 threads, 9 s with one).
const DETACH_THREADS: usize = 16;

/// Everything that a run starts from.
pub struct Engine {
    pub request: RunRequest,
    pub control: Arc<Control>,
    pub events: SyncSender<Event>,
    /// What is likely to be the ring.
    pub ring: Option<RingAhead>,
    pub detach: Detach,
}

/// How a run that was set up ended.
struct End {
    reason: EndReason,
    exit_code: u8,
}

impl Engine {
    /// Compiles, runs and cleans up. The last event is sent before the links are detached, which may take seconds.
    pub fn run(mut self, compile: impl FnOnce(&RunRequest) -> Outcome) {
        let source = self.request.source_file();
        let Compilation { compiled, warnings } = match compile(&self.request) {
            Ok(compilation) => compilation,
            Err(errors) => {
                let message = errors.iter().find(|error| error.is_error()).map(|error| error.message.clone());
                let reason = EndReason::Failed { message: message.unwrap_or_else(|| "the script is wrong".to_owned()) };
                let is_ours = errors.iter().any(|error| error.code == "internal");
                errors.into_iter().for_each(|error| self.send(Event::Diagnostic(error)));
                self.send(Event::Ended { reason, exit_code: if is_ours { EXIT_INTERNAL } else { EXIT_COMPILE } });
                return;
            }
        };
        warnings.into_iter().for_each(|warning| self.send(Event::Diagnostic(warning)));
        let cpus = compiled.manifest.globals.cpus.max(1);
        if let Err(failure) = limits::check(&compiled.manifest, &self.request.options.limits, cpus) {
            self.fail(&failure, EXIT_COMPILE, &source);
            return;
        }
        if let Some(pid) = self.request.options.processes.pids.iter().find(|pid| !is_alive(**pid)) {
            let failure = Failure::new("no-such-process", Span::default(), format!("no process has the number {pid}"));
            self.fail(&failure, EXIT_COMPILE, &source);
            return;
        }
        if let Some(command) = &self.request.command
            && let Err(error) = child::parts(command)
        {
            self.fail(&not_started(command, &error), EXIT_COMPILE, &source);
            return;
        }
        raise_open_files();
        self.send(Event::Compiled(Arc::new(shape(&compiled.manifest))));
        let ring = self.ring.take();
        match load::load(&compiled, &source, cpus, ring) {
            Ok(loaded) => self.run_loaded(Arc::new(compiled.manifest), loaded, &source),
            Err(failure) => self.fail(&failure, EXIT_NOT_ATTACHED, &source),
        }
    }

    fn run_loaded(self, manifest: Arc<Manifest>, loaded: Loaded, source: &SourceFile) {
        self.control.set_globals(loaded.globals.clone());
        let (items, received) = crossbeam_channel::bounded(ITEMS);
        let mut processes = Processes::default();
        if names_user_code(&manifest) {
            // Before the first probe, so that nothing is missed.
            processes.listen(&Machine::read(None, Vec::new()).online_cpus);
        }
        let processes = Arc::new(Mutex::new(processes));
        let parts = EmitterParts {
            items: received,
            events: self.events.clone(),
            control: self.control.clone(),
            manifest: manifest.clone(),
            processes: processes.clone(),
            debug_directories: self.request.debug_directories.clone(),
        };
        let emitting =
            std::thread::Builder::new().name("tracedeck-emit".to_owned()).spawn(move || Emitter::new(parts).run());
        let emitting = match emitting {
            Ok(thread) => thread,
            Err(error) => {
                let failure = Failure::new("internal", Span::default(), format!("no thread for the events: {error}"));
                self.fail(&failure.with_cause(&error), EXIT_NOT_ATTACHED, source);
                return;
            }
        };
        let mut links = Vec::new();
        let end = self.attach_and_follow(&manifest, loaded, &items, processes, &mut links);
        let end = end.unwrap_or_else(|failure| {
            let _ = items.send(Item::Event(Event::Diagnostic(RunDiagnostic::new(&failure.diagnostic(), source))));
            let reason = EndReason::Failed { message: failure.message };
            End { reason, exit_code: EXIT_NOT_ATTACHED }
        });
        let _ = items.send(Item::Event(Event::Ended { reason: end.reason, exit_code: end.exit_code }));
        drop(items);
        if emitting.join().is_err() {
            let message = "the thread for the events failed, this is a mistake in tracedeck".to_owned();
            self.send(Event::Ended { reason: EndReason::Failed { message }, exit_code: EXIT_NOT_ATTACHED });
        }
        // The consumer's channel closes now, however long the detaching takes.
        let who = self.detach;
        drop(self);
        match who {
            Detach::Here => detach(links),
            // Open until the process is gone.
            Detach::AtExit => std::mem::forget(links),
        }
    }

    fn attach_and_follow(
        &self,
        manifest: &Arc<Manifest>,
        loaded: Loaded,
        items: &crossbeam_channel::Sender<Item>,
        processes: Arc<Mutex<Processes>>,
        links: &mut Vec<Link>,
    ) -> Result<End, Failure> {
        let child = self
            .request
            .command
            .as_deref()
            .map(Child::hold)
            .transpose()
            .map_err(|error| not_started(self.request.command.as_deref().unwrap_or_default(), &error))?;
        loaded.globals.store(GlobalsHeader::START_NS as usize, clock::boot_ns());
        loaded.globals.store_u32(GlobalsHeader::CHILD_PID as usize, child.as_ref().map_or(0, Child::pid));
        if manifest.globals.has_own_pids {
            follow::exclude_own(&loaded.globals, self.request.server, &self.request.source);
        }
        let filter = &self.request.options.processes;
        let child_pid = child.as_ref().map(Child::pid);
        let targets = follow::begin(&loaded, filter, child_pid, links)?;
        let is_dry = self.request.dry_run;
        if !is_dry {
            begin_end::run_begin(&loaded.programs, manifest)?;
        }
        let followed = if filter.follow { targets.clone() } else { Vec::new() };
        let attached = self.attach(manifest, &loaded, items, &Machine::read(child_pid, followed), links)?;
        // Whoever reads that the probes are attached may change at once what they are in.
        let places = Targets::new(manifest, &filter.pids);
        let _ = items.send(Item::Event(Event::Attached { probes: attached.probes }));
        if let Some(path) = pinned(manifest) {
            let text = format!("Program pinned to {}\n", path.display()).into_bytes();
            let _ = items.send(Item::Event(Event::Output(Output::plain(text))));
            return Ok(End { reason: EndReason::Finished, exit_code: 0 });
        }
        if is_dry {
            return Ok(End { reason: EndReason::Finished, exit_code: 0 });
        }
        let walk = self.walk(manifest, links)?;
        let parts = RunParts {
            manifest: manifest.clone(),
            request: &self.request,
            control: self.control.clone(),
            items: items.clone(),
            processes,
            child,
            targets,
            places,
            signal: wait_for_signal(manifest)?,
            walk,
        };
        let (mut run, programs) = Run::new(parts, loaded)?;
        let (reason, exit_code) = if self.request.options.purpose == Purpose::Trace {
            run.follow(&programs)
        } else {
            run.empty_ring();
            let reason =
                if trials::run(&mut run, &programs, manifest)? { EndReason::Finished } else { EndReason::Stopped };
            (reason, 0)
        };
        self.control.mute();
        std::thread::sleep(IN_FLIGHT);
        match reason {
            EndReason::Stopped => run.empty_ring_soon(),
            _ => run.empty_ring(),
        }
        begin_end::run_end(&programs, manifest)?;
        let late_exit = run.finish();
        Ok(End { reason, exit_code: late_exit.unwrap_or(exit_code) })
    }

    fn attach(
        &self,
        manifest: &Manifest,
        loaded: &Loaded,
        items: &crossbeam_channel::Sender<Item>,
        machine: &Machine,
        links: &mut Vec<Link>,
    ) -> Result<Attached, Failure> {
        let attached = attach::attach_all(loaded, manifest, machine, links, |done, total| {
            let _ = items.send(Item::Event(Event::Attaching { done, total }));
        })?;
        for message in &attached.warnings {
            let _ = items.send(Item::Event(Event::Warning { message: message.clone() }));
        }
        if attached.probes == 0 {
            return Err(Failure::new("not-attached", Span::default(), "none of the script's probes could be attached"));
        }
        Ok(attached)
    }

    /// Starts the walk of a script that is an iterator.
    fn walk(&self, manifest: &Manifest, links: &[Link]) -> Result<Option<Walk>, Failure> {
        let is_iterator = |program: &Program| matches!(program.kind, ProgramKind::Iterator { .. });
        let Some(link) = links.last().filter(|_| manifest.programs.iter().any(is_iterator)) else { return Ok(None) };
        Walk::start(link, self.control.wake().clone()).map(Some).map_err(|error| {
            Failure::new("not-run", Span::default(), format!("the iterator could not be started: {error}"))
                .with_cause(&error)
        })
    }

    fn fail(&self, failure: &Failure, exit_code: u8, source: &SourceFile) {
        self.diagnose(&failure.diagnostic(), source);
        self.send(Event::Ended { reason: EndReason::Failed { message: failure.message.clone() }, exit_code });
    }

    fn diagnose(&self, diagnostic: &Diagnostic, source: &SourceFile) {
        self.send(Event::Diagnostic(RunDiagnostic::new(diagnostic, source)));
    }

    fn send(&self, event: Event) {
        // Nobody listens any more: whoever dropped the driver has stopped the run.
        let _ = self.events.send(event);
    }
}

fn shape(manifest: &Manifest) -> RunShape {
    RunShape {
        probes: manifest.probes.clone(),
        maps: manifest
            .maps
            .iter()
            .map(|map| MapShape { name: map.name.clone(), key: map.key.clone(), value: map.value.clone() })
            .collect(),
        strings: manifest.strings.clone(),
        settings: manifest.settings.clone(),
    }
}

/// Where the script's iterator was left, if it asks for that.
fn pinned(manifest: &Manifest) -> Option<PathBuf> {
    manifest.programs.iter().flat_map(|program| &program.attach).find_map(|point| match &point.spec {
        AttachSpec::Iterator(spec) => spec.pin.as_deref().map(pin_path),
        _ => None,
    })
}

/// From now on SIGUSR1 is noted instead of ending the process, where the script waits for it.
fn wait_for_signal(manifest: &Manifest) -> Result<Option<Arc<AtomicBool>>, Failure> {
    let mut points = manifest.programs.iter().flat_map(|program| &program.attach);
    if !points.any(|point| point.spec == AttachSpec::Signal) {
        return Ok(None);
    }
    let came = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, came.clone()).map_err(|error| {
        Failure::new("not-attached", Span::default(), format!("the signal cannot be waited for: {error}"))
            .with_cause(&error)
    })?;
    Ok(Some(came))
}

fn not_started(command: &str, error: &io::Error) -> Failure {
    let message = format!("The command '{command}' was not started: {error}");
    Failure::new("command-not-started", Span::default(), message)
}

/// Whether a script ends by itself: it has nothing but `begin` and `end`.
pub fn is_finite(manifest: &Manifest) -> bool {
    manifest
        .programs
        .iter()
        .flat_map(|program| &program.attach)
        .all(|point| matches!(point.spec, AttachSpec::Begin | AttachSpec::End))
}

/// Every link takes one or two descriptors.
pub fn raise_open_files() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Without it, a script with many probes says which limit it met.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Drops the links. The kernel takes up to a tenth of a second for each, but works on several at once.
fn detach(mut links: Vec<Link>) {
    let share = links.len().div_ceil(DETACH_THREADS).max(1);
    std::thread::scope(|scope| {
        while links.len() > share {
            let some = links.split_off(links.len() - share);
            scope.spawn(move || drop(some));
        }
        drop(links);
    });
}
