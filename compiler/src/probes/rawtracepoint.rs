//! `rawtracepoint`: the same events without their formatting, faster and with the kernel's own arguments.

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind};
use crate::types::AddressSpace;

pub static RAWTRACEPOINT: ProbeKind = ProbeKind {
    name: "rawtracepoint",
    aliases: &["rt"],
    syntax: "rawtracepoint:[MODULE:]EVENT",
    doc: "A static event of the kernel before its arguments are formatted. They are read as `args.name` or `arg0`.",
    since: "4.17",
    mechanism: "a raw tracepoint program",
    arguments: "`args.NAME`, `arg0` ...",
    tested: Tested {
        count: Shown::By(&["kernel/kinds::raw_tracepoints_count_calls_with_their_numbers_and_stacks"]),
        values: Shown::By(&[
            "kernel/kinds::raw_tracepoints_count_calls_with_their_numbers_and_stacks",
            "kernel/functions::cookies_of_sockets_are_those_that_the_process_sees",
        ]),
        wildcard: Shown::By(&["kernel/kinds::raw_tracepoints_are_matched_by_a_pattern"]),
        predicate: Shown::By(&["kernel/kinds::raw_tracepoints_count_calls_with_their_numbers_and_stacks"]),
        stack: Shown::By(&["kernel/kinds::raw_tracepoints_count_calls_with_their_numbers_and_stacks"]),
        further: &["vm/classic::system_calls_and_aggregations_are_the_same_everywhere"],
    },
    example: "rawtracepoint:sched_switch",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    // The module only tells equal names apart; the kernel attaches by name.
    let event = match parts {
        [event] | [_, event] => event,
        [] => return expander.malformed("The raw tracepoint's name is missing"),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    let matches = expander.kernel.raw_tracepoints(event);
    if matches.is_empty() {
        let names = expander.kernel.raw_tracepoints("*");
        let diagnostic =
            Diagnostic::error("no-such-probe", expander.span, format!("Raw tracepoint not found: '{event}'"))
                .with_suggestion(event, names.iter().map(String::as_str));
        expander.missing(diagnostic);
        return;
    }
    for name in matches {
        let arguments = expander.kernel.raw_tracepoint_arguments(&name);
        expander.push(Expanded {
            name: format!("rawtracepoint:{name}"),
            names: Vec::new(),
            spec: AttachSpec::RawTracepoint { name },
            program: ProgramKind::RawTracepoint,
            context: Context::RawArguments,
            data: Data::RawTracepoint(arguments),
            space: AddressSpace::Kernel,
            places: 1,
        });
    }
}
