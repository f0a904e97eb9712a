//! Registers of the traced thread.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::codegen::{register_names, register_offset};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::hir::Expr;
use crate::sema::Extra;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static REG: Builtin = Builtin {
    name: "reg",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "reg(name)",
    doc: "A register of the traced thread, such as the stack pointer, `sp`.",
    example: r#"profile:hz:99 { @[reg("ip")] = count(); }"#,
    analyze: Analysis::Call(reg),
    lower: calls::symbols::register,
};

/// The constant of the call is the register's offset in `struct pt_regs`.
fn reg(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    typer.check_context("reg()", site.span)?;
    let (name, span) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if !matches!(typer.program.group.context, Context::PerfEvent | Context::Registers { .. }) {
        return typer.not_in_this_probe("reg()", site.span);
    }
    match register_offset(&name) {
        Some(offset) => Some(site.call_with(Type::UINT64, Vec::new(), Extra::constants([u64::from(offset)]))),
        None => {
            let diagnostic = Diagnostic::error("unknown-register", span, format!("'{name}' is not a valid register"))
                .with_suggestion(&name, register_names());
            typer.fail(diagnostic)
        }
    }
}

/// `reg(NAME)` of a register that there is.
pub fn register_value(site: &CallSite<'_>, name: &str) -> Option<Expr> {
    let offset = register_offset(name)?;
    let site = CallSite { builtin: &REG, ..*site };
    Some(site.call_with(Type::UINT64, Vec::new(), Extra::constants([u64::from(offset)])))
}
