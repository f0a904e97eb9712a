//! The processor, the current task, random numbers.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::{Context, Expr};
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::syntax::ast::BinaryOp;
use crate::types::AddressSpace;
use crate::types::Type;

pub static CPU: Builtin = Builtin {
    name: "cpu",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "cpu",
    doc: "The number of the processor that runs the probe.",
    example: r#"profile:hz:99 { @ = lhist(cpu, 0, 64, 1); }"#,
    analyze: Analysis::Call(cpu),
    lower: calls::process::cpu,
};

pub static NCPUS: Builtin = Builtin {
    name: "ncpus",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "ncpus",
    doc: "How many processors the machine may have.",
    example: r#"begin { printf("%d processors\n", ncpus); }"#,
    analyze: Analysis::Call(ncpus),
    lower: crate::codegen::unfinished,
};

pub static CURTASK: Builtin = Builtin {
    name: "curtask",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "curtask",
    doc: "The `struct task_struct *` of the current thread.",
    example: r#"profile:hz:99 { @[curtask.prio] = count(); }"#,
    analyze: Analysis::Call(curtask),
    lower: calls::process::current_task,
};

pub static RAND: Builtin = Builtin {
    name: "rand",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "rand",
    doc: "A random 32-bit number.",
    example: r#"t:syscalls:sys_enter_openat /rand % 100 == 0/ { @sampled = count(); }"#,
    analyze: Analysis::Call(rand),
    lower: calls::process::random,
};

pub static NUMAID: Builtin = Builtin {
    name: "numaid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "numaid",
    doc: "The number of the memory node (NUMA) of the processor that runs the probe.",
    example: r#"profile:hz:99 { @[numaid, cpu] = count(); }"#,
    analyze: Analysis::Call(numaid),
    lower: calls::process::memory_node,
};

pub static USERMODE: Builtin = Builtin {
    name: "usermode",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "usermode",
    doc: "1 when the processor was in user mode, 0 when it was in the kernel. Only for x86-64.",
    example: r#"profile:hz:99 { @[usermode ? "user" : "kernel"] = count(); }"#,
    analyze: Analysis::Call(usermode),
    lower: crate::codegen::unfinished,
};

fn numaid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT32, Vec::new()))
}

/// The lowest two bits of the code segment are the privilege level: 3 in user mode. Only timers and other events of
/// `perf` meet both modes.
fn usermode(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    match (&typer.program.group.context, typer.program.group.space) {
        (Context::PerfEvent, _) => {
            typer.check_context("usermode", site.span)?;
            let segment = super::registers::register_value(site, "cs")?;
            let level = build::constant(3, Type::UINT64, site.span);
            let level = build::binary(BinaryOp::BitAnd, segment, level, Type::UINT64, site.span);
            Some(build::cast(build::not_zero(level), Type::UINT8))
        }
        (Context::Registers { .. }, AddressSpace::User) => Some(build::constant(1, Type::UINT8, site.span)),
        _ => Some(build::constant(0, Type::UINT8, site.span)),
    }
}

fn cpu(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT64, Vec::new()))
}

fn ncpus(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(build::constant(u64::from(typer.kernel.possible_cpus()), Type::UINT64, site.span))
}

fn curtask(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    let ty = task_type(typer).unwrap_or(Type::UINT64);
    Some(site.call(ty, Vec::new()))
}

fn rand(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT32, Vec::new()))
}

/// `struct task_struct *`, where the kernel describes it.
fn task_type(typer: &Typer<'_>) -> Option<Type> {
    let name = "struct task_struct";
    let task = typer.kernel.struct_type(name)?;
    Some(Type::pointer(Type::Struct { name: name.into(), size: task.size }, AddressSpace::Kernel))
}

/// `curtask` for a builtin that reads its fields.
pub(super) fn current_task(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let Some(ty) = task_type(typer) else {
        let message = format!("{} needs BTF, which this kernel does not have", site.builtin.name);
        return typer.fail(Diagnostic::error("missing-kernel-feature", site.span, message));
    };
    Some(CallSite { builtin: &CURTASK, ..*site }.call(ty, Vec::new()))
}
