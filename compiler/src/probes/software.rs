//! `software`: events that the kernel itself counts.

use super::profile::parse_number;
use super::{Data, Expanded, Expander, ProbeKind, Support, has_wildcard};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind, SoftwareEvent};
use crate::types::AddressSpace;

pub static SOFTWARE: ProbeKind = ProbeKind {
    name: "software",
    aliases: &["s"],
    syntax: "software:EVENT[:COUNT]",
    doc: "Fires on every COUNT-th event that the kernel counts, such as page faults and context switches.",
    since: "4.9",
    mechanism: "a perf event on every processor",
    arguments: "registers, stacks",
    tested: &[
        "kernel/numbers::page_faults_are_counted_by_process",
        "kernel/threads::software_events_are_counted_in_threads_that_start_later",
        "kernel/threads::every_tenth_migration_fires",
    ],
    example: "software:page-faults:100",
    support: Support::Yes(expand),
};

/// A software event: its names, and how many of them make the probe fire.
pub struct Event {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    pub event: SoftwareEvent,
    pub default_count: u64,
}

/// Every software event, in the order of `PERF_COUNT_SW_*`.
pub static EVENTS: &[Event] = &[
    event("cpu-clock", Some("cpu"), SoftwareEvent::CpuClock, 1_000_000),
    event("task-clock", None, SoftwareEvent::TaskClock, 1),
    event("page-faults", Some("faults"), SoftwareEvent::PageFaults, 100),
    event("context-switches", Some("cs"), SoftwareEvent::ContextSwitches, 1000),
    event("cpu-migrations", None, SoftwareEvent::CpuMigrations, 1),
    event("minor-faults", None, SoftwareEvent::MinorFaults, 100),
    event("major-faults", None, SoftwareEvent::MajorFaults, 1),
    event("alignment-faults", None, SoftwareEvent::AlignmentFaults, 1),
    event("emulation-faults", None, SoftwareEvent::EmulationFaults, 1),
    event("dummy", None, SoftwareEvent::Dummy, 1),
    event("bpf-output", None, SoftwareEvent::BpfOutput, 1),
];

const fn event(name: &'static str, alias: Option<&'static str>, event: SoftwareEvent, default_count: u64) -> Event {
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
        return expander.malformed("software takes the name of one event, not a pattern");
    }
    let Some(event) = EVENTS.iter().find(|event| event.name == name || event.alias == Some(name)) else {
        let names = EVENTS.iter().flat_map(|event| event.alias.into_iter().chain([event.name]));
        let diagnostic =
            Diagnostic::error("no-such-probe", expander.span, format!("Software event not found: '{name}'"))
                .with_suggestion(name, names);
        return expander.error(diagnostic);
    };
    let count = if count.is_empty() { Some(event.default_count) } else { parse_number(count) };
    let Some(count) = count.filter(|count| *count > 0) else {
        return expander.malformed("The count of a software event must be a number greater than zero");
    };
    expander.push(Expanded {
        name: format!("software:{}", parts.join(":")),
        names: Vec::new(),
        spec: AttachSpec::Software { event: event.event, count, pids: expander.options.processes.pids.clone() },
        program: ProgramKind::PerfEvent,
        context: Context::PerfEvent,
        data: Data::None,
        space: AddressSpace::Kernel,
        places: 1,
    });
}

fn missing_name(expander: &mut Expander<'_>) {
    let diagnostic = Diagnostic::error("malformed-attach-point", expander.span, "The software event's name is missing");
    expander.error(diagnostic.with_help(known()));
}

/// A sentence with all names.
fn known() -> String {
    let names: Vec<&str> = EVENTS.iter().map(|event| event.name).collect();
    format!("Software events are {}", names.join(", "))
}
