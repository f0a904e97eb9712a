//! Addresses with names.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::kernel::Feature;
use crate::sema::build;
use crate::sema::{CallSite, Extra, Typer};
use crate::types::{AddressSpace, Type};

pub static KSYM: Builtin = Builtin {
    name: "ksym",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "ksym(address)",
    doc: "The kernel function at an address, named when it is printed.",
    example: r#"begin { print(ksym(kaddr("do_nanosleep"))); }"#,
    analyze: Analysis::Call(ksym),
    lower: calls::symbols::ksym,
};

pub static USYM: Builtin = Builtin {
    name: "usym",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "usym(address)",
    doc: "The function of the current process at an address, named when it is printed.",
    example: r#"uprobe:/bin/bash:readline { print(usym(reg("ip"))); }"#,
    analyze: Analysis::Call(usym),
    lower: calls::symbols::usym,
};

pub static KADDR: Builtin = Builtin {
    name: "kaddr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "kaddr(name)",
    doc: "The address of a kernel symbol, looked up when the script is compiled.",
    example: r#"begin { printf("%p\n", kaddr("do_nanosleep")); }"#,
    analyze: Analysis::Call(kaddr),
    lower: crate::codegen::unfinished,
};

pub static UADDR: Builtin = Builtin {
    name: "uaddr",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::only_in(&["uprobe", "uretprobe", "usdt"]),
    signature: "uaddr(name)",
    doc: "The address of a variable of the traced file in the current process, as a pointer to an unsigned integer of the variable's size.",
    example: r#"uprobe:/bin/bash:readline { print(str(*uaddr("ps1_prompt"))); }"#,
    analyze: Analysis::Call(uaddr),
    lower: calls::symbols::user_address,
};

pub static PERCPU_KADDR: Builtin = Builtin {
    name: "percpu_kaddr",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "percpu_kaddr(name[, cpu])",
    doc: "The address of a per-CPU variable of the kernel on this processor, or on another: 0 where there is no such processor.",
    example: r#"interval:s:1 { $count = percpu_kaddr("process_counts", 0); if ($count != 0) { print(*$count); } }"#,
    analyze: Analysis::Call(percpu_kaddr),
    lower: calls::symbols::per_cpu_address,
};

/// The constants of the call are the variable's address in the file and that of the function which the probe is at.
fn uaddr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    typer.check_context("uaddr()", site.span)?;
    let (name, span) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if !typer.kernel.has(Feature::UprobeFunctionAddress) {
        let message = "uaddr() needs bpf_get_func_ip in uprobes (Linux 6.6), which this kernel lacks";
        return typer.error("missing-kernel-feature", site.span, message);
    }
    let Some((path, file_offset)) = typer.program.group.uprobe_place() else {
        return typer.not_in_this_probe("uaddr()", site.span);
    };
    let path = std::path::PathBuf::from(path);
    let Some(variable) = typer.kernel.user_object(&path, &name) else {
        let message = format!("'{}' has no variable '{name}'", path.display());
        return typer.error("no-such-symbol", span, message);
    };
    // Code and its place in the file lie as far apart for the probe as for the functions around it.
    let functions = typer.kernel.user_symbols(&path, "*").unwrap_or_default();
    let nearest = functions.iter().filter(|it| it.file_offset <= file_offset).max_by_key(|it| it.file_offset);
    let probe = nearest.map_or(file_offset, |it| it.address + (file_offset - it.file_offset));
    let bytes = match variable.size {
        size @ (1 | 2 | 4) => size as u8,
        _ => 8,
    };
    let ty = Type::pointer(Type::Int { bytes, signed: false }, AddressSpace::User);
    Some(site.call_with(ty, Vec::new(), Extra::constants([variable.address, probe])))
}

/// The constant of the call is the index of the variable's name among the strings.
fn percpu_kaddr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let (name, _) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if !typer.kernel.has(Feature::Btf) {
        let message = "percpu_kaddr() needs BTF, which this kernel does not have";
        return typer.error("missing-kernel-feature", site.span, message);
    }
    let mut arguments = Vec::new();
    if site.arguments.len() == 2 {
        let cpu = site.integer(typer, 1)?;
        arguments.push(typer.convert(cpu, &Type::UINT64)?);
    }
    let index = typer.string_index(&name);
    let ty = Type::pointer(Type::UINT64, AddressSpace::Kernel);
    Some(site.call_with(ty, arguments, Extra::constants([index])))
}

fn ksym(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let address = site.address(typer, 0)?;
    Some(site.call(Type::KernelSymbol, vec![address]))
}

fn usym(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let address = site.address(typer, 0)?;
    Some(site.call(Type::UserSymbol, vec![address]))
}

fn kaddr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let (name, span) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if let Some(address) = typer.kernel.kernel_symbol(&name) {
        return Some(build::constant(address, Type::UINT64, site.span));
    }
    let functions = typer.kernel.kernel_functions("*");
    let diagnostic = Diagnostic::error("no-such-symbol", span, format!("Failed to resolve kernel symbol: '{name}'"))
        .with_suggestion(&name, functions.iter().map(String::as_str));
    typer.fail(diagnostic)
}
