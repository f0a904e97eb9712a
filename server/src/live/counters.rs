//! What the programs lost or had to leave undone, by cause: read from memory, told when it grew.

use std::sync::Arc;

use tracedeck_compiler::manifest::{CounterCause, Manifest};

use super::bpf::memory::Memory;
use crate::session::event::Event;

/// The per-CPU counters of a run.
pub struct Counters {
    manifest: Arc<Manifest>,
    globals: Arc<Memory>,
    /// Totals that were told last.
    told: Vec<u64>,
    /// Records that came in and were not handled.
    discarded: u64,
}

impl Counters {
    pub fn new(manifest: Arc<Manifest>, globals: Arc<Memory>) -> Self {
        let told = vec![0; manifest.counters.len()];
        Self { manifest, globals, told, discarded: 0 }
    }

    /// Counts a record that came in and will not be handled.
    pub fn discard(&mut self) {
        self.discarded += 1;
    }

    /// An event for each total that grew since the last call.
    pub fn changed(&mut self) -> Vec<Event> {
        let layout = &self.manifest.globals;
        let mut events = Vec::new();
        for (counter, told) in self.manifest.counters.iter().zip(&mut self.told) {
            let total = (0..layout.cpus)
                .map(|cpu| self.globals.load((layout.slot(cpu) + counter.offset) as usize))
                .fold(0, u64::wrapping_add)
                .wrapping_add(if counter.cause == CounterCause::RingFull { self.discarded } else { 0 });
            if total != *told {
                *told = total;
                let helper = counter.helper.as_ref().map(|helper| {
                    let results = (0..layout.cpus)
                        .map(|cpu| self.globals.load((layout.slot(cpu) + helper.result_offset) as usize) as i64);
                    // Processors on which it never failed have none.
                    (helper.name.clone(), results.into_iter().find(|result| *result != 0).unwrap_or(0))
                });
                events.push(Event::Lost {
                    cause: counter.cause.clone(),
                    span: counter.span,
                    expanded_from: counter.expanded_from.clone(),
                    total,
                    helper,
                });
            }
        }
        events
    }
}
