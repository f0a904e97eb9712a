//! What is known about the probe that fired.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::codegen::calls;
use crate::hir::{Context, Expr, ExprKind};
use crate::kernel::Feature;
use crate::probes::Data;
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::types::{AddressSpace, Type};

pub static PROBE: Builtin = Builtin {
    name: "probe",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "probe",
    doc: "The full name of the probe that fired. A wildcard becomes one program for each match.",
    example: r#"t:syscalls:sys_enter_open* { @[probe] = count(); }"#,
    analyze: Analysis::Call(probe),
    lower: crate::codegen::unfinished,
};

pub static PROBETYPE: Builtin = Builtin {
    name: "probetype",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "probetype",
    doc: "The kind of the probe that fired: `tracepoint`, `uprobe`, `special` for `begin` and `end`.",
    example: r#"begin { print(probetype); }"#,
    analyze: Analysis::Call(probetype),
    lower: crate::codegen::unfinished,
};

pub static FUNC: Builtin = Builtin {
    name: "func",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "func",
    doc: "The name of the traced function, resolved when it is printed.",
    example: r#"uprobe:/bin/bash:read* { @[func] = count(); }"#,
    analyze: Analysis::Call(func),
    lower: calls::symbols::traced_function,
};

fn probe(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    if matches!(typer.program.group.context, Context::Syscall { .. }) {
        let names = typer.program.group.members.iter().flat_map(|member| &member.expanded.names);
        let longest = names.map(String::len).max().unwrap_or(0) as u32;
        let ty = Type::String { capacity: (longest + 1).next_multiple_of(8) };
        return Some(Expr { kind: ExprKind::ProbeName, ty, span: site.span });
    }
    Some(build::string(typer.program.group.name().as_bytes().to_vec(), site.span))
}

fn probetype(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    let kind = match typer.program.group.kind() {
        "begin" | "end" | "self" => "special",
        "bench" => "benchmark",
        kind => kind,
    };
    Some(build::string(kind.as_bytes().to_vec(), site.span))
}

/// An address with its name.
fn symbol(site: &CallSite<'_>, space: AddressSpace, address: Expr) -> Expr {
    match space {
        AddressSpace::User => {
            CallSite { builtin: &super::symbols::USYM, ..*site }.call(Type::UserSymbol, vec![address])
        }
        _ => CallSite { builtin: &super::symbols::KSYM, ..*site }.call(Type::KernelSymbol, vec![address]),
    }
}

/// The traced function: at its entry, the symbol at the instruction pointer.
fn func(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    typer.check_context("func", site.span)?;
    match typer.program.group.data {
        Data::FunctionEntry(_) | Data::FunctionInside => {
            let pointer = super::registers::register_value(site, "ip")?;
            Some(symbol(site, typer.default_space(), pointer))
        }
        Data::FunctionReturn(_) => {
            if typer.default_space() == AddressSpace::User && !typer.kernel.has(Feature::UprobeFunctionAddress) {
                let message = "func needs bpf_get_func_ip in uretprobes (Linux 6.6), which this kernel lacks";
                return typer.error("missing-kernel-feature", site.span, message);
            }
            let address = site.call(Type::UINT64, Vec::new());
            Some(symbol(site, typer.default_space(), address))
        }
        // At an offset, the function's own address is not known; the name is that of where the probe stands.
        Data::KernelInside => {
            let pointer = super::registers::register_value(site, "ip")?;
            Some(CallSite { builtin: &super::symbols::KSYM, ..*site }.call(Type::KernelSymbol, vec![pointer]))
        }
        Data::KernelEntry(_)
        | Data::KernelReturn
        | Data::TrampolineEntry(_)
        | Data::TrampolineReturn(_)
        | Data::ProgramEntry
        | Data::ProgramReturn => Some(site.call(Type::KernelSymbol, Vec::new())),
        _ => typer.not_in_this_probe("func", site.span),
    }
}
