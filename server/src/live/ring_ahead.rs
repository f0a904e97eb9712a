//! The ring, made while the script is being compiled and its other maps are created: 8 MB of zeros take the kernel two
//! milliseconds, a good part of a start.

use std::io;
use std::thread::JoinHandle;

use tracedeck_compiler::codegen::ring;
use tracedeck_compiler::manifest::KernelMap;

use super::bpf::map::Map;

/// A ring that will be there soon.
#[derive(Debug)]
pub struct RingAhead {
    bytes: u32,
    thread: JoinHandle<io::Result<Map>>,
}

impl RingAhead {
    /// Begins to make a ring of so many bytes. None where that would only take turns with all else.
    pub fn begin(bytes: u32) -> Option<Self> {
        if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
            return None;
        }
        let make = move || Map::create(&ring::map(bytes), 1);
        let thread = std::thread::Builder::new().name("tracedeck-ring".to_owned()).spawn(make).ok()?;
        Some(Self { bytes, thread })
    }

    /// The ring, if it is the one that is wanted after all.
    pub fn take(self, wanted: &KernelMap) -> Option<io::Result<Map>> {
        if *wanted != ring::map(self.bytes) {
            return None;
        }
        self.thread.join().ok()
    }
}
