//! `hardware`: counters of the processor.

use super::profile::parse_number;
use super::{Expander, ProbeKind, Support, has_wildcard, plain};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::kernel::{Feature, Kernel};
use crate::manifest::{AttachSpec, HardwareEvent, ProgramKind};

pub static HARDWARE: ProbeKind = ProbeKind {
    name: "hardware",
    aliases: &["h"],
    syntax: "hardware:EVENT[:COUNT]",
    doc: "Fires on every COUNT-th event that the processor counts, such as cache misses.",
    since: "4.9",
    mechanism: "a perf event on every processor",
    arguments: "registers, stacks",
    tested: &[
        "kernel/bad_input::a_probe_that_this_kernel_lacks_says_why",
        "vm/one_liners::without_a_performance_monitoring_unit_it_is_said_what_is_missing",
    ],
    example: "hardware:cache-misses:1000000",
    support: Support::Where(expand, reason),
};

fn reason(kernel: &dyn Kernel) -> Option<String> {
    let sentence = "hardware probes need a performance monitoring unit (PMU), which this machine does not offer: virtual \
                    machines often hide it (software:cpu-clock and profile sample by time instead)";
    (!kernel.has(Feature::HardwareEvents)).then(|| sentence.to_owned())
}

/// A hardware event: its names, and how many of them make the probe fire.
pub struct Event {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    event: HardwareEvent,
    default_count: u64,
}

const OFTEN: u64 = 1_000_000;
const SELDOM: u64 = 100_000;

/// Every hardware event, in the order of `PERF_COUNT_HW_*`.
pub static EVENTS: &[Event] = &[
    event("cpu-cycles", Some("cycles"), HardwareEvent::CpuCycles, OFTEN),
    event("instructions", None, HardwareEvent::Instructions, OFTEN),
    event("cache-references", None, HardwareEvent::CacheReferences, OFTEN),
    event("cache-misses", None, HardwareEvent::CacheMisses, OFTEN),
    event("branch-instructions", Some("branches"), HardwareEvent::BranchInstructions, SELDOM),
    event("branch-misses", None, HardwareEvent::BranchMisses, SELDOM),
    event("bus-cycles", None, HardwareEvent::BusCycles, SELDOM),
    event("frontend-stalls", None, HardwareEvent::FrontendStalls, OFTEN),
    event("backend-stalls", None, HardwareEvent::BackendStalls, OFTEN),
    event("ref-cycles", None, HardwareEvent::RefCycles, OFTEN),
];

const fn event(name: &'static str, alias: Option<&'static str>, event: HardwareEvent, default_count: u64) -> Event {
    Event { name, alias, event, default_count }
}

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let (name, count) = match parts {
        [name] => (name, ""),
        [name, count] => (name, count.as_str()),
        [] => return missing_name(expander),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if name.is_empty() {
        return missing_name(expander);
    }
    if has_wildcard(name) {
        return expander.malformed("hardware takes the name of one event, not a pattern");
    }
    let Some(event) = EVENTS.iter().find(|event| event.name == name || event.alias == Some(name)) else {
        let names = EVENTS.iter().flat_map(|event| event.alias.into_iter().chain([event.name]));
        let diagnostic =
            Diagnostic::error("no-such-probe", expander.span, format!("Hardware event not found: '{name}'"));
        let diagnostic = if is_raw(name) {
            diagnostic
                .with_help("Events by their code in the processor's manual are not counted, only those with a name")
                .with_help(known())
        } else {
            diagnostic.with_suggestion(name, names)
        };
        return expander.error(diagnostic);
    };
    let count = if count.is_empty() { Some(event.default_count) } else { parse_number(count) };
    let Some(count) = count.filter(|count| *count > 0) else {
        return expander.malformed("The count of a hardware event must be a number greater than zero");
    };
    let name = format!("hardware:{}", parts.join(":"));
    let spec = AttachSpec::Hardware { event: event.event, count, pids: expander.options.processes.pids.clone() };
    expander.push(plain(name, spec, ProgramKind::PerfEvent, Context::PerfEvent));
}

fn missing_name(expander: &mut Expander<'_>) {
    let diagnostic = Diagnostic::error("malformed-attach-point", expander.span, "The hardware event's name is missing");
    expander.error(diagnostic.with_help(known()));
}

/// A sentence with all names.
fn known() -> String {
    let names: Vec<&str> = EVENTS.iter().map(|event| event.name).collect();
    format!("Hardware events are {}", names.join(", "))
}

/// Whether it is an event as `perf` takes it by its code: `r01c0`.
fn is_raw(name: &str) -> bool {
    name.strip_prefix('r').is_some_and(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
