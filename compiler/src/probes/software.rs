//! `software`: events that the kernel itself counts.

use super::counters::{self, Event, event};
use super::{Expander, ProbeKind, Shown, Support, Tested};
use crate::manifest::{PerfCounter, SoftwareEvent};

pub static SOFTWARE: ProbeKind = ProbeKind {
    name: "software",
    aliases: &["s"],
    syntax: "software:EVENT[:COUNT]",
    doc: "Fires on every COUNT-th event that the kernel counts, such as page faults and context switches.",
    since: "4.9",
    mechanism: "a perf event on every processor",
    arguments: "registers, stacks",
    tested: Tested {
        count: Shown::By(&[
            "kernel/numbers::page_faults_are_counted_by_process",
            "kernel/threads::every_tenth_migration_fires",
        ]),
        values: Shown::By(&["kernel/kinds::page_faults_have_stacks_and_registers"]),
        wildcard: Shown::Not("an attach point of this type is one event"),
        predicate: Shown::By(&["kernel/kinds::page_faults_have_stacks_and_registers"]),
        stack: Shown::By(&["kernel/kinds::page_faults_have_stacks_and_registers"]),
        further: &["kernel/threads::software_events_are_counted_in_threads_that_start_later"],
    },
    example: "software:page-faults:100",
    support: Support::Yes(expand),
};

/// Every software event, in the order of `PERF_COUNT_SW_*`.
pub static EVENTS: &[Event] = &[
    software("cpu-clock", Some("cpu"), SoftwareEvent::CpuClock, 1_000_000),
    software("task-clock", None, SoftwareEvent::TaskClock, 1),
    software("page-faults", Some("faults"), SoftwareEvent::PageFaults, 100),
    software("context-switches", Some("cs"), SoftwareEvent::ContextSwitches, 1000),
    software("cpu-migrations", None, SoftwareEvent::CpuMigrations, 1),
    software("minor-faults", None, SoftwareEvent::MinorFaults, 100),
    software("major-faults", None, SoftwareEvent::MajorFaults, 1),
    software("alignment-faults", None, SoftwareEvent::AlignmentFaults, 1),
    software("emulation-faults", None, SoftwareEvent::EmulationFaults, 1),
    software("dummy", None, SoftwareEvent::Dummy, 1),
    software("bpf-output", None, SoftwareEvent::BpfOutput, 1),
];

const fn software(name: &'static str, alias: Option<&'static str>, software: SoftwareEvent, count: u64) -> Event {
    event(name, alias, PerfCounter::Software(software), count)
}

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    counters::expand(expander, parts, EVENTS, |_| None);
}
