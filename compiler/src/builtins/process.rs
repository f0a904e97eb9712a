//! Who runs: process and thread ids, users, the command name.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::sema::{CallSite, Extra, Typer, build};
use crate::types::Type;

pub static PID: Builtin = Builtin {
    name: "pid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "pid[(namespace)]",
    doc: "The process id (thread group id) of the current thread, in the PID namespace that the tracer runs in: `pid(curr_ns)`; `pid(init)` is that of the initial namespace.",
    example: r#"t:syscalls:sys_enter_openat { @opens[pid] = count(); }"#,
    analyze: Analysis::Call(pid),
    lower: calls::process::pid,
};

pub static TID: Builtin = Builtin {
    name: "tid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "tid[(namespace)]",
    doc: "The thread id of the current thread, in the PID namespace that the tracer runs in: `tid(curr_ns)`; `tid(init)` is that of the initial namespace.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; }"#,
    analyze: Analysis::Call(tid),
    lower: calls::process::tid,
};

pub static UID: Builtin = Builtin {
    name: "uid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "uid",
    doc: "The real user id of the current process.",
    example: r#"t:syscalls:sys_enter_openat /uid == 0/ { @root = count(); }"#,
    analyze: Analysis::Call(uid),
    lower: calls::process::uid,
};

pub static GID: Builtin = Builtin {
    name: "gid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "gid",
    doc: "The real group id of the current process.",
    example: r#"t:syscalls:sys_enter_openat { @[gid] = count(); }"#,
    analyze: Analysis::Call(gid),
    lower: calls::process::gid,
};

pub static USERNAME: Builtin = Builtin {
    name: "username",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "username",
    doc: "The name of the current user, resolved when it is printed.",
    example: r#"t:syscalls:sys_enter_openat { @[username] = count(); }"#,
    analyze: Analysis::Call(username),
    lower: calls::process::uid,
};

pub static COMM: Builtin = Builtin {
    name: "comm",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "comm[(pid)]",
    doc: "The name of the current thread, at most 15 bytes, or that of another process: `[unknown]` where there is none, `N/A` where the kernel does not tell.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); }"#,
    analyze: Analysis::Call(comm),
    lower: calls::process::comm,
};

pub static CPID: Builtin = Builtin {
    name: "cpid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "cpid",
    doc: "The process id of the command given with `-c`; 0 without one.",
    example: r#"t:syscalls:sys_enter_openat /pid == cpid/ { @ = count(); }"#,
    analyze: Analysis::Call(cpid),
    lower: calls::process::child_pid,
};

pub static HAS_CPID: Builtin = Builtin {
    name: "has_cpid",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "has_cpid",
    doc: "Whether there is a command given with `-c`.",
    example: r#"t:syscalls:sys_enter_openat { if comptime has_cpid { if (pid == cpid) { @ = count(); } } }"#,
    analyze: Analysis::Call(has_cpid),
    lower: crate::codegen::unfinished,
};

fn has_cpid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(build::boolean(typer.options.has_child, site.span))
}

fn pid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    id(typer, site)
}

fn tid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    id(typer, site)
}

/// `pid` and `tid`, of the PID namespace that the tracer runs in.
fn id(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    match site.word(0) {
        _ if site.arguments.is_empty() => {}
        Some("curr_ns") => {}
        Some("init") => return Some(site.call_with(Type::UINT32, Vec::new(), Extra::constants([1]))),
        _ => {
            let message = format!("{}() takes the mode curr_ns or init", site.builtin.name);
            return typer.error("argument-type", site.argument_span(0), message);
        }
    }
    Some(site.call(Type::UINT32, Vec::new()))
}

fn uid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT64, Vec::new()))
}

fn gid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT64, Vec::new()))
}

fn username(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::Username, Vec::new()))
}

/// The kernel's TASK_COMM_LEN.
const COMM_SIZE: u32 = 16;

/// The kfunc that finds a task by its number.
const FIND_TASK: &str = "bpf_task_from_pid";

/// With an argument, the name of another process; the constant of the call is where a task has its name.
fn comm(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let ty = Type::String { capacity: COMM_SIZE };
    if site.arguments.is_empty() {
        return Some(site.call(ty, Vec::new()));
    }
    let pid = site.integer(typer, 0)?;
    if !super::predicates::is_kfunc_allowed(typer, FIND_TASK) {
        let probe = typer.program.group.kind();
        let message = format!("comm(pid) is \"N/A\" here: this kernel has no {FIND_TASK}() for {probe} probes");
        typer.warn("missing-kernel-feature", site.span, message);
        let name = build::string(b"N/A".to_vec(), site.span);
        return Some(build::cast(name, ty));
    }
    let task = typer.kernel.struct_type("struct task_struct");
    let Some(at) = task.and_then(|task| task.field("comm").map(|field| field.offset)) else {
        let message = "comm(pid) needs BTF, which this kernel does not have";
        return typer.error("missing-kernel-feature", site.span, message);
    };
    let pid = typer.convert(pid, &Type::UINT64)?;
    Some(site.call_with(ty, vec![pid], Extra::constants([u64::from(at)])))
}

fn cpid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    if !typer.options.has_child {
        typer.warn("no-child", site.span, "cpid is 0: there is no command (-c)");
        return Some(build::constant(0, Type::UINT32, site.span));
    }
    Some(site.call(Type::UINT32, Vec::new()))
}
