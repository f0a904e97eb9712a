//! The process's parent, read from its `task_struct`.

use super::{Analysis, Builtin, Kind, Timing};
use crate::hir::Expr;
use crate::sema::{CallSite, Typer, build};
use crate::types::Type;

pub static PPID: Builtin = Builtin {
    name: "ppid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "ppid[(task)]",
    doc: "The process id of the parent of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { printf("%d %d\n", pid, ppid); }"#,
    analyze: Analysis::Call(ppid),
    lower: crate::codegen::unfinished,
};

pub static PCOMM: Builtin = Builtin {
    name: "pcomm",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "pcomm[(task)]",
    doc: "The name of the parent of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { @[pcomm] = count(); }"#,
    analyze: Analysis::Call(pcomm),
    lower: crate::codegen::unfinished,
};

fn ppid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let pid = of_parent(typer, site, "tgid")?;
    Some(build::cast(pid, Type::UINT32))
}

fn pcomm(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    of_parent(typer, site, "comm")
}

/// A field of the parent of a task, by default the current one.
fn of_parent(typer: &mut Typer<'_>, site: &CallSite<'_>, field: &str) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let task = match site.arguments {
        [] => super::cpu::current_task(typer, site)?,
        _ => site.value(typer, 0)?,
    };
    typer.load_path(task, &["real_parent", field], site.span)
}
