//! From an attach point of the manifest to links in the kernel. All points of a script are attached, or none.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use tracedeck_compiler::manifest::{AttachPoint, AttachSpec, Manifest, MissingProbes, ProgramKind};

use super::bpf::program::ProgramFd;
use super::failure::Failure;
use super::leave::Counted;
use super::load::Loaded;
use refused::Refused;

pub mod begin_end;
pub mod iterator;
mod kprobe;
mod kprobe_multi;
mod perf;
mod rawtracepoint;
mod refused;
mod search;
mod timer;
mod tracepoint;
mod trampoline;
mod uprobe;

/// Attaching reports how far it is when it takes longer than this, and each time as much has passed again.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Something attached; detached when dropped, which can take a tenth of a second.
#[derive(Debug)]
pub struct Link {
    link: OwnedFd,
    /// The perf event that the link uses, closed after it.
    _event: Option<OwnedFd>,
    _counted: Counted,
}

impl Link {
    pub fn new(link: OwnedFd, event: Option<OwnedFd>) -> Self {
        Self { link, _event: event, _counted: Counted::new() }
    }
}

/// Why one attach point was not attached.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {error}")]
pub struct AttachError {
    /// What failed: `opening the perf event`.
    pub doing: String,
    pub error: std::io::Error,
}

impl AttachError {
    pub fn new(doing: impl Into<String>, error: std::io::Error) -> Self {
        Self { doing: doing.into(), error }
    }
}

/// What of the machine attaching needs to know.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Numbers of the processors that are online.
    pub online_cpus: Vec<u32>,
    /// The `-c` command's process.
    pub child: Option<u32>,
    /// Processes whose children are traced, too, and those children that they have; empty unless `--follow`.
    pub followed: Vec<u32>,
}

/// One program at one attach point.
struct Place<'a> {
    program: &'a ProgramFd,
    kind: &'a ProgramKind,
    /// What `bpf_get_attach_cookie` returns: the number of the probe.
    cookie: u64,
    machine: &'a Machine,
}

/// What came of attaching.
#[derive(Debug, Default)]
pub struct Attached {
    /// Attach points that are attached, begin and end counted.
    pub probes: u32,
    /// For a person: probes that could not be attached where the script allows that.
    pub warnings: Vec<String>,
}

/// Attaches all programs: first those that the kernel runs in the order of attaching, in script order, then those at
/// functions in reverse, so that of several at one place the first in the script runs first, as bpftrace does it.
/// What is attached is in `links` even after a failure: whoever has it decides when to wait for its end.
pub fn attach_all(
    loaded: &Loaded,
    manifest: &Manifest,
    machine: &Machine,
    links: &mut Vec<Link>,
    mut progress: impl FnMut(u32, u32),
) -> Result<Attached, Failure> {
    let points = manifest
        .programs
        .iter()
        .zip(&loaded.programs)
        .flat_map(|(program, fd)| program.attach.iter().map(move |point| (program, fd, point)));
    let (mut forward, mut reverse): (Vec<_>, Vec<_>) = points.partition(|(.., point)| !is_reverse(&point.spec));
    forward.sort_by_key(|(.., point)| point.probe);
    reverse.sort_by_key(|(.., point)| std::cmp::Reverse(point.probe));
    let total = forward.len() + reverse.len();
    let mut attached = Attached::default();
    let mut told = Instant::now();
    let mut counted = HashSet::new();
    let mut refused = Refused::new(manifest);
    for (done, (program, fd, point)) in forward.into_iter().chain(reverse).enumerate() {
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            progress(done as u32, total as u32);
        }
        let place = Place { program: fd, kind: &program.kind, cookie: u64::from(point.probe.0), machine };
        match attach(&place, &point.spec) {
            Ok(tied) => {
                links.extend(tied.links);
                let left_out = tied.left_out.len() as u32;
                refused.note_attached(point.probe);
                if counted.insert(point.probe) {
                    attached.probes += point.spec.places().saturating_sub(left_out);
                }
                if left_out > 0 {
                    refused.leave_out(point.probe, tied.left_out);
                }
            }
            Err(error) => {
                let failure = explain(&error, point, manifest);
                match manifest.settings.missing_probes {
                    MissingProbes::Error if refused.can_do_without(point.probe, &error) => {
                        refused.fail(point.probe, &error, failure);
                    }
                    MissingProbes::Error => return Err(failure),
                    MissingProbes::Warn => attached.warnings.push(failure.message),
                    MissingProbes::Ignore => {}
                }
            }
        }
    }
    let refused = refused.finish()?;
    if manifest.settings.missing_probes != MissingProbes::Ignore {
        attached.warnings.extend(refused);
    }
    Ok(attached)
}

/// What became of an attach point.
struct Tied {
    links: Vec<Link>,
    /// For a person: functions of a pattern that the kernel does not let be probed.
    left_out: Vec<String>,
}

fn attach(place: &Place<'_>, spec: &AttachSpec) -> Result<Tied, AttachError> {
    if let (AttachSpec::Kprobe(spec), ProgramKind::KprobeMulti | ProgramKind::KprobeSession) = (spec, place.kind) {
        return kprobe_multi::attach(place, spec);
    }
    if let AttachSpec::Uprobe(spec) = spec {
        return uprobe::attach(place, spec);
    }
    Ok(Tied { links: links(place, spec)?, left_out: Vec::new() })
}

fn links(place: &Place<'_>, spec: &AttachSpec) -> Result<Vec<Link>, AttachError> {
    match spec {
        // Run by the engine.
        AttachSpec::Begin
        | AttachSpec::End
        | AttachSpec::Signal
        | AttachSpec::Test { .. }
        | AttachSpec::Bench { .. } => Ok(Vec::new()),
        AttachSpec::Interval { period } => timer::attach_interval(place, *period),
        AttachSpec::Profile { period, cpu } => timer::attach_profile(place, *period, *cpu),
        AttachSpec::Counter { counter, count, pids } => perf::attach_counter(place, *counter, *count, pids),
        AttachSpec::Watchpoint(spec) => perf::attach_watchpoint(place, spec),
        AttachSpec::Iterator(spec) => iterator::attach(place, spec),
        AttachSpec::Tracepoint { category, event } => tracepoint::attach(place, category, event),
        AttachSpec::Syscalls { is_exit, .. } => {
            rawtracepoint::attach(place, if *is_exit { "sys_exit" } else { "sys_enter" })
        }
        AttachSpec::RawTracepoint { name } => rawtracepoint::attach(place, name),
        AttachSpec::Uprobe(spec) => Ok(uprobe::attach(place, spec)?.links),
        AttachSpec::Kprobe(spec) => kprobe::attach(place, spec),
        AttachSpec::Trampoline => trampoline::attach(place),
    }
}

fn is_reverse(spec: &AttachSpec) -> bool {
    match spec {
        AttachSpec::Uprobe(_) | AttachSpec::Trampoline => true,
        AttachSpec::Kprobe(spec) => !spec.is_return,
        AttachSpec::Begin
        | AttachSpec::End
        | AttachSpec::Interval { .. }
        | AttachSpec::Profile { .. }
        | AttachSpec::Counter { .. }
        | AttachSpec::Watchpoint(_)
        | AttachSpec::Iterator(_)
        | AttachSpec::Signal
        | AttachSpec::Test { .. }
        | AttachSpec::Bench { .. }
        | AttachSpec::Tracepoint { .. }
        | AttachSpec::Syscalls { .. }
        | AttachSpec::RawTracepoint { .. } => false,
    }
}

fn explain(error: &AttachError, point: &AttachPoint, manifest: &Manifest) -> Failure {
    let probe = manifest.probes.get(point.probe.index());
    let (name, span) = probe.map_or(("a probe", Default::default()), |probe| (probe.name.as_str(), probe.span));
    Failure::new("not-attached", span, format!("{name} was not attached: {error}")).with_cause(&error.error)
}

impl Machine {
    /// Reads which processors are online.
    pub fn read(child: Option<u32>, followed: Vec<u32>) -> Self {
        let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
        let online_cpus = cpu_list(&online);
        Self { online_cpus: if online_cpus.is_empty() { vec![0] } else { online_cpus }, child, followed }
    }
}

/// A list as sysfs writes it: `0-3,8`.
fn cpu_list(text: &str) -> Vec<u32> {
    text.trim()
        .split(',')
        .filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(first.parse().ok()?..=last.parse().ok()?)
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::cpu_list;

    #[test]
    fn a_cpu_list_has_single_numbers_and_ranges() {
        assert_eq!(cpu_list("0-2,5,7-8\n"), [0, 1, 2, 5, 7, 8]);
        assert!(cpu_list("").is_empty());
    }
}
