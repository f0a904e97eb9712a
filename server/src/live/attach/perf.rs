//! `software` events: a perf event on every processor.

use std::os::fd::AsFd;

use tracedeck_compiler::manifest::SoftwareEvent;

use super::super::bpf::{link, perf};
use super::{AttachError, Link, Place};

/// Fires after every `count` events, on every processor that is online.
pub fn attach(place: &Place<'_>, event: SoftwareEvent, count: u64) -> Result<Vec<Link>, AttachError> {
    attach_on(place, event, count.max(1), &place.machine.online_cpus)
}

/// One event on each of some processors.
pub fn attach_on(place: &Place<'_>, event: SoftwareEvent, period: u64, cpus: &[u32]) -> Result<Vec<Link>, AttachError> {
    let open = perf::PerfEvent::Software { config: event as u64, period };
    let mut links = Vec::with_capacity(cpus.len());
    for cpu in cpus {
        match perf::open(open, -1, *cpu as i32) {
            Ok(event) => links.push(tie(place, event)?),
            // A processor that went offline since the list was read.
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) && cpus.len() > 1 => {}
            Err(error) => return Err(AttachError::new(format!("opening a perf event on CPU {cpu}"), error)),
        }
    }
    Ok(links)
}

/// Ties the program to an open event.
pub fn tie(place: &Place<'_>, event: std::os::fd::OwnedFd) -> Result<Link, AttachError> {
    let link = link::perf_event(place.program, event.as_fd(), place.cookie)
        .map_err(|error| AttachError::new("linking the program to its perf event", error))?;
    Ok(Link::new(link, Some(event)))
}
