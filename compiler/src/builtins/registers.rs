//! Registers of the traced thread.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Timing};
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
    signature: "reg(name)",
    doc: "A register of the traced thread, such as the stack pointer, `sp`.",
    example: r#"profile:hz:99 { @[reg("ip")] = count(); }"#,
    analyze: Analysis::Call(reg),
    lower: calls::symbols::register,
};

/// Registers of x86-64 and their byte offsets in `struct pt_regs` (arch/x86/include/uapi/asm/ptrace.h).
static REGISTERS: &[(&str, u64)] = &[
    ("r15", 0),
    ("r14", 8),
    ("r13", 16),
    ("r12", 24),
    ("bp", 32),
    ("bx", 40),
    ("r11", 48),
    ("r10", 56),
    ("r9", 64),
    ("r8", 72),
    ("ax", 80),
    ("cx", 88),
    ("dx", 96),
    ("si", 104),
    ("di", 112),
    ("orig_rax", 120),
    ("ip", INSTRUCTION_POINTER),
    ("pc", INSTRUCTION_POINTER),
    ("cs", 136),
    ("flags", 144),
    ("sp", 152),
    ("ss", 160),
];
const INSTRUCTION_POINTER: u64 = 128;

/// The constant of the call is the register's offset in `struct pt_regs`.
fn reg(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    typer.check_context("reg()", site.span)?;
    let (name, span) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if !matches!(typer.program.group.context, Context::PerfEvent | Context::Registers { .. }) {
        return typer.not_in_this_probe("reg()", site.span);
    }
    match REGISTERS.iter().find(|(known, _)| *known == name) {
        Some((_, offset)) => Some(site.call_with(Type::UINT64, Vec::new(), Extra::constants([*offset]))),
        None => {
            let diagnostic = Diagnostic::error("unknown-register", span, format!("'{name}' is not a valid register"))
                .with_suggestion(&name, REGISTERS.iter().map(|(known, _)| *known));
            typer.fail(diagnostic)
        }
    }
}

/// `reg("ip")`
pub(super) fn instruction_pointer(site: &CallSite<'_>) -> Expr {
    CallSite { builtin: &REG, ..*site }.call_with(Type::UINT64, Vec::new(), Extra::constants([INSTRUCTION_POINTER]))
}
