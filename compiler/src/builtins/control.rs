//! Ending the run.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::manifest::SiteKind;
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::sema::{Extra, build};
use crate::types::Type;

pub static EXIT: Builtin = Builtin {
    name: "exit",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "exit([code])",
    doc: "Ends the run after `end` probes; the code becomes the exit status. Nothing after it is executed.",
    example: r#"interval:s:10 { exit(); }"#,
    analyze: Analysis::Call(exit),
    lower: calls::output::exit,
};

/// The statement that holds the call leaves the program after it.
fn exit(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let code = match site.arguments {
        [] => build::constant(0, Type::UINT64, site.span),
        _ => site.integer(typer, 0)?,
    };
    if let Some(code) = literal(&code)
        && !(0..=255).contains(&code)
    {
        let message = format!("The exit code is from 0 to 255, not {code}");
        return typer.error("argument-range", site.argument_span(0), message);
    }
    if typer.program.function.is_some() {
        let message = "exit() cannot be used in a function: the probe that calls it would go on";
        return typer.error("exit-in-function", site.span, message);
    }
    if typer.in_callback() {
        return typer.error("exit-in-loop", site.span, "exit() cannot be used inside a for loop");
    }
    let code = build::cast(typer.convert(code, &Type::UINT64)?, Type::UINT64);
    let id = typer.site(SiteKind::Exit, site.span);
    Some(site.call_with(Type::Void, vec![code], Extra::site(id)))
}
