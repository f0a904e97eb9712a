//! `tracepoint`: a perf event by the number that tracefs gives the tracepoint.

use std::io;

use super::super::bpf::perf::{self, PerfEvent};
use super::perf::tie;
use super::{AttachError, Link, Place};

/// Where tracefs may be mounted.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

pub fn attach(place: &Place<'_>, category: &str, event: &str) -> Result<Vec<Link>, AttachError> {
    let id = id(category, event).map_err(|error| AttachError::new("looking up the tracepoint in tracefs", error))?;
    // An event on one processor fires for all: the perf side of tracepoints calls the program wherever it was hit.
    let cpu = place.machine.online_cpus.first().copied().unwrap_or(0);
    let event = perf::open(PerfEvent::Tracepoint { id }, -1, cpu as i32)
        .map_err(|error| AttachError::new("opening the tracepoint's perf event", error))?;
    Ok(vec![tie(place, event)?])
}

fn id(category: &str, event: &str) -> io::Result<u64> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for root in TRACEFS {
        match std::fs::read_to_string(format!("{root}/events/{category}/{event}/id")) {
            Ok(text) => return text.trim().parse().map_err(io::Error::other),
            Err(error) => last = error,
        }
    }
    Err(last)
}
