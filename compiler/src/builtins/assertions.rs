//! What must hold: found out when the script is compiled, or when the probe fires.

use crate::abi::format::Names;
use crate::abi::format::printf::printf;
use crate::abi::value::{Number, Stack, Value};

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::{Block, Expr, ExprKind, Stmt, StmtKind, UnaryOp};
use crate::manifest::{PrintfStream, SiteKind};
use crate::sema::{CallSite, Extra, Typer, build, formats, slot};
use crate::types::Type;

pub static FAIL: Builtin = Builtin {
    name: "fail",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "fail(format, ...)",
    doc: "Ends the compilation with an error; all values are literals. Use it in a branch of `if comptime`.",
    example: r#"begin { if comptime (ncpus > 100000) { fail("too many processors: %d", ncpus); } }"#,
    analyze: Analysis::Call(fail),
    lower: crate::codegen::unfinished,
};

pub static STATIC_ASSERT: Builtin = Builtin {
    name: "static_assert",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "static_assert(condition, message)",
    doc: "Ends the compilation with an error unless a condition holds that is known when the script is compiled.",
    example: r#"begin { static_assert(sizeof(uint64) == 8, "a uint64 has 8 bytes"); }"#,
    analyze: Analysis::Call(static_assert),
    lower: crate::codegen::unfinished,
};

pub static ASSERT: Builtin = Builtin {
    name: "assert",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "assert(condition, message)",
    doc: "Prints the message as an error and ends the run with status 1 unless a condition holds.",
    example: r#"t:syscalls:sys_enter_openat { assert(pid > 0, "a process has a number"); }"#,
    analyze: Analysis::Call(assert),
    lower: crate::codegen::unfinished,
};

pub static ASSERT_STR: Builtin = Builtin {
    name: "assert_str",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "assert_str(value)",
    doc: "Ends the compilation with an error unless a value is text: a string, an array of characters or a pointer to them.",
    example: r#"begin { assert_str(comm); }"#,
    analyze: Analysis::Call(assert_str),
    lower: crate::codegen::unfinished,
};

/// The value of a call that does nothing when the probe fires.
fn nothing(site: &CallSite<'_>) -> Expr {
    build::constant(0, Type::Void, site.span)
}

fn fail(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=usize::MAX)?;
    let (format, _, values) = formats::formatted(typer, site, 0)?;
    let mut literals = Vec::new();
    for value in &values {
        literals.push(match (&value.kind, &value.ty) {
            (ExprKind::Integer(bits), Type::Bool) => Value::Bool(*bits != 0),
            (ExprKind::Integer(bits), ty) => Value::Number(Number::new(*bits, ty.is_signed())),
            (ExprKind::String(bytes), _) => Value::String { bytes: bytes.clone(), truncated: false },
            _ => return typer.error("literal-required", value.span, "fail() needs a literal here"),
        });
    }
    let text = printf(&format, &literals, &Nameless).text;
    let message = String::from_utf8_lossy(&text).trim_end().to_owned();
    typer.error("failed-assertion", site.span, message)
}

fn static_assert(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let condition = site.written(typer, 0)?;
    let holds = match typer.condition(condition)?.kind {
        ExprKind::Integer(value) => value != 0,
        _ => {
            let message = "static_assert() needs a condition that is known when the script is compiled";
            return typer.error("not-constant", site.argument_span(0), message);
        }
    };
    let (message, _) = site.text(typer, 1)?;
    if holds {
        return Some(nothing(site));
    }
    let message = String::from_utf8_lossy(&message).into_owned();
    let diagnostic = Diagnostic::error("failed-assertion", site.span, message)
        .with_label(site.argument_span(0), "this does not hold");
    typer.fail(diagnostic)
}

/// `if (!condition) { errorf("%s", message); exit(1); }`
fn assert(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    if typer.in_callback() {
        let message = "assert() cannot be used inside a for loop: it would leave the probe with exit()";
        return typer.error("exit-in-loop", site.span, message);
    }
    let condition = site.written(typer, 0)?;
    let condition = typer.condition(condition);
    let message = super::strings::string(typer, site, 1);
    let (condition, message) = (condition?, message?);
    let span = site.span;
    let Ok(format) = formats::parse(b"%s\n") else { return None };
    let arguments = vec![slot(message.ty.clone())];
    let error = typer.site(SiteKind::Printf { stream: PrintfStream::Error, format, arguments }, span);
    let exit = typer.site(SiteKind::Exit, span);
    let told = CallSite { builtin: &super::output::ERRORF, ..*site };
    let ended = CallSite { builtin: &super::control::EXIT, ..*site };
    let code = build::constant(1, Type::UINT64, span);
    let statement = |kind| Stmt { kind, span };
    let then = vec![
        statement(StmtKind::Expr(told.call_with(Type::Void, vec![message], Extra::site(error)))),
        statement(StmtKind::Expr(ended.call_with(Type::Void, vec![code], Extra::site(exit)))),
        statement(StmtKind::Return(None)),
    ];
    let kind = ExprKind::Unary { operator: UnaryOp::Not, operand: Box::new(condition) };
    let fails = Expr { kind, ty: Type::Bool, span };
    let check = StmtKind::If { condition: fails, then: Block { statements: then }, otherwise: Block::default() };
    let block = Block { statements: vec![statement(check)] };
    Some(Expr { kind: ExprKind::Block { block, value: Box::new(nothing(site)) }, ty: Type::Void, span })
}

fn assert_str(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let value = site.value(typer, 0)?;
    let is_text = match &value.ty {
        Type::String { .. } => true,
        Type::Array { of: item, .. } | Type::Pointer { to: item, .. } => item.size() == 1 && item.is_int(),
        _ => false,
    };
    if is_text {
        return Some(nothing(site));
    }
    let message = format!(
        "A value of type '{}' is no text: text is a string, an array of characters or a pointer to them",
        value.ty
    );
    typer.error("failed-assertion", value.span, message)
}

/// Literals have no names.
struct Nameless;

impl Names for Nameless {
    fn kernel_symbol(&self, _: u64) -> Option<String> {
        None
    }

    fn user_symbol(&self, _: u64, _: u32, _: u32) -> Option<String> {
        None
    }

    fn stack(&self, _: u64) -> Option<std::sync::Arc<Stack>> {
        None
    }

    fn username(&self, _: u64) -> Option<String> {
        None
    }

    fn cgroup_path(&self, _: u64, _: u32) -> Option<String> {
        None
    }

    fn timestamp(&self, _: Option<u32>, _: u64) -> Option<String> {
        None
    }

    fn tai_to_wall(&self, _: u64) -> (i64, i32) {
        (0, 0)
    }

    fn truncation_trailer(&self) -> &str {
        ""
    }
}
