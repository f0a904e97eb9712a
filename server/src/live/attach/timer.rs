//! `interval` and `profile`: perf's CPU clock, on one processor or on each.

use tracedeck_compiler::manifest::{PerfCounter, Period, SoftwareEvent};

use super::super::bpf::perf::PerfEvent;
use super::{AttachError, Link, Place, perf};

const NANOSECONDS: u64 = 1_000_000_000;

/// Fires on one processor.
pub fn attach_interval(place: &Place<'_>, period: Period) -> Result<Vec<Link>, AttachError> {
    let cpus = place.machine.online_cpus.get(..1).unwrap_or(&[]);
    perf::attach_on(place, clock(period), cpus)
}

/// Fires on every processor that is online, or on one.
pub fn attach_profile(place: &Place<'_>, period: Period, cpu: Option<u32>) -> Result<Vec<Link>, AttachError> {
    match cpu {
        Some(cpu) => perf::attach_on(place, clock(period), &[cpu]),
        None => perf::attach_on(place, clock(period), &place.machine.online_cpus),
    }
}

fn clock(period: Period) -> PerfEvent<'static> {
    PerfEvent::Counter { counter: PerfCounter::Software(SoftwareEvent::CpuClock), period: nanoseconds(period) }
}

/// The kernel turns a frequency of the CPU clock into a period once and for all; doing it here spares the limit that
/// `perf_event_max_sample_rate` puts on frequencies, which drops by itself on a busy machine.
fn nanoseconds(period: Period) -> u64 {
    match period {
        Period::Hertz(hertz) => NANOSECONDS / hertz.max(1),
        Period::Nanoseconds(nanoseconds) => nanoseconds,
    }
    .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequency_becomes_a_period_and_zero_is_no_period() {
        assert_eq!(nanoseconds(Period::Hertz(99)), 10_101_010);
        assert_eq!(nanoseconds(Period::Hertz(0)), 1_000_000_000);
        assert_eq!(nanoseconds(Period::Nanoseconds(0)), 1);
    }
}
