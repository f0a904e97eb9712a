//! Control groups (v2).

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::sema::build;
use crate::sema::{CallSite, Extra, Typer};
use crate::types::Type;

pub static CGROUP: Builtin = Builtin {
    name: "cgroup",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
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
    rules: Rules::NONE,
    signature: "cgroupid(path)",
    doc: "The id of the control group (v2) at a path, looked up when the script is compiled.",
    example: r#"t:syscalls:sys_enter_openat /cgroup == cgroupid("/sys/fs/cgroup/system.slice")/ { @ = count(); }"#,
    analyze: Analysis::Call(cgroupid),
    lower: crate::codegen::unfinished,
};

pub static CGROUP_PATH: Builtin = Builtin {
    name: "cgroup_path",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "cgroup_path(id[, filter])",
    doc: "The paths of the control groups with an id, found when it is printed: `HIERARCHY:PATH`, joined by commas. The filter is a pattern for hierarchies; that of version 2 is `unified`.",
    example: r#"t:syscalls:sys_enter_openat { @[cgroup_path(cgroup, "unified")] = count(); }"#,
    analyze: Analysis::Call(cgroup_path),
    lower: calls::process::cgroup_path,
};

/// The constant of the call is the index of the filter among the strings.
fn cgroup_path(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let id = site.integer(typer, 0);
    let filter = match site.arguments.len() {
        2 => String::from_utf8_lossy(&site.text(typer, 1)?.0).into_owned(),
        _ => String::new(),
    };
    let id = typer.convert(id?, &Type::UINT64)?;
    let index = typer.string_index(&filter);
    Some(site.call_with(Type::CgroupPath, vec![id], Extra::constants([index])))
}

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
