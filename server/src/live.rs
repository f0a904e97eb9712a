//! The engine: a script runs in this machine's kernel and becomes events.
//!
//! Two threads for each run: one compiles, loads, attaches and then empties the ring every few milliseconds
//! ([`run`]); one names addresses, formats text and sends events in order ([`emit`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use tracedeck_compiler::Compiled;
use tracedeck_compiler::kernel::Kernel;
use tracedeck_compiler::source::SourceFile;

use crate::compilation::{self, Outcome};
use crate::session::driver::{Driver, RunRequest, StopHandle};
use crate::session::event::Event;
use control::{Control, Handle};
use engine::Engine;
pub use engine::raise_open_files;
pub use failure::CODES as FAILURE_CODES;
pub use leave::{Detach, leave_links_to_a_child};
use ring_ahead::RingAhead;

mod attach;
pub mod bpf;
mod btf_id;
mod child;
mod clock;
mod control;
mod costs;
mod counters;
pub mod describe;
mod emit;
mod engine;
mod failure;
mod follow;
mod leave;
mod limits;
mod line_info;
mod load;
mod maps;
mod names;
mod object;
mod objects;
mod packets;
mod priority;
mod processes;
mod ring;
mod ring_ahead;
mod run;
mod symbolize;
mod system;
mod targets;
mod trials;
mod verifier;

/// Events that wait for a slow consumer; beyond that the ring fills up, and what it loses is counted.
const EVENTS: usize = 1024;
/// LLVM and the parser recurse; this is room for the deepest script that the limits allow.
const ENGINE_STACK: usize = 16 << 20;

/// Why no run was started. Mistakes in scripts and failures of the kernel are events of a run instead.
#[derive(Debug, thiserror::Error)]
#[error("the engine could not be started: {0}")]
pub struct StartError(#[from] std::io::Error);

/// A run in this process. Dropping it stops the run and does not wait for anything.
pub struct LiveDriver {
    events: Option<Receiver<Event>>,
    control: Arc<Control>,
}

impl LiveDriver {
    /// Compiles and runs a script in this process. Returns at once; all that happens, mistakes in the script included,
    /// are events.
    pub fn start(request: RunRequest, kernel: Arc<dyn Kernel>) -> Result<Self, StartError> {
        Self::start_with(request, None, Detach::Here, move |request| compilation::compile(request, kernel.as_ref()))
    }

    /// The same with another way to compile, a ring of that many bytes begun meanwhile, and another way to detach.
    pub fn start_with(
        request: RunRequest,
        ring: Option<u32>,
        detach: Detach,
        compile: impl FnOnce(&RunRequest) -> Outcome + Send + 'static,
    ) -> Result<Self, StartError> {
        let (sender, events) = sync_channel(EVENTS);
        let control = Control::new()?;
        let ring = ring.and_then(RingAhead::begin);
        let engine = Engine { request, control: control.clone(), events: sender, ring, detach };
        std::thread::Builder::new()
            .name("tracedeck".to_owned())
            .stack_size(ENGINE_STACK)
            .spawn(move || engine.run(compile))?;
        Ok(Self { events: Some(events), control })
    }
}

impl Driver for LiveDriver {
    fn events(&mut self) -> Option<Receiver<Event>> {
        self.events.take()
    }

    fn stop(&self) {
        self.control.stop();
    }

    fn handle(&self) -> Box<dyn StopHandle> {
        Box::new(Handle(self.control.clone()))
    }
}

impl Drop for LiveDriver {
    fn drop(&mut self) {
        self.control.stop();
    }
}

/// Whether this kernel takes a compiled script: creates its maps, loads its programs, drops all.
pub fn verify_load(compiled: &Compiled) -> Result<(), String> {
    let source = SourceFile::new("script", "");
    load::load(compiled, &source, compiled.manifest.globals.cpus, None)
        .map(drop)
        .map_err(|failure| std::iter::once(failure.message).chain(failure.help).collect::<Vec<_>>().join("\n"))
}
