//! `tracepoint`: static events of the kernel, with named arguments.

use super::{Data, Expanded, Expander, ProbeKind, Support, has_wildcard};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind};
use crate::types::AddressSpace;

pub static TRACEPOINT: ProbeKind = ProbeKind {
    name: "tracepoint",
    aliases: &["t"],
    syntax: "tracepoint:CATEGORY:EVENT",
    doc: "A static event of the kernel. Its arguments are read as `args.name`; `*` matches in both parts.",
    since: "4.7",
    example: "tracepoint:syscalls:sys_enter_openat",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let [category, event] = parts else {
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
    for (category, event) in matches {
        let format = expander.kernel.tracepoint_format(&category, &event);
        // The arguments of a system call are pointers of the process.
        let space = if category == "syscalls" { AddressSpace::User } else { AddressSpace::Kernel };
        expander.push(Expanded {
            name: format!("tracepoint:{category}:{event}"),
            spec: AttachSpec::Tracepoint { category, event },
            program: ProgramKind::Tracepoint,
            context: Context::Tracepoint,
            data: Data::Tracepoint(format),
            space,
            places: 1,
        });
    }
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
