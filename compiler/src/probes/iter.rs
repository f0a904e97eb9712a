//! `iter`: walks over objects of the kernel, once.

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, IteratorSpec, ProgramKind};
use crate::types::AddressSpace;

pub static ITER: ProbeKind = ProbeKind {
    name: "iter",
    aliases: &["it"],
    syntax: "iter:OBJECT[:PIN]",
    doc: "Visits every object of a kind, such as every task, once. The object is a field of `ctx`: `ctx.task`, \
          `ctx.file`, `ctx.vma`. An iterator is the only probe of its script. With a name behind it, the walk is left \
          in the BPF file system instead, and happens whenever that file is read.",
    since: "5.8",
    mechanism: "an iterator program, read through its link",
    arguments: "`ctx.NAME`",
    tested: Tested {
        count: Shown::By(&["kernel/iterators::every_task_is_visited_once_and_the_run_ends"]),
        values: Shown::By(&["kernel/iterators::the_files_of_one_process_are_visited"]),
        wildcard: Shown::Not("an attach point of this type is one kind of objects"),
        predicate: Shown::By(&["kernel/iterators::every_task_is_visited_once_and_the_run_ends"]),
        stack: Shown::Not("what runs there is the reader"),
        further: &["kernel/iterators::an_iterator_left_behind_writes_to_whoever_reads_it"],
    },
    example: "iter:task",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let (name, pin) = match parts {
        [name] => (name, None),
        [name, pin] if !pin.is_empty() => (name, Some(pin.clone())),
        [_, _] => return expander.malformed("The name to leave the iterator at is missing"),
        [] => return expander.malformed("The kind of objects is missing"),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if has_wildcard(name) {
        return expander.malformed("iter takes the name of one kind of objects, not a pattern");
    }
    if expander.kernel.iterators(name).is_empty() {
        let names = expander.kernel.iterators("*");
        let diagnostic = Diagnostic::error("no-such-probe", expander.span, format!("Iterator not found: '{name}'"));
        let diagnostic = match names.is_empty() {
            true => {
                diagnostic.with_help("Iterators are found in the kernel's type information (BTF), which is missing")
            }
            false => diagnostic.with_suggestion(name, names.iter().map(String::as_str)),
        };
        return expander.missing(diagnostic);
    }
    let processes = &expander.options.processes;
    if processes.pids.len() > 1 || processes.follow || processes.cgroup.is_some() {
        let message = "An iterator visits the objects of one process (-p PID) or of all";
        let help = "Filter by the object: iter:task /ctx.task.tgid == 1/ { ... }";
        return expander.error(Diagnostic::error("iterator-processes", expander.span, message).with_help(help));
    }
    let pid = processes.first();
    expander.push(Expanded {
        name: format!("iter:{}", parts.join(":")),
        names: Vec::new(),
        spec: AttachSpec::Iterator(IteratorSpec { pin, pid }),
        program: ProgramKind::Iterator { name: name.clone() },
        context: Context::Iterator,
        data: Data::Iterator(format!("struct bpf_iter__{name}")),
        space: AddressSpace::Kernel,
        places: 1,
    });
}
