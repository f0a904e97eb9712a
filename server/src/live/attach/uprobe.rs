//! `uprobe`, `uretprobe` and `usdt`: one link for all places of a file, or, before Linux 6.6, a perf event for each place.

use std::ffi::{CStr, CString};
use std::io;
use std::ops::Range;

use tracedeck_compiler::manifest::{ProgramKind, UprobeSpec};

use super::super::bpf::link::{self, UprobeMulti};
use super::super::bpf::perf::{self, PerfEvent};
use super::perf::tie;
use super::search::{Found, NOT_SUPPORTED, is_about_a_place};
use super::{AttachError, Link, Place, Tied};

/// Says the type number of perf's uprobe PMU.
const PMU_TYPE: &str = "/sys/bus/event_source/devices/uprobe/type";

pub fn attach(place: &Place<'_>, spec: &UprobeSpec) -> Result<Tied, AttachError> {
    let path = CString::new(spec.path.as_str())
        .map_err(|error| AttachError::new("the path of the file", io::Error::other(error)))?;
    let (links, refused) = match place.kind {
        ProgramKind::Kprobe { multi: true } => with_one_link(place, spec, &path)?,
        _ => one_by_one(place, spec, &path)?,
    };
    if links.is_empty() {
        let first = refused.into_iter().next().map_or_else(|| io::Error::from_raw_os_error(libc::EINVAL), |it| it.1);
        return Err(AttachError::new(format!("probing {}: {}", in_words(spec), reason(&first)), first));
    }
    let mut left_out: Vec<String> = Vec::new();
    for (number, error) in refused {
        let symbol = spec.places.get(number).map_or("", |place| place.symbol.as_str());
        left_out.push(format!("{symbol} ({})", reason(&error)));
    }
    Ok(Tied { links, left_out })
}

/// Places that the kernel does not take, by their numbers, with its reasons.
type Refused = Vec<(usize, io::Error)>;

fn with_one_link(place: &Place<'_>, spec: &UprobeSpec, path: &CStr) -> Result<(Vec<Link>, Refused), AttachError> {
    let offsets: Vec<u64> = spec.places.iter().map(|place| place.file_offset).collect();
    let semaphores: Vec<u64> = spec.places.iter().map(|place| place.semaphore).collect();
    let has_semaphores = semaphores.iter().any(|offset| *offset != 0);
    let cookies = vec![place.cookie; offsets.len()];
    let every_process = [0];
    let pids = if spec.pids.is_empty() { every_process.as_slice() } else { &spec.pids };
    let (mut links, mut refused) = (Vec::new(), Vec::new());
    for pid in pids {
        let mut tie = |some: Range<usize>| {
            let places = UprobeMulti {
                path,
                offsets: &offsets[some.clone()],
                cookies: &cookies[some.clone()],
                semaphores: if has_semaphores { &semaphores[some] } else { &[] },
                is_return: spec.is_return,
                pid: *pid,
            };
            link::uprobe_multi(place.program, &places)
        };
        let mut found = Found::default();
        let tied = found.among(0..offsets.len(), &mut tie);
        tied.map_err(|error| AttachError::new(format!("probing {}", in_words(spec)), error))?;
        links.extend(found.links.into_iter().map(|link| Link::new(link, None)));
        // A place is one for all processes.
        refused = found.refused;
    }
    Ok((links, refused))
}

fn one_by_one(place: &Place<'_>, spec: &UprobeSpec, path: &CStr) -> Result<(Vec<Link>, Refused), AttachError> {
    let pmu = std::fs::read_to_string(PMU_TYPE)
        .and_then(|text| text.trim().parse().map_err(io::Error::other))
        .map_err(|error| AttachError::new("this kernel has no uprobes", error))?;
    // One event on one processor fires wherever the code runs; with a process, on all processors it runs on.
    let cpu = place.machine.online_cpus.first().copied().unwrap_or(0) as i32;
    let targets = match spec.pids.as_slice() {
        [] => vec![(-1, cpu)],
        pids => pids.iter().map(|pid| (*pid as i32, -1)).collect(),
    };
    let (mut links, mut refused) = (Vec::new(), Vec::new());
    for (number, at) in spec.places.iter().enumerate() {
        for (pid, cpu) in &targets {
            let (offset, semaphore) = (at.file_offset, at.semaphore);
            let event = PerfEvent::Uprobe { pmu, path, offset, semaphore, is_return: spec.is_return };
            match perf::open(event, *pid, *cpu) {
                Ok(event) => links.push(tie(place, event)?),
                Err(error) if is_about_a_place(&error) => {
                    refused.push((number, error));
                    break;
                }
                Err(error) => return Err(AttachError::new(format!("probing {} in {}", at.symbol, spec.path), error)),
            }
        }
    }
    Ok((links, refused))
}

/// What is probed, for a person.
fn in_words(spec: &UprobeSpec) -> String {
    match spec.places.as_slice() {
        [place] => format!("{} in {}", place.symbol, spec.path),
        places => format!("{} places of {}", places.len(), spec.path),
    }
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(NOT_SUPPORTED) => "its first instruction cannot be probed".to_owned(),
        _ => error.to_string(),
    }
}
