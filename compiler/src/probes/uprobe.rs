//! `uprobe` and `uretprobe`: functions of programs and libraries, when they are entered and when they return.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::kernel::{Feature, FunctionType};
use crate::manifest::{AttachSpec, ProgramKind, UprobePlace, UprobeSpec};
use crate::types::AddressSpace;

pub mod demangle;
mod instructions;
mod places;
mod source;

pub static UPROBE: ProbeKind = ProbeKind {
    name: "uprobe",
    aliases: &["u"],
    syntax: "uprobe:BINARY:FUNCTION[+OFFSET], uprobe:BINARY:cpp:\"NAME\", uprobe:BINARY@FILE:LINE[:COLUMN] or uprobe:BINARY:0xADDRESS",
    doc: "A function of a program or library is entered. Arguments are `arg0`, `arg1`, ..., and by name `args.NAME` where \
          the file has debug information.",
    since: "4.3",
    mechanism: "a uprobe, or one multi link for many (6.6)",
    arguments: "`arg0` ..., `args.NAME` with debug information, registers",
    tested: Tested {
        count: Shown::By(&[
            "kernel/uprobes::conditions_and_stacks_of_calls_and_returns",
            "kernel/uprobes::an_entry_offset_is_the_function_itself",
        ]),
        values: Shown::By(&["kernel/source_names::arguments_have_names_and_types"]),
        wildcard: Shown::By(&["kernel/uprobes::a_wildcard_attaches_to_every_function_with_one_link"]),
        predicate: Shown::By(&["kernel/uprobes::arguments_and_strings_of_a_function_are_read"]),
        stack: Shown::By(&["kernel/uprobes::conditions_and_stacks_of_calls_and_returns"]),
        further: &[
            "kernel/source_names::lines_of_the_source_are_probed",
            "kernel/uprobes::a_function_that_cannot_be_probed_is_left_out_of_a_pattern",
        ],
    },
    example: "uprobe:/bin/bash:readline",
    support: Support::Yes(|expander, parts| expand(expander, parts, false)),
};

pub static URETPROBE: ProbeKind = ProbeKind {
    name: "uretprobe",
    aliases: &["ur"],
    syntax: "uretprobe:BINARY:FUNCTION or uretprobe:BINARY:cpp:\"NAME\"",
    doc: "A function of a program or library returns. What it returned is `retval`.",
    since: "4.3",
    mechanism: "a uprobe at the return, or one multi link for many (6.6)",
    arguments: "`retval`, integers of their own size with debug information",
    tested: Tested {
        count: Shown::By(&["kernel/uprobes::return_values_are_read"]),
        values: Shown::By(&[
            "kernel/uprobes::return_values_are_read",
            "kernel/source_names::overloads_are_counted_together_and_apart",
        ]),
        wildcard: Shown::By(&["kernel/uprobes::conditions_and_stacks_of_calls_and_returns"]),
        predicate: Shown::By(&["kernel/uprobes::conditions_and_stacks_of_calls_and_returns"]),
        stack: Shown::By(&["kernel/uprobes::conditions_and_stacks_of_calls_and_returns"]),
        further: &[],
    },
    example: "uretprobe:/bin/bash:readline",
    support: Support::Yes(|expander, parts| expand(expander, parts, true)),
};

/// Where in a function probes are.
#[derive(Clone)]
enum Where {
    /// What the function takes, where that is known.
    Entry(Option<Arc<FunctionType>>),
    Inside,
    Return(Option<Arc<FunctionType>>),
}

/// How an attach point names functions of a file.
enum Target<'p> {
    Symbol(&'p str),
    /// By the name in the source.
    Demangled(&'p str),
}

fn expand(expander: &mut Expander<'_>, parts: &[String], is_return: bool) {
    if let Some(location) = source::location(parts) {
        if location.binary.is_empty() || location.file.is_empty() || location.numbers.is_empty() {
            return expander.malformed("A binary, a source file and a line are needed");
        }
        for path in files(expander, location.binary) {
            source::expand(expander, &path, &location, is_return);
        }
        return;
    }
    let (binary, target) = match parts {
        [binary, target] => (binary, Target::Symbol(target)),
        [binary, language, target] if language == "cpp" => (binary, Target::Demangled(target)),
        [binary, language, rest @ ..] if language == "cpp" && rest.iter().any(|part| !part.is_empty()) => {
            let name = rest.join(":");
            return expander.malformed(format!("A name of C++ has colons of its own: write cpp:\"{name}\", in quotes"));
        }
        [_] | [] => return expander.malformed("Both a binary and a function are needed"),
        [_, rest @ ..] if rest.iter().any(String::is_empty) => {
            let name = rest.join(":");
            return expander.malformed(format!("A name of C++ goes in quotes behind the word cpp: cpp:\"{name}\""));
        }
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    let (Target::Symbol(text) | Target::Demangled(text)) = target;
    if binary.is_empty() || text.is_empty() {
        return expander.malformed("Both a binary and a function are needed");
    }
    if binary == "*" && expander.options.processes.first().is_none() {
        return expander.malformed("'*' for the binary stands for the files of one process: name it with -p PID");
    }
    let paths = files(expander, binary);
    let quiet = has_wildcard(binary);
    let before = expander.expanded.len();
    for path in &paths {
        functions(expander, path, &target, is_return, quiet);
    }
    if quiet && !paths.is_empty() && expander.expanded.len() == before {
        let message = format!("No function of the {} files of '{binary}' matches '{text}'", paths.len());
        expander.missing(Diagnostic::error("no-such-probe", expander.span, message));
    }
}

/// The files that a name stands for; that there are none is reported.
fn files(expander: &mut Expander<'_>, binary: &str) -> Vec<PathBuf> {
    let pid = expander.options.processes.first();
    let found = if has_wildcard(binary) {
        expander.kernel.binaries(binary, pid)
    } else {
        expander.kernel.binary(binary, pid).map(|path| vec![path])
    };
    found.unwrap_or_else(|error| {
        let diagnostic = Diagnostic::error("no-such-binary", expander.span, error.to_string());
        expander.missing(diagnostic);
        Vec::new()
    })
}

/// Attaches to the functions of one file that a target stands for.
fn functions(expander: &mut Expander<'_>, path: &Path, target: &Target<'_>, is_return: bool, quiet: bool) {
    let found = match target {
        Target::Symbol(target) => places::find(expander, path, target, is_return, quiet),
        Target::Demangled(pattern) => places::find_demangled(expander, path, pattern, quiet),
    };
    let Some(found) = found else { return };
    let path = path.to_string_lossy().into_owned();
    let name = |target: &str| format!("{}:{path}:{target}", expander.kind.name);
    let whole = match target {
        Target::Symbol(target) => name(target),
        Target::Demangled(pattern) => name(&format!("cpp:\"{pattern}\"")),
    };
    if expander.split {
        let named: Vec<_> = found.into_iter().map(|it| (name(&it.target), it)).collect();
        for (name, it) in named {
            let at = where_in(expander, &path, std::slice::from_ref(&it), is_return);
            push(expander, name, &path, vec![it.place()], at);
        }
    } else {
        let at = where_in(expander, &path, &found, is_return);
        push(expander, whole, &path, found.into_iter().map(places::Found::place).collect(), at);
    }
}

fn push(expander: &mut Expander<'_>, name: String, path: &str, places: Vec<UprobePlace>, at: Where) {
    let count = places.len();
    let pids = expander.options.processes.for_uprobes();
    let is_return = matches!(at, Where::Return(_));
    expander.push(Expanded {
        name,
        names: Vec::new(),
        program: ProgramKind::Kprobe { multi: count > 1 && expander.kernel.has(Feature::UprobeMulti) },
        context: Context::Registers { is_return },
        data: match at {
            Where::Entry(function) => Data::FunctionEntry(function),
            Where::Inside => Data::FunctionInside,
            Where::Return(function) => Data::FunctionReturn(function),
        },
        spec: AttachSpec::Uprobe(UprobeSpec { path: path.to_owned(), places, is_return, pids }),
        space: AddressSpace::User,
        places: count,
    });
}

/// What the body can read there: types only where it asks for them, and where they are the same for all.
fn where_in(expander: &Expander<'_>, path: &str, found: &[places::Found], is_return: bool) -> Where {
    if found.iter().any(|it| it.offset != 0) {
        return Where::Inside;
    }
    let asked = if is_return { expander.reads_result } else { expander.names_arguments };
    // Such copies of a function take other arguments than it.
    let is_copy = |name: &str| [".isra.", ".constprop.", ".part."].iter().any(|mark| name.contains(mark));
    let of = |it: &places::Found| {
        let known = asked && !is_copy(&it.symbol.name);
        known.then(|| expander.kernel.user_function_type(Path::new(path), it.symbol.address)).flatten()
    };
    let first = found.first().and_then(of);
    let all = if first.is_some() && found[1..].iter().all(|it| of(it) == first) { first } else { None };
    if is_return { Where::Return(all) } else { Where::Entry(all) }
}
