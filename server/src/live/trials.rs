//! Tests and benchmarks of a script: each program run here and now, its output told apart from that of the others.

use std::time::Instant;

use tracedeck_compiler::manifest::{AttachPoint, AttachSpec, Manifest, ProbeId, Program};

use super::attach::begin_end::Programs;
use super::bpf::program::{ProgramFd, run_once, run_repeatedly};
use super::emit::Item;
use super::failure::Failure;
use super::load::program_span;
use super::run::Run;
use crate::session::event::{Event, Trial};

/// A benchmark runs as often as it takes to fill this time.
const LONG_ENOUGH_NS: u64 = 1_000_000;
/// More repetitions than anything needs.
const MOST_REPETITIONS: u32 = 100_000_000;

/// Runs every test and benchmark that was compiled, in script order, until one stops the run; whether all went through.
pub fn run(run: &mut Run<'_>, programs: &Programs, manifest: &Manifest) -> Result<bool, Failure> {
    let mut trials: Vec<(&AttachPoint, &Program, &ProgramFd)> = manifest
        .programs
        .iter()
        .zip(programs)
        .flat_map(|(program, fd)| program.attach.iter().map(move |point| (point, program, fd)))
        .filter(|(point, ..)| matches!(point.spec, AttachSpec::Test { .. } | AttachSpec::Bench { .. }))
        .collect();
    trials.sort_by_key(|(point, ..)| point.probe);
    for (point, program, fd) in trials {
        if run.is_stopped() {
            return Ok(false);
        }
        let failed = |error: std::io::Error| {
            let name = name_of(manifest, point.probe);
            let failure =
                Failure::new("not-run", program_span(manifest, program), format!("{name} could not be run: {error}"));
            failure.with_cause(&error)
        };
        let trial = match &point.spec {
            AttachSpec::Test { name } => {
                run.send(Item::Event(Event::Trial(Trial::Started { name: name.clone() })));
                let started = Instant::now();
                let returned = run_once(fd).map_err(failed)?;
                let duration_ns = started.elapsed().as_nanos() as u64;
                run.empty_ring();
                let exit_code = run.take_exit_code().unwrap_or(0);
                Trial::Tested { name: name.clone(), duration_ns, returned, exit_code }
            }
            AttachSpec::Bench { name } => {
                run.send(Item::Event(Event::Trial(Trial::Started { name: name.clone() })));
                let (average_ns, iterations, returned) = measure(fd, run).map_err(failed)?;
                run.empty_ring();
                run.take_exit_code();
                Trial::Measured { name: name.clone(), average_ns, iterations, returned }
            }
            _ => continue,
        };
        run.send(Item::Event(Event::Trial(trial)));
    }
    Ok(true)
}

/// The time of one run in the mean, over how many runs, and what the last returned.
fn measure(program: &ProgramFd, run: &mut Run<'_>) -> std::io::Result<(u64, u64, u32)> {
    let mut repetitions = 1;
    loop {
        let (returned, average_ns) = run_repeatedly(program, repetitions)?;
        run.empty_ring();
        let total = u64::from(average_ns) * u64::from(repetitions);
        if returned != 0 || total >= LONG_ENOUGH_NS || repetitions >= MOST_REPETITIONS || run.is_stopped() {
            return Ok((u64::from(average_ns), u64::from(repetitions), returned));
        }
        repetitions *= 10;
    }
}

fn name_of(manifest: &Manifest, probe: ProbeId) -> &str {
    manifest.probes.get(probe.index()).map_or("a trial", |probe| probe.name.as_str())
}
