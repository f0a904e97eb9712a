//! `tracepoint`: static events of the kernel, with named arguments.

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::kernel::{Feature, Kernel, syscalls};
use crate::manifest::{AttachSpec, ProgramKind};
use crate::types::AddressSpace;

pub static TRACEPOINT: ProbeKind = ProbeKind {
    name: "tracepoint",
    aliases: &["t"],
    syntax: "tracepoint:CATEGORY:EVENT",
    doc: "A static event of the kernel. Its arguments are read as `args.name`; `*` matches in both parts.",
    since: "4.7",
    mechanism: "a tracepoint program; one raw tracepoint program for system calls by wildcard",
    arguments: "`args.NAME`",
    tested: Tested {
        count: Shown::By(&["kernel/numbers::system_calls_are_counted_by_process"]),
        values: Shown::By(&["kernel/numbers::the_file_name_of_exec_is_printed"]),
        wildcard: Shown::By(&[
            "kernel/numbers::a_wildcard_counts_every_matching_call_once",
            "kernel/syscalls::every_entry_and_exit_has_its_own_name",
        ]),
        predicate: Shown::By(&["kernel/numbers::the_time_of_write_is_summed_by_process"]),
        stack: Shown::By(&["kernel/stacks::kernel_stacks_have_names"]),
        further: &[
            "vm/classic::system_calls_and_aggregations_are_the_same_everywhere",
            "vm/one_liners::programs_are_seen_as_they_start_and_how_that_went",
        ],
    },
    example: "tracepoint:syscalls:sys_enter_openat",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let [category, event] = parts else {
        if let [event] = parts
            && let Some((category, event)) = expander.kernel.tracepoints("*", event).first()
        {
            let message = "The tracepoint is not complete: both a category and an event are needed";
            let error = Diagnostic::error("malformed-attach-point", expander.span, message);
            expander.error(error.with_help(format!("Did you mean 'tracepoint:{category}:{event}'?")));
            return;
        }
        expander.malformed(match parts.len() {
            0 | 1 => "The tracepoint is not complete: both a category and an event are needed".to_owned(),
            _ => format!("tracepoint has more parts than expected: '{}'", parts[2..].join(":")),
        });
        return;
    };
    let matches = expander.kernel.tracepoints(category, event);
    if matches.is_empty() {
        let diagnostic = missing(expander, category, event);
        expander.missing(diagnostic);
        return;
    }
    let matches = if category == "syscalls" && expander.fits_all_syscalls {
        let (shared, rest) = share(matches, expander.kernel);
        shared.into_iter().for_each(|share| push_shared(expander, event, share));
        rest
    } else {
        matches
    };
    for (category, event) in matches {
        let format = expander.kernel.tracepoint_format(&category, &event);
        // The arguments of a system call are pointers of the process.
        let space = if category == "syscalls" { AddressSpace::User } else { AddressSpace::Kernel };
        expander.push(Expanded {
            name: format!("tracepoint:{category}:{event}"),
            names: Vec::new(),
            spec: AttachSpec::Tracepoint { category, event },
            program: ProgramKind::Tracepoint,
            context: Context::Tracepoint,
            data: Data::Tracepoint(format),
            space,
            places: 1,
        });
    }
}

/// From so many on, the tracepoints of system calls share one program. It runs for every system call; fewer are cheaper
/// with a link each.
const SHARED_FROM: usize = 4;

/// The entries or the exits of many system calls.
struct Share {
    is_exit: bool,
    /// Numbers and names of events.
    calls: Vec<(u32, String)>,
}

/// Takes those out of the matches that one program on the raw tracepoint can serve.
fn share(matches: Vec<(String, String)>, kernel: &dyn Kernel) -> (Vec<Share>, Vec<(String, String)>) {
    let (mut shares, mut rest) = (Vec::new(), matches);
    for (is_exit, prefix, raw) in [(false, "sys_enter_", "sys_enter"), (true, "sys_exit_", "sys_exit")] {
        if !kernel.has(Feature::Btf) || kernel.raw_tracepoints(raw).is_empty() {
            continue;
        }
        let number = |event: &str| event.strip_prefix(prefix).and_then(syscalls::number);
        let calls: Vec<(u32, String)> =
            rest.iter().filter_map(|(_, event)| Some((number(event)?, event.clone()))).collect();
        if calls.len() >= SHARED_FROM {
            rest.retain(|(_, event)| number(event).is_none());
            shares.push(Share { is_exit, calls });
        }
    }
    (shares, rest)
}

fn push_shared(expander: &mut Expander<'_>, pattern: &str, share: Share) {
    let Share { is_exit, calls } = share;
    // Their records agree in the fields that the body reads: the number, and the result of exits.
    let format = calls.first().and_then(|(_, event)| expander.kernel.tracepoint_format("syscalls", event));
    let raw = if is_exit { "sys_exit" } else { "sys_enter" };
    expander.push(Expanded {
        name: format!("tracepoint:syscalls:{pattern}"),
        names: calls.iter().map(|(_, event)| format!("tracepoint:syscalls:{event}")).collect(),
        places: calls.len(),
        spec: AttachSpec::Syscalls { is_exit, numbers: calls.into_iter().map(|(number, _)| number).collect() },
        program: ProgramKind::TracingRawTracepoint { name: raw.to_owned() },
        context: Context::Syscall { is_exit },
        data: Data::Tracepoint(format),
        space: AddressSpace::User,
    });
}

fn missing(expander: &Expander<'_>, category: &str, event: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "no-such-probe",
        expander.span,
        if has_wildcard(category) || has_wildcard(event) {
            format!("No tracepoint matches '{category}:{event}'")
        } else {
            format!("Tracepoint not found: '{category}:{event}'")
        },
    );
    let all = expander.kernel.tracepoints("*", "*");
    if all.is_empty() {
        return diagnostic.with_help("No tracepoints could be read: is tracefs mounted and readable?");
    }
    let in_category: Vec<&str> =
        all.iter().filter(|(name, _)| name == category).map(|(_, event)| event.as_str()).collect();
    let elsewhere: Vec<String> =
        all.iter().filter(|(_, name)| name == event).map(|(category, event)| format!("{category}:{event}")).collect();
    if let Some(found) = elsewhere.first() {
        return diagnostic.with_help(format!("Did you mean '{found}'?"));
    }
    if in_category.is_empty() {
        return diagnostic.with_suggestion(category, all.iter().map(|(category, _)| category.as_str()));
    }
    diagnostic.with_suggestion(event, in_category)
}
