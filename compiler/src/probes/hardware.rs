//! `hardware`: counters of the processor.

use super::counters::{self, Event, event};
use super::{Expander, ProbeKind, Shown, Support, Tested};
use crate::kernel::{Feature, Kernel};
use crate::manifest::{HardwareEvent, PerfCounter};

pub static HARDWARE: ProbeKind = ProbeKind {
    name: "hardware",
    aliases: &["h"],
    syntax: "hardware:EVENT[:COUNT] or hardware:rCODE[:COUNT]",
    doc: "Fires on every COUNT-th event that the processor counts, such as cache misses, or any by its code in hex.",
    since: "4.9",
    mechanism: "a perf event on every processor",
    arguments: "registers, stacks",
    tested: Tested {
        count: Shown::Not("no machine of the tests has a performance monitoring unit"),
        values: Shown::Not("no machine of the tests has a performance monitoring unit"),
        wildcard: Shown::Not("an attach point of this type is one event"),
        predicate: Shown::Not("no machine of the tests has a performance monitoring unit"),
        stack: Shown::Not("no machine of the tests has a performance monitoring unit"),
        further: &[
            "kernel/bad_input::a_probe_that_this_kernel_lacks_says_why",
            "vm/one_liners::without_a_performance_monitoring_unit_it_is_said_what_is_missing",
        ],
    },
    example: "hardware:cache-misses:1000000",
    support: Support::Where(expand, reason),
};

fn reason(kernel: &dyn Kernel) -> Option<String> {
    let sentence = "hardware probes need a performance monitoring unit (PMU), which this machine does not offer: virtual \
                    machines often hide it (software:cpu-clock and profile sample by time instead)";
    (!kernel.has(Feature::HardwareEvents)).then(|| sentence.to_owned())
}

const OFTEN: u64 = 1_000_000;
const SELDOM: u64 = 100_000;

/// Every hardware event, in the order of `PERF_COUNT_HW_*`.
pub static EVENTS: &[Event] = &[
    hardware("cpu-cycles", Some("cycles"), HardwareEvent::CpuCycles, OFTEN),
    hardware("instructions", None, HardwareEvent::Instructions, OFTEN),
    hardware("cache-references", None, HardwareEvent::CacheReferences, OFTEN),
    hardware("cache-misses", None, HardwareEvent::CacheMisses, OFTEN),
    hardware("branch-instructions", Some("branches"), HardwareEvent::BranchInstructions, SELDOM),
    hardware("branch-misses", None, HardwareEvent::BranchMisses, SELDOM),
    hardware("bus-cycles", None, HardwareEvent::BusCycles, SELDOM),
    hardware("frontend-stalls", None, HardwareEvent::FrontendStalls, OFTEN),
    hardware("backend-stalls", None, HardwareEvent::BackendStalls, OFTEN),
    hardware("ref-cycles", None, HardwareEvent::RefCycles, OFTEN),
];

const fn hardware(name: &'static str, alias: Option<&'static str>, hardware: HardwareEvent, count: u64) -> Event {
    event(name, alias, PerfCounter::Hardware(hardware), count)
}

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    counters::expand(expander, parts, EVENTS, |name| Some((PerfCounter::Raw(code(name)?), OFTEN)));
}

/// An event by its code in the processor's manual, as `perf` takes it: `r01c0`.
fn code(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('r')?;
    // No sign, as from_str_radix would take it.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}
