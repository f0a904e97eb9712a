//! `uprobe`, `uretprobe` and `usdt`: one link for all places of a file, or, before Linux 6.6, a perf event for each place.

use std::ffi::CString;

use tracedeck_compiler::manifest::{ProgramKind, UprobeSpec};

use super::super::bpf::link::{self, UprobeMulti};
use super::super::bpf::perf::{self, PerfEvent};
use super::perf::tie;
use super::{AttachError, Link, Place};

/// Says the type number of perf's uprobe PMU.
const PMU_TYPE: &str = "/sys/bus/event_source/devices/uprobe/type";

pub fn attach(place: &Place<'_>, spec: &UprobeSpec) -> Result<Vec<Link>, AttachError> {
    let path = CString::new(spec.path.as_str())
        .map_err(|error| AttachError::new("the path of the file", std::io::Error::other(error)))?;
    if let ProgramKind::Kprobe { multi: true } = place.kind {
        let offsets: Vec<u64> = spec.places.iter().map(|place| place.file_offset).collect();
        let semaphores: Vec<u64> = spec.places.iter().map(|place| place.semaphore).collect();
        let cookies = vec![place.cookie; offsets.len()];
        let attach = |pid| {
            let places = UprobeMulti {
                path: &path,
                offsets: &offsets,
                cookies: &cookies,
                semaphores: if semaphores.iter().any(|offset| *offset != 0) { &semaphores } else { &[] },
                is_return: spec.is_return,
                pid,
            };
            let link = link::uprobe_multi(place.program, &places).map_err(|error| {
                AttachError::new(format!("probing {} places of {}", offsets.len(), spec.path), error)
            })?;
            Ok(Link::new(link, None))
        };
        return match spec.pids.as_slice() {
            [] => attach(0).map(|link| vec![link]),
            pids => pids.iter().map(|pid| attach(*pid)).collect(),
        };
    }
    let pmu = std::fs::read_to_string(PMU_TYPE)
        .and_then(|text| text.trim().parse().map_err(std::io::Error::other))
        .map_err(|error| AttachError::new("this kernel has no uprobes", error))?;
    // One event on one processor fires wherever the code runs; with a process, on all processors it runs on.
    let cpu = place.machine.online_cpus.first().copied().unwrap_or(0) as i32;
    let targets = match spec.pids.as_slice() {
        [] => vec![(-1, cpu)],
        pids => pids.iter().map(|pid| (*pid as i32, -1)).collect(),
    };
    let everywhere = spec.places.iter().flat_map(|at| targets.iter().map(move |target| (at, *target)));
    everywhere
        .map(|(at, (pid, cpu))| {
            let event = PerfEvent::Uprobe {
                pmu,
                path: &path,
                offset: at.file_offset,
                semaphore: at.semaphore,
                is_return: spec.is_return,
            };
            let event = perf::open(event, pid, cpu)
                .map_err(|error| AttachError::new(format!("probing {} in {}", at.symbol, spec.path), error))?;
            tie(place, event)
        })
        .collect()
}
