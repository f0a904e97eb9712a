//! Control groups (v2).

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Timing};
use crate::hir::Expr;
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static CGROUP: Builtin = Builtin {
    name: "cgroup",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "cgroup",
    doc: "The id of the control group (v2) of the current process.",
    example: r#"t:syscalls:sys_enter_openat { @[cgroup] = count(); }"#,
    analyze: Analysis::Call(cgroup),
    lower: calls::process::cgroup,
};

pub static CGROUPID: Builtin = Builtin {
    name: "cgroupid",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    signature: "cgroupid(path)",
    doc: "The id of the control group (v2) at a path, looked up when the script is compiled.",
    example: r#"t:syscalls:sys_enter_openat /cgroup == cgroupid("/sys/fs/cgroup/system.slice")/ { @ = count(); }"#,
    analyze: Analysis::Call(cgroupid),
    lower: crate::codegen::unfinished,
};

fn cgroup(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT64, Vec::new()))
}

fn cgroupid(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let (path, span) = site.text(typer, 0)?;
    let path = String::from_utf8_lossy(&path).into_owned();
    match typer.kernel.cgroup_id(&path) {
        Some(id) => Some(build::constant(id, Type::UINT64, site.span)),
        None => typer.error("no-such-cgroup", span, format!("There is no control group (v2) at '{path}'")),
    }
}
