//! `software`, `hardware` and `watchpoint`: a perf event on every processor, or for every thread of a process.

use std::os::fd::AsFd;

use tracedeck_compiler::manifest::{Access, PerfCounter, WatchpointSpec};

use super::super::bpf::perf::{Inherit, PerfEvent};
use super::super::bpf::{link, perf};
use super::{AttachError, Link, Place};

/// `HW_BREAKPOINT_W`, `_R`, `_X` of linux/hw_breakpoint.h.
const READ: u32 = 1;
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
/// From here on addresses belong to the kernel.
const KERNEL_HALF: u64 = 1 << 63;

/// Fires after every `count` events: on every processor that is online, or in some processes.
pub fn attach_counter(
    place: &Place<'_>,
    counter: PerfCounter,
    count: u64,
    pids: &[u32],
) -> Result<Vec<Link>, AttachError> {
    attach(place, PerfEvent::Counter { counter, period: count.max(1) }, pids)
}

/// Fires when memory is used: that of a process in each of its threads, that of the kernel on every processor.
pub fn attach_watchpoint(place: &Place<'_>, spec: &WatchpointSpec) -> Result<Vec<Link>, AttachError> {
    let access = match spec.access {
        Access::Write => WRITE,
        Access::ReadWrite => READ | WRITE,
        Access::Execute => EXECUTE,
    };
    let event = PerfEvent::Breakpoint { address: spec.address, length: u64::from(spec.length), access };
    let processes = match (spec.address < KERNEL_HALF, spec.pids.as_slice()) {
        (false, _) => return attach_on(place, event, &place.machine.online_cpus).map_err(explain_watchpoint),
        (true, []) => place.machine.child.as_slice(),
        (true, pids) => pids,
    };
    attach(place, event, processes).map_err(explain_watchpoint)
}

fn explain_watchpoint(error: AttachError) -> AttachError {
    match error.error.raw_os_error() {
        Some(libc::ENOSPC) => {
            AttachError::new("all of the processor's watchpoints are in use (x86 has four)", error.error)
        }
        _ => error,
    }
}

/// In each of some processes, and what they start where that is asked for; without any, on every processor.
fn attach(place: &Place<'_>, event: PerfEvent<'_>, pids: &[u32]) -> Result<Vec<Link>, AttachError> {
    let followed = &place.machine.followed;
    let (pids, inherit) =
        if followed.is_empty() { (pids, Inherit::Threads) } else { (followed.as_slice(), Inherit::Processes) };
    if pids.is_empty() {
        return attach_on(place, event, &place.machine.online_cpus);
    }
    let mut links = Vec::new();
    for pid in pids {
        match attach_to_process(place, event, *pid, inherit) {
            Ok(more) => links.extend(more),
            // Of several processes one may end meanwhile.
            Err(error) if error.error.raw_os_error() == Some(libc::ESRCH) && pids.len() > 1 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(links)
}

/// One event on each of some processors.
pub fn attach_on(place: &Place<'_>, event: PerfEvent<'_>, cpus: &[u32]) -> Result<Vec<Link>, AttachError> {
    let mut links = Vec::with_capacity(cpus.len());
    for cpu in cpus {
        match perf::open(event, -1, *cpu as i32) {
            Ok(event) => links.push(tie(place, event)?),
            // A processor that went offline since the list was read.
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) && cpus.len() > 1 => {}
            Err(error) => return Err(AttachError::new(format!("opening a perf event on CPU {cpu}"), error)),
        }
    }
    Ok(links)
}

/// One event in each thread of a process, which the threads that it starts inherit.
fn attach_to_process(
    place: &Place<'_>,
    event: PerfEvent<'_>,
    pid: u32,
    inherit: Inherit,
) -> Result<Vec<Link>, AttachError> {
    let mut links = Vec::new();
    // A thread that another one starts while this goes on is missed only where that other had not its event yet.
    for thread in threads(pid) {
        match perf::open_in_thread(event, thread, inherit) {
            Ok(event) => links.push(tie(place, event)?),
            // It ended since the list was read.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(AttachError::new(format!("opening a perf event in the thread {thread}"), error)),
        }
    }
    if links.is_empty() {
        let error = std::io::Error::from_raw_os_error(libc::ESRCH);
        return Err(AttachError::new(format!("the process {pid} has ended"), error));
    }
    Ok(links)
}

fn threads(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Ties the program to an open event.
pub fn tie(place: &Place<'_>, event: std::os::fd::OwnedFd) -> Result<Link, AttachError> {
    let link = link::perf_event(place.program, event.as_fd(), place.cookie)
        .map_err(|error| AttachError::new("linking the program to its perf event", error))?;
    Ok(Link::new(link, Some(event)))
}
