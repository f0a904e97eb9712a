//! The process's parent and the leader of its threads, read from its `task_struct`.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::sema::{CallSite, Typer, build};
use crate::types::Type;

pub static PPID: Builtin = Builtin {
    name: "ppid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
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
    rules: Rules::NONE,
    signature: "pcomm[(task)]",
    doc: "The name of the parent of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { @[pcomm] = count(); }"#,
    analyze: Analysis::Call(pcomm),
    lower: crate::codegen::unfinished,
};

pub static LEADER_TID: Builtin = Builtin {
    name: "leader_tid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "leader_tid[(task)]",
    doc: "The thread id of the first thread of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat /tid != leader_tid/ { @[leader_tid] = count(); }"#,
    analyze: Analysis::Call(leader_tid),
    lower: crate::codegen::unfinished,
};

pub static LEADER_COMM: Builtin = Builtin {
    name: "leader_comm",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "leader_comm[(task)]",
    doc: "The name of the first thread of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { @[leader_comm, comm] = count(); }"#,
    analyze: Analysis::Call(leader_comm),
    lower: crate::codegen::unfinished,
};

fn leader_tid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let tid = of_task(typer, site, &["group_leader", "pid"])?;
    Some(build::cast(tid, Type::UINT32))
}

fn leader_comm(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    of_task(typer, site, &["group_leader", "comm"])
}

fn ppid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let pid = of_task(typer, site, &["real_parent", "tgid"])?;
    Some(build::cast(pid, Type::UINT32))
}

fn pcomm(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    of_task(typer, site, &["real_parent", "comm"])
}

/// What a path of fields leads to from a task, by default the current one.
fn of_task(typer: &mut Typer<'_>, site: &CallSite<'_>, path: &[&str]) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let task = match site.arguments {
        [] => super::cpu::current_task(typer, site)?,
        _ => {
            let task = site.value(typer, 0)?;
            match &task.ty {
                Type::Pointer { to, .. } if matches!(&**to, Type::Struct { name, .. } if **name == *"struct task_struct") => {
                    task
                }
                _ => return site.wrong_type(typer, &task, "a 'struct task_struct *'"),
            }
        }
    };
    typer.load_path(task, path, site.span)
}
