//! `begin` and `end`: before anything is attached, and after everything is detached.

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested};
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind};
use crate::types::AddressSpace;

pub static BEGIN: ProbeKind = ProbeKind {
    name: "begin",
    aliases: &[],
    syntax: "begin",
    doc: "Runs once before the other probes are attached.",
    since: "5.10",
    mechanism: "a raw tracepoint program that the engine runs",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/end::begin_runs_before_and_end_behind_all_others_in_their_order"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("an attach point has no name that could match"),
        predicate: Shown::By(&["kernel/kinds::conditions_of_probes_that_run_by_themselves_are_tested"]),
        stack: Shown::Not("no event is behind it"),
        further: &[],
    },
    example: "begin",
    support: Support::Yes(|expander, parts| expand(expander, parts, AttachSpec::Begin)),
};

pub static END: ProbeKind = ProbeKind {
    name: "end",
    aliases: &[],
    syntax: "end",
    doc: "Runs once after the other probes are detached.",
    since: "5.10",
    mechanism: "a raw tracepoint program that the engine runs",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/end::begin_runs_before_and_end_behind_all_others_in_their_order"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("an attach point has no name that could match"),
        predicate: Shown::By(&["kernel/kinds::conditions_of_probes_that_run_by_themselves_are_tested"]),
        stack: Shown::Not("no event is behind it"),
        further: &[],
    },
    example: "end",
    support: Support::Yes(|expander, parts| expand(expander, parts, AttachSpec::End)),
};

fn expand(expander: &mut Expander<'_>, parts: &[String], spec: AttachSpec) {
    if !parts.is_empty() {
        expander.malformed(format!("{} takes no target", expander.kind.name));
        return;
    }
    expander.push(Expanded {
        name: expander.kind.name.to_owned(),
        names: Vec::new(),
        spec,
        program: ProgramKind::RawTracepoint,
        context: Context::None,
        data: Data::None,
        space: AddressSpace::Kernel,
        places: 1,
    });
}
