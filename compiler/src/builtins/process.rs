//! Who runs: process and thread ids, users, the command name.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Timing};
use crate::hir::Expr;
use crate::sema::{CallSite, Typer};
use crate::sema::{build, unsupported};
use crate::types::Type;

pub static PID: Builtin = Builtin {
    name: "pid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "pid",
    doc: "The process id (thread group id) of the current thread.",
    example: r#"t:syscalls:sys_enter_openat { @opens[pid] = count(); }"#,
    analyze: Analysis::Call(pid),
    lower: calls::process::pid,
};

pub static TID: Builtin = Builtin {
    name: "tid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "tid",
    doc: "The thread id of the current thread.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; }"#,
    analyze: Analysis::Call(tid),
    lower: calls::process::tid,
};

pub static UID: Builtin = Builtin {
    name: "uid",
    kind: Kind::Value,
    timing: Timing::Kernel,
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
    signature: "comm",
    doc: "The name of the current thread, at most 15 bytes.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); }"#,
    analyze: Analysis::Call(comm),
    lower: calls::process::comm,
};

pub static CPID: Builtin = Builtin {
    name: "cpid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "cpid",
    doc: "The process id of the command given with `-c`; 0 without one.",
    example: r#"t:syscalls:sys_enter_openat /pid == cpid/ { @ = count(); }"#,
    analyze: Analysis::Call(cpid),
    lower: calls::process::child_pid,
};

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
        Some("init") => {
            return typer.fail(unsupported::not_yet(site.argument_span(0), unsupported::PROCESS_NAMESPACE_MODES));
        }
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

fn comm(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::String { capacity: COMM_SIZE }, Vec::new()))
}

fn cpid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    if !typer.options.has_child {
        typer.warn("no-child", site.span, "cpid is 0: there is no command (-c)");
        return Some(build::constant(0, Type::UINT32, site.span));
    }
    Some(site.call(Type::UINT32, Vec::new()))
}
