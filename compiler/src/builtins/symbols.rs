//! Addresses with names.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static KSYM: Builtin = Builtin {
    name: "ksym",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
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
    signature: "kaddr(name)",
    doc: "The address of a kernel symbol, looked up when the script is compiled.",
    example: r#"begin { printf("%p\n", kaddr("do_nanosleep")); }"#,
    analyze: Analysis::Call(kaddr),
    lower: crate::codegen::unfinished,
};

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
