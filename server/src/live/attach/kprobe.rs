//! `kprobe` and `kretprobe`: a perf event for each function.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;

use tracedeck_compiler::manifest::{KprobePlace, KprobeSpec};

use super::super::bpf::perf::{self, KprobeTarget, PerfEvent};
use super::perf::tie;
use super::{AttachError, Link, Place};
use crate::host::symbols::kallsyms::Kallsyms;

/// Says the type number of perf's kprobe PMU.
const PMU_TYPE: &str = "/sys/bus/event_source/devices/kprobe/type";

pub fn attach(place: &Place<'_>, spec: &KprobeSpec) -> Result<Vec<Link>, AttachError> {
    let pmu = std::fs::read_to_string(PMU_TYPE)
        .and_then(|text| text.trim().parse().map_err(io::Error::other))
        .map_err(|error| AttachError::new("this kernel has no kprobes", error))?;
    let open = |target: KprobeTarget<'_>| {
        // One event on one processor fires wherever the function runs.
        let cpu = place.machine.online_cpus.first().copied().unwrap_or(0) as i32;
        perf::open(PerfEvent::Kprobe { pmu, target, is_return: spec.is_return }, -1, cpu)
    };
    let mut links = Vec::with_capacity(spec.places.len());
    for at in &spec.places {
        let opened = match at {
            KprobePlace::Symbol { name, offset } => {
                let symbol = c_name(name)?;
                open(KprobeTarget::Symbol { name: &symbol, offset: *offset })
            }
            KprobePlace::Address(address) => open(KprobeTarget::Address(*address)),
        };
        match opened {
            Ok(event) => links.push(tie(place, event)?),
            Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => {
                let all = each_of_the_name(at, &Kallsyms::read().unwrap_or_default());
                let all: Vec<OwnedFd> = all.into_iter().filter_map(|it| open(KprobeTarget::Address(it)).ok()).collect();
                if all.is_empty() {
                    return Err(explain(at, error));
                }
                for event in all {
                    links.push(tie(place, event)?);
                }
            }
            Err(error) => return Err(explain(at, error)),
        }
    }
    Ok(links)
}

/// Addresses of the functions that share a name, which the kernel does not take.
fn each_of_the_name(at: &KprobePlace, symbols: &Kallsyms) -> Vec<u64> {
    let KprobePlace::Symbol { name, offset } = at else { return Vec::new() };
    let (module, bare) = name.split_once(':').map_or((None, name.as_str()), |(module, bare)| (Some(module), bare));
    symbols.addresses(module, bare).into_iter().map(|address| address + offset).collect()
}

pub fn c_name(name: &str) -> Result<CString, AttachError> {
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
        Some(libc::EADDRNOTAVAIL) => "several functions have this name, and none of them can be probed",
        Some(libc::EILSEQ) => "no instruction begins there",
        Some(libc::EINVAL) if is_inside => {
            "it cannot be probed: no instruction begins there, or the function must not be traced"
        }
        Some(libc::EINVAL) => "it cannot be probed: the function is marked as not to be traced, or has no place for it",
        _ => "probing",
    };
    AttachError::new(format!("{name}: {reason}"), error)
}
