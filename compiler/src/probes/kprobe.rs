//! `kprobe` and `kretprobe`: functions of the kernel.

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hir::Context;
use crate::kernel::{Feature, Kernel, KernelFunction};
use crate::manifest::{AttachSpec, KprobePlace, KprobeSpec, ProgramKind};
use crate::types::AddressSpace;

pub static KPROBE: ProbeKind = ProbeKind {
    name: "kprobe",
    aliases: &["k"],
    syntax: "kprobe:[MODULE:]FUNCTION[+OFFSET] or kprobe:0xADDRESS",
    doc: "A function of the kernel is entered. Its arguments are `arg0`, `arg1`, ..., and `args.name` where the kernel \
          describes them; `*` matches many functions.",
    since: "4.17",
    mechanism: "a kprobe; one multi link for many (5.18), with their kretprobes (6.10)",
    arguments: "`arg0` ..., `args.NAME` with BTF, registers",
    tested: Tested {
        count: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        values: Shown::By(&[
            "vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments",
            "vm/one_liners::a_connection_is_read_from_nested_structs_through_casts",
        ]),
        wildcard: Shown::By(&["vm/kprobes::a_wildcard_counts_by_function"]),
        predicate: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        stack: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        further: &[
            "vm/modules::functions_of_a_module_are_counted_with_their_arguments_and_stacks",
            "vm/kprobes::a_pattern_at_both_ends_takes_one_link_where_the_kernel_has_sessions",
        ],
    },
    example: "kprobe:do_nanosleep",
    support: Support::Where(|expander, parts| expand(expander, parts, false), |kernel| reason(kernel, "kprobe")),
};

pub static KRETPROBE: ProbeKind = ProbeKind {
    name: "kretprobe",
    aliases: &["kr"],
    syntax: "kretprobe:[MODULE:]FUNCTION",
    doc: "A function of the kernel returns. What it returned is `retval`.",
    since: "4.17",
    mechanism: "a kprobe at the return; one multi link for many (5.18), with their kprobes (6.10)",
    arguments: "`retval`",
    tested: Tested {
        count: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        values: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        wildcard: Shown::By(&["vm/kprobes::a_wildcard_counts_by_function"]),
        predicate: Shown::By(&["vm/one_liners::results_that_are_one_by_process"]),
        stack: Shown::By(&["vm/kprobes::a_function_and_its_return_are_counted_with_their_arguments"]),
        further: &["vm/kprobes::a_pattern_at_both_ends_takes_one_link_where_the_kernel_has_sessions"],
    },
    example: "kretprobe:do_nanosleep",
    support: Support::Where(|expander, parts| expand(expander, parts, true), |kernel| reason(kernel, "kretprobe")),
};

fn reason(kernel: &dyn Kernel, name: &str) -> Option<String> {
    let sentence = || format!("{name} probes need kprobes, which this kernel does not have (CONFIG_KPROBE_EVENTS)");
    (!kernel.has(Feature::Kprobes)).then(sentence)
}

/// What stands behind the provider.
struct Target<'p> {
    module: Option<&'p str>,
    function: &'p str,
    offset: u64,
}

fn expand(expander: &mut Expander<'_>, parts: &[String], is_return: bool) {
    let (module, target) = match parts {
        [target] => (None, target),
        [module, target] => (Some(module.as_str()), target),
        [] => return expander.malformed("The function's name is missing"),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if target.is_empty() || module.is_some_and(str::is_empty) {
        return expander.malformed("The function's name is missing");
    }
    if let Some(address) = hexadecimal(target) {
        return at_address(expander, target, address, is_return);
    }
    let (function, offset) = match target.split_once('+') {
        Some((function, digits)) => {
            let Some(offset) = hexadecimal(digits).or_else(|| digits.parse().ok()) else {
                return expander.malformed(format!("Invalid offset: '{digits}'"));
            };
            (function, offset)
        }
        None => (target.as_str(), 0),
    };
    if is_return && offset != 0 {
        return expander.malformed("kretprobe cannot be attached at an offset: a function returns as a whole");
    }
    let target = Target { module, function, offset };
    if !has_wildcard(function) && !module.is_some_and(has_wildcard) {
        one(expander, &target, is_return);
    } else if offset == 0 {
        many(expander, &target, is_return);
    } else {
        expander.malformed("An offset needs the name of one function, not a pattern");
    }
}

/// One function by its name.
fn one(expander: &mut Expander<'_>, target: &Target<'_>, is_return: bool) {
    let found = expander.kernel.kernel_function(target.module, target.function);
    if found.is_none() && !expander.options.allow_unsafe {
        let diagnostic = not_found(expander, target);
        return expander.missing(diagnostic);
    }
    if let Some(why) = never_probed(target.function) {
        let message = format!("{} cannot be probed: {why}", target.function);
        return expander.missing(Diagnostic::error("not-traceable", expander.span, message));
    }
    let ty = found.and_then(|function| expander.kernel.function_type(&function));
    let mut name = target.module.map_or(String::new(), |module| format!("{module}:"));
    name.push_str(target.function);
    let shown = if target.offset == 0 { name.clone() } else { format!("{name}+{}", target.offset) };
    // The kernel knows no module of its own name.
    let symbol = name.strip_prefix("vmlinux:").unwrap_or(&name).to_owned();
    let data = match (is_return, target.offset) {
        (true, _) => Data::KernelReturn,
        (false, 0) => Data::KernelEntry(ty),
        (false, _) => Data::KernelInside,
    };
    let places = vec![KprobePlace::Symbol { name: symbol, offset: target.offset }];
    push(expander, &shown, ProgramKind::Kprobe { multi: false }, data, KprobeSpec { places, is_return });
}

/// Every function that matches: with one link where the kernel can, one probe for each where the body tells them apart.
fn many(expander: &mut Expander<'_>, target: &Target<'_>, is_return: bool) {
    let mut functions = expander.kernel.traceable_functions(target.module, target.function);
    functions.retain(|function| never_probed(&function.name).is_none());
    if functions.is_empty() {
        let diagnostic = not_found(expander, target);
        return expander.missing(diagnostic);
    }
    let symbol = |function: &KernelFunction| match &function.module {
        // A multi link looks functions of modules up by their bare names.
        Some(module) => format!("{module}:{}", function.name),
        None => function.name.clone(),
    };
    let is_multi = expander.kernel.has(Feature::KprobeMulti);
    let program = if is_multi { ProgramKind::KprobeMulti } else { ProgramKind::Kprobe { multi: false } };
    if is_multi && !expander.split && !expander.names_arguments {
        let place = |function: &KernelFunction| KprobePlace::Symbol { name: symbol(function), offset: 0 };
        let places = functions.iter().map(place).collect();
        let data = if is_return { Data::KernelReturn } else { Data::KernelEntry(None) };
        let module = target.module.map_or(String::new(), |module| format!("{module}:"));
        let shown = format!("{module}{}", target.function);
        return push(expander, &shown, program, data, KprobeSpec { places, is_return });
    }
    for function in functions {
        let ty = expander.kernel.function_type(&function);
        let data = if is_return { Data::KernelReturn } else { Data::KernelEntry(ty) };
        let name = symbol(&function);
        let shown = if target.module.is_some() { name.clone() } else { function.name.clone() };
        let places = vec![KprobePlace::Symbol { name, offset: 0 }];
        push(expander, &shown, program.clone(), data, KprobeSpec { places, is_return });
    }
}

/// An address, which nothing checks.
fn at_address(expander: &mut Expander<'_>, text: &str, address: u64, is_return: bool) {
    if !expander.options.allow_unsafe {
        let message = format!("{} at an address is allowed only with --unsafe", expander.kind.name);
        let diagnostic = Diagnostic::error("unsafe-probe", expander.span, message)
            .with_help("The kernel checks no more than that an instruction begins there; name a function instead");
        return expander.error(diagnostic);
    }
    let data = if is_return { Data::KernelReturn } else { Data::KernelInside };
    let spec = KprobeSpec { places: vec![KprobePlace::Address(address)], is_return };
    push(expander, text, ProgramKind::Kprobe { multi: false }, data, spec);
}

fn push(expander: &mut Expander<'_>, target: &str, program: ProgramKind, data: Data, spec: KprobeSpec) {
    expander.push(Expanded {
        name: format!("{}:{target}", expander.kind.name),
        names: Vec::new(),
        context: Context::Registers { is_return: spec.is_return },
        places: spec.places.len(),
        spec: AttachSpec::Kprobe(spec),
        program,
        data,
        space: AddressSpace::Kernel,
    });
}

/// Functions that hang the machine or are no functions at all.
pub fn never_probed(name: &str) -> Option<&'static str> {
    if name.starts_with("__ftrace_invalid_address__") {
        return Some("it is a gap in the kernel's table of functions");
    }
    if name.starts_with("rcu_") {
        return Some("programs depend on it themselves");
    }
    if name.contains(".part.") {
        return Some("it is a part that the compiler split off a function");
    }
    match name {
        "arch_cpu_idle" | "default_idle" => Some("a processor sleeps in it"),
        "bpf_dispatcher_xdp_func" => Some("its code changes while it runs"),
        _ => None,
    }
}

/// Nothing of that name, with what is close to it.
fn not_found(expander: &Expander<'_>, target: &Target<'_>) -> Diagnostic {
    let (function, kernel) = (target.function, expander.kernel);
    let place = target.module.map_or("the kernel".to_owned(), |module| format!("module '{module}'"));
    let is_pattern = has_wildcard(function) || target.module.is_some_and(has_wildcard);
    let message = if is_pattern {
        format!("No function of {place} that can be traced matches '{function}'")
    } else {
        format!("Function not found in {place}: '{function}'")
    };
    let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
    if let Some(module) = target.module
        && let Some(elsewhere) = kernel.kernel_function(None, function)
    {
        let home = elsewhere.module.map_or("the kernel itself".to_owned(), |module| format!("module '{module}'"));
        return diagnostic.with_help(format!("It is in {home}, not in '{module}'"));
    }
    let all = kernel.kernel_functions("*");
    match nearest(function, all.iter().map(String::as_str)) {
        Some(best) if !is_pattern => diagnostic.with_help(format!("Did you mean '{best}'?")),
        _ if is_pattern => diagnostic,
        _ if !kernel.tracepoints("syscalls", &format!("sys_enter_{function}")).is_empty() => {
            diagnostic.with_help(format!("The system call has an event: tracepoint:syscalls:sys_enter_{function}"))
        }
        _ => diagnostic.with_help(
            "It may be inlined into its callers, which leaves nothing to probe; --unsafe tries it all the same",
        ),
    }
}

/// A hexadecimal number with its prefix.
fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16).ok()
}
