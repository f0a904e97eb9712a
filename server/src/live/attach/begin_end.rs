//! `begin`, `end` and `self`: raw tracepoint programs that the engine runs itself, in its own time.

use tracedeck_compiler::manifest::{AttachSpec, Manifest};

use super::super::bpf::program::{ProgramFd, run_once};
use super::super::failure::Failure;
use super::super::load::program_span;

/// Loaded programs in the order of the manifest.
pub type Programs = Vec<ProgramFd>;

/// Runs the `begin` programs in script order.
pub fn run_begin(programs: &Programs, manifest: &Manifest) -> Result<(), Failure> {
    run(programs, manifest, &AttachSpec::Begin)
}

/// Runs the `end` programs in script order. The stop flag does not mute them.
pub fn run_end(programs: &Programs, manifest: &Manifest) -> Result<(), Failure> {
    run(programs, manifest, &AttachSpec::End)
}

/// Runs the programs that wait for a signal to the tracer.
pub fn run_signal(programs: &Programs, manifest: &Manifest) -> Result<(), Failure> {
    run(programs, manifest, &AttachSpec::Signal)
}

fn run(programs: &Programs, manifest: &Manifest, which: &AttachSpec) -> Result<(), Failure> {
    let mut programs: Vec<_> = manifest
        .programs
        .iter()
        .zip(programs)
        .flat_map(|(program, fd)| program.attach.iter().map(move |point| (point, program, fd)))
        .filter(|(point, ..)| point.spec == *which)
        .collect();
    programs.sort_by_key(|(point, ..)| point.probe);
    for (_, program, fd) in programs {
        run_once(fd).map_err(|error| {
            let span = program_span(manifest, program);
            let name = match which {
                AttachSpec::Begin => "begin",
                AttachSpec::End => "end",
                _ => "self",
            };
            Failure::new("not-run", span, format!("the {name} probe could not be run: {error}")).with_cause(&error)
        })?;
    }
    Ok(())
}
