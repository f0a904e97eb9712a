//! `kprobe` and `kretprobe`: one link for many functions where the kernel can, else a perf event for each.

use std::ffi::CString;
use std::io;

use tracedeck_compiler::manifest::{KprobePlace, KprobeSpec, ProgramKind};

use super::super::bpf::link::{self, KprobeMulti};
use super::super::bpf::perf::{self, KprobeTarget, PerfEvent};
use super::perf::tie;
use super::{AttachError, Link, Place};

/// Says the type number of perf's kprobe PMU.
const PMU_TYPE: &str = "/sys/bus/event_source/devices/kprobe/type";

pub fn attach(place: &Place<'_>, spec: &KprobeSpec) -> Result<Vec<Link>, AttachError> {
    if let ProgramKind::KprobeMulti = place.kind {
        return multi(place, spec);
    }
    let pmu = std::fs::read_to_string(PMU_TYPE)
        .and_then(|text| text.trim().parse().map_err(io::Error::other))
        .map_err(|error| AttachError::new("this kernel has no kprobes", error))?;
    // One event on one processor fires wherever the function runs.
    let cpu = place.machine.online_cpus.first().copied().unwrap_or(0) as i32;
    spec.places
        .iter()
        .map(|at| {
            let symbol;
            let target = match at {
                KprobePlace::Symbol { name, offset } => {
                    symbol = c_name(name)?;
                    KprobeTarget::Symbol { name: &symbol, offset: *offset }
                }
                KprobePlace::Address(address) => KprobeTarget::Address(*address),
            };
            let event = PerfEvent::Kprobe { pmu, target, is_return: spec.is_return };
            let event = perf::open(event, -1, cpu).map_err(|error| explain(at, error))?;
            tie(place, event)
        })
        .collect()
}

fn multi(place: &Place<'_>, spec: &KprobeSpec) -> Result<Vec<Link>, AttachError> {
    // The link finds functions of modules by their bare names.
    let bare = |at: &KprobePlace| match at {
        KprobePlace::Symbol { name, .. } => c_name(name.rsplit(':').next().unwrap_or(name)),
        KprobePlace::Address(address) => c_name(&format!("{address:#x}")),
    };
    let names = spec.places.iter().map(bare).collect::<Result<Vec<CString>, _>>()?;
    let cookies = vec![place.cookie; names.len()];
    let places = KprobeMulti { names: &names, cookies: &cookies, is_return: spec.is_return };
    let link = link::kprobe_multi(place.program, &places)
        .map_err(|error| AttachError::new(format!("probing {} functions", names.len()), error))?;
    Ok(vec![Link::new(link, None)])
}

fn c_name(name: &str) -> Result<CString, AttachError> {
    CString::new(name).map_err(|error| AttachError::new("the function's name", io::Error::other(error)))
}

/// What the kernel's answer means for a single function.
fn explain(at: &KprobePlace, error: io::Error) -> AttachError {
    let (name, is_inside) = match at {
        KprobePlace::Symbol { name, offset } => (name.clone(), *offset != 0),
        KprobePlace::Address(address) => (format!("{address:#x}"), true),
    };
    let reason = match error.raw_os_error() {
        Some(libc::ENOENT) => "the kernel has no such symbol: the function may be inlined into its callers",
        Some(libc::EADDRNOTAVAIL) => "several functions have this name; name the module, or use fentry",
        Some(libc::EILSEQ) => "no instruction begins there",
        Some(libc::EINVAL) if is_inside => {
            "it cannot be probed: no instruction begins there, or the function must not be traced"
        }
        Some(libc::EINVAL) => "it cannot be probed: the function is marked as not to be traced, or has no place for it",
        _ => "probing",
    };
    AttachError::new(format!("{name}: {reason}"), error)
}
