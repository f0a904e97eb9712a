//! What the programs of a run cost: how often each ran, how long that took.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tracedeck_compiler::manifest::{AttachSpec, Manifest, ProbeId};

use super::bpf::program::ProgramFd;
use super::bpf::stats;
use crate::session::event::{Event, ProgramCost};

/// Measures while it lives.
pub struct Costs {
    _measuring: OwnedFd,
    programs: Vec<(ProbeId, u32, OwnedFd)>,
    told: Vec<ProgramCost>,
}

impl Costs {
    /// Begins to measure the programs that are attached somewhere.
    pub fn measure(manifest: &Manifest, programs: &[ProgramFd]) -> io::Result<Self> {
        let measuring = stats::enable()?;
        let fires = |spec: &AttachSpec| !matches!(spec, AttachSpec::Begin | AttachSpec::End);
        let programs = manifest.programs.iter().zip(programs).filter_map(|(program, fd)| {
            let first = program.attach.iter().find(|point| fires(&point.spec))?;
            let probes = program.attach.iter().map(|point| point.spec.places()).sum();
            Some(fd.as_fd().try_clone_to_owned().map(|fd| (first.probe, probes, fd)))
        });
        let programs = programs.collect::<io::Result<_>>()?;
        Ok(Self { _measuring: measuring, programs, told: Vec::new() })
    }

    /// The totals so far, if they changed since they were last asked for.
    pub fn changed(&mut self) -> Option<Event> {
        let now = self.programs.iter().map(|(probe, probes, fd)| {
            let (hits, nanoseconds) = stats::of_program(fd).ok()?;
            Some(ProgramCost { probe: *probe, probes: *probes, hits, nanoseconds })
        });
        let now: Vec<ProgramCost> = now.collect::<Option<_>>()?;
        if now == self.told {
            return None;
        }
        self.told.clone_from(&now);
        Some(Event::Costs(now))
    }
}
