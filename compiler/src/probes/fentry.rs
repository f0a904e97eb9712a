//! `fentry` and `fexit`: functions of the kernel through BPF trampolines, with typed arguments.

use std::sync::Arc;

use super::kprobe::never_probed;
use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hir::Context;
use crate::kernel::{Feature, FunctionType, Kernel, KernelFunction, ProgramFunction, VMLINUX};
use crate::manifest::{AttachSpec, FunctionHome, ProgramKind};
use crate::types::{AddressSpace, Type};

pub static FENTRY: ProbeKind = ProbeKind {
    name: "fentry",
    aliases: &["f", "kfunc"],
    syntax: "fentry:[MODULE:]FUNCTION or fentry:bpf:[ID:]PROGRAM",
    doc: "A function of the kernel is entered. Its arguments are `args.name`, with their types. Costs less than a kprobe. \
          `bpf:` stands for the BPF programs that are loaded, by name and number; these have no `args`.",
    since: "5.5",
    mechanism: "a trampoline for each function",
    arguments: "`args.NAME`",
    tested: Tested {
        count: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        values: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        wildcard: Shown::By(&["vm/trampolines::a_wildcard_attaches_a_program_to_each_function"]),
        predicate: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        stack: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        further: &[
            "vm/trampolines::a_function_without_a_place_for_it_is_refused_with_a_sentence",
            "vm/trampolines::a_running_program_is_traced_by_name_and_by_number",
            "vm/trampolines::a_program_that_is_not_there_is_refused_with_what_is",
            "vm/modules::a_trampoline_on_a_function_of_a_module_knows_its_types",
        ],
    },
    example: "fentry:do_nanosleep",
    support: Support::Where(|expander, parts| expand(expander, parts, false), |kernel| reason(kernel, "fentry")),
};

pub static FEXIT: ProbeKind = ProbeKind {
    name: "fexit",
    aliases: &["fr", "kretfunc"],
    syntax: "fexit:[MODULE:]FUNCTION or fexit:bpf:[ID:]PROGRAM",
    doc: "A function of the kernel returns. Both its arguments, `args.name`, and its result, `retval`, have their types. \
          Of a BPF program, `retval` is the number that it returns.",
    since: "5.5",
    mechanism: "a trampoline for each function",
    arguments: "`args.NAME`, typed `retval`",
    tested: Tested {
        count: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        values: Shown::By(&["vm/trampolines::what_was_read_is_counted_by_the_name_of_the_file"]),
        wildcard: Shown::By(&["vm/trampolines::a_wildcard_attaches_a_program_to_each_function"]),
        predicate: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        stack: Shown::By(&["vm/trampolines::arguments_and_results_have_their_types"]),
        further: &[
            "vm/trampolines::a_running_program_is_traced_by_name_and_by_number",
            "vm/modules::a_trampoline_on_a_function_of_a_module_knows_its_types",
        ],
    },
    example: "fexit:do_nanosleep",
    support: Support::Where(|expander, parts| expand(expander, parts, true), |kernel| reason(kernel, "fexit")),
};

/// Words that a trampoline saves (MAX_BPF_FUNC_ARGS of the kernel).
const MOST_WORDS: u32 = 12;
/// The largest struct that is passed by value in registers.
const LARGEST_STRUCT: u32 = 16;

fn reason(kernel: &dyn Kernel, name: &str) -> Option<String> {
    if kernel.has(Feature::Trampolines) {
        return None;
    }
    Some(if kernel.has(Feature::Btf) {
        format!(
            "{name} probes need BPF trampolines, which this kernel does not allow: it was built without them, or \
             function tracing is switched off or locked down"
        )
    } else {
        format!(
            "{name} probes need the kernel's type information, which this kernel does not publish (CONFIG_DEBUG_INFO_BTF)"
        )
    })
}

fn expand(expander: &mut Expander<'_>, parts: &[String], is_return: bool) {
    let (module, target) = match parts {
        [target] => (None, target.as_str()),
        [bpf, name] if bpf == "bpf" => return programs(expander, None, name, is_return),
        [bpf, id, name] if bpf == "bpf" => {
            let Ok(id) = id.parse() else {
                return expander.malformed(format!("Invalid number of a program: '{id}'"));
            };
            return programs(expander, Some(id), name, is_return);
        }
        [bpf, ..] if bpf == "bpf" => return expander.at_most(parts, 3).unwrap_or_default(),
        [module, target] => (Some(module.as_str()), target.as_str()),
        [] => return expander.malformed("The function's name is missing"),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if target.is_empty() || module.is_some_and(str::is_empty) {
        return expander.malformed("The function's name is missing");
    }
    if target.contains('+') {
        return expander
            .malformed(format!("{} is at a function's start or end, never at an offset", expander.kind.name));
    }
    if has_wildcard(target) || module.is_some_and(has_wildcard) {
        return many(expander, module, target, is_return);
    }
    match one(expander.kernel, module, target) {
        Ok((function, ty)) => push(expander, module.is_some(), function, ty, is_return),
        Err(Refusal::NotFound) => {
            let diagnostic = not_found(expander, module, target);
            expander.missing(diagnostic);
        }
        Err(Refusal::Why(why)) => {
            let message = format!("{target} cannot be traced by {}: {why}", expander.kind.name);
            expander.missing(Diagnostic::error("not-traceable", expander.span, message));
        }
    }
}

fn many(expander: &mut Expander<'_>, module: Option<&str>, pattern: &str, is_return: bool) {
    let mut found = false;
    for function in expander.kernel.traceable_functions(module, pattern) {
        let Ok((function, ty)) = one(expander.kernel, function.module.as_deref().or(Some(VMLINUX)), &function.name)
        else {
            continue;
        };
        found = true;
        push(expander, module.is_some(), function, ty, is_return);
    }
    if !found {
        let diagnostic = not_found(expander, module, pattern);
        expander.missing(diagnostic);
    }
}

/// BPF programs, by name: every one that is called so, unless its number is given, too.
fn programs(expander: &mut Expander<'_>, id: Option<u32>, pattern: &str, is_return: bool) {
    if pattern.is_empty() {
        return expander.malformed("The program's name is missing");
    }
    let found = expander.kernel.program_functions(id, pattern);
    if found.is_empty() {
        let diagnostic = no_program(expander, id, pattern);
        return expander.missing(diagnostic);
    }
    for ProgramFunction { name, program } in found {
        expander.push(Expanded {
            name: format!("{}:bpf:{program}:{name}", expander.kind.name),
            names: Vec::new(),
            spec: AttachSpec::Trampoline,
            program: ProgramKind::Trampoline { function: name, home: FunctionHome::Program(program), is_return },
            context: Context::RawArguments,
            data: if is_return { Data::ProgramReturn } else { Data::ProgramEntry },
            space: AddressSpace::Kernel,
            places: 1,
        });
    }
}

fn no_program(expander: &Expander<'_>, id: Option<u32>, pattern: &str) -> Diagnostic {
    let which = id.map_or("No loaded BPF program".to_owned(), |id| format!("BPF program {id} has no function that"));
    let verb = if has_wildcard(pattern) { "matches" } else { "is called" };
    let message = format!("{which} {verb} '{pattern}'");
    let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
    let all = expander.kernel.program_functions(id, "*");
    match nearest(pattern, all.iter().map(|it| it.name.as_str())) {
        Some(best) if !has_wildcard(pattern) => diagnostic.with_help(format!("Did you mean '{best}'?")),
        _ if id.is_some() && expander.kernel.program_functions(None, pattern).is_empty() => diagnostic,
        _ if id.is_some() => diagnostic.with_help("Programs with other numbers have one: leave the number out"),
        _ => diagnostic.with_help(format!("{}:bpf:* lists those that can be traced", expander.kind.name)),
    }
}

enum Refusal {
    NotFound,
    Why(String),
}

/// A function with its type, if trampolines can be put on it.
fn one(kernel: &dyn Kernel, module: Option<&str>, name: &str) -> Result<(KernelFunction, Arc<FunctionType>), Refusal> {
    let function = kernel.kernel_function(module, name).ok_or(Refusal::NotFound)?;
    if let Some(why) = never_probed(name) {
        return Err(Refusal::Why(why.to_owned()));
    }
    let Some(ty) = kernel.function_type(&function) else {
        return Err(Refusal::Why("the kernel's type information does not describe it".to_owned()));
    };
    match unusual(&ty) {
        Some(why) => Err(Refusal::Why(why)),
        None => Ok((function, ty)),
    }
}

/// What a trampoline cannot pass on.
fn unusual(ty: &FunctionType) -> Option<String> {
    if ty.is_variadic {
        return Some("it takes any number of arguments".to_owned());
    }
    for parameter in &ty.parameters.fields {
        let is_struct = matches!(parameter.ty, Type::Struct { .. });
        if !(parameter.ty.is_scalar() || is_struct && parameter.ty.size() <= LARGEST_STRUCT) {
            return Some(format!("its argument '{}' is passed by value and too large", parameter.name));
        }
    }
    if !matches!(ty.result, Type::Void) && !ty.result.is_scalar() {
        return Some("it returns a struct by value".to_owned());
    }
    (ty.words() > MOST_WORDS).then(|| "it has too many arguments".to_owned())
}

fn push(
    expander: &mut Expander<'_>,
    shows_module: bool,
    function: KernelFunction,
    ty: Arc<FunctionType>,
    is_return: bool,
) {
    let module = function.module.as_deref().unwrap_or(VMLINUX);
    let target = if shows_module { format!("{module}:{}", function.name) } else { function.name.clone() };
    let home = function.module.map_or(FunctionHome::Kernel, FunctionHome::Module);
    expander.push(Expanded {
        name: format!("{}:{target}", expander.kind.name),
        names: Vec::new(),
        spec: AttachSpec::Trampoline,
        program: ProgramKind::Trampoline { function: function.name, home, is_return },
        context: Context::RawArguments,
        data: if is_return { Data::TrampolineReturn(ty) } else { Data::TrampolineEntry(ty) },
        space: AddressSpace::Kernel,
        places: 1,
    });
}

fn not_found(expander: &Expander<'_>, module: Option<&str>, target: &str) -> Diagnostic {
    let place = module.map_or("the kernel".to_owned(), |module| format!("module '{module}'"));
    if has_wildcard(target) || module.is_some_and(has_wildcard) {
        let message = format!("No function of {place} that can be traced matches '{target}'");
        return Diagnostic::error("no-such-probe", expander.span, message);
    }
    let message = format!("Function not found in {place}: '{target}'");
    let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
    let all = expander.kernel.kernel_functions("*");
    match nearest(target, all.iter().map(String::as_str)) {
        Some(best) => diagnostic.with_help(format!("Did you mean '{best}'?")),
        None => diagnostic.with_help("It may be inlined into its callers, which leaves nothing to trace"),
    }
}
