//! How a run is stopped from outside: programs are muted at once, the engine does the rest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use nix::sys::eventfd::{EfdFlags, EventFd};
use tracedeck_compiler::manifest::GlobalsHeader;

use super::bpf::memory::Memory;
use crate::session::driver::StopHandle;

/// Shared by the engine's thread and everyone who may stop it.
#[derive(Debug)]
pub struct Control {
    stop: AtomicBool,
    globals: OnceLock<Arc<Memory>>,
    /// Ends the engine's wait for the next tick.
    wake: Arc<EventFd>,
}

impl Control {
    pub fn new() -> std::io::Result<Arc<Self>> {
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        Ok(Arc::new(Self { stop: AtomicBool::new(false), globals: OnceLock::new(), wake }))
    }

    /// From here on a stop mutes the programs that use these globals.
    pub fn set_globals(&self, globals: Arc<Memory>) {
        let _ = self.globals.set(globals);
        if self.is_stopped() {
            self.mute();
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub fn wake(&self) -> &Arc<EventFd> {
        &self.wake
    }

    /// Every program but `end` returns at its first instructions from now on.
    pub fn mute(&self) {
        if let Some(globals) = self.globals.get() {
            globals.store_u32(GlobalsHeader::STOPPED as usize, 1);
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.mute();
        // Fails only when the counter is full, and then the engine is awake.
        let _ = self.wake.write(1);
    }
}

/// Keeps no run alive.
pub struct Handle(pub Arc<Control>);

impl StopHandle for Handle {
    fn stop(&self) {
        self.0.stop();
    }
}
