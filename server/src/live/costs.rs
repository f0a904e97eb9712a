//! What the programs of a run cost: how often each ran, how long that took.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tracedeck_compiler::manifest::{AttachPoint, AttachSpec, Manifest, ProbeId, ProgramKind};

use super::bpf::program::ProgramFd;
use super::bpf::stats;
use crate::session::event::{Event, ProgramCost};

/// Measures while it lives.
pub struct Costs {
    _measuring: OwnedFd,
    programs: Vec<Measured>,
    told: Vec<ProgramCost>,
}

/// A program, or one end of a program that runs at both ends of functions.
struct Measured {
    probe: ProbeId,
    /// How many places it is attached to.
    places: u32,
    program: OwnedFd,
    /// Probes that the kernel counts as one: each has this part of the program's runs.
    sharing: u64,
}

impl Costs {
    /// Begins to measure the programs that are attached somewhere.
    pub fn measure(manifest: &Manifest, programs: &[ProgramFd]) -> io::Result<Self> {
        let measuring = stats::enable()?;
        let fires = |spec: &AttachSpec| !matches!(spec, AttachSpec::Begin | AttachSpec::End);
        let mut measured = Vec::new();
        for (program, fd) in manifest.programs.iter().zip(programs) {
            // The two points of a session are probes of their own.
            let is_session = program.kind == ProgramKind::KprobeSession;
            let groups: Vec<&[AttachPoint]> =
                if is_session { program.attach.chunks(1).collect() } else { vec![&program.attach] };
            for points in &groups {
                let Some(first) = points.iter().find(|point| fires(&point.spec)) else { continue };
                let places = points.iter().map(|point| point.spec.places()).sum();
                let program = fd.as_fd().try_clone_to_owned()?;
                measured.push(Measured { probe: first.probe, places, program, sharing: groups.len() as u64 });
            }
        }
        Ok(Self { _measuring: measuring, programs: measured, told: Vec::new() })
    }

    /// The totals so far, if they changed since they were last asked for.
    pub fn changed(&mut self) -> Option<Event> {
        let now = self.programs.iter().map(|Measured { probe, places, program, sharing }| {
            let (hits, nanoseconds) = stats::of_program(program).ok()?;
            Some(ProgramCost {
                probe: *probe,
                probes: *places,
                hits: hits / sharing,
                nanoseconds: nanoseconds / sharing,
            })
        });
        let now: Vec<ProgramCost> = now.collect::<Option<_>>()?;
        if now == self.told {
            return None;
        }
        self.told.clone_from(&now);
        Some(Event::Costs(now))
    }
}
