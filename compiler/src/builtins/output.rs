//! Lines of output: formatted text and printed values.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::manifest::{PrintfStream, SiteKind};
use crate::sema::build;
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::sema::{Extra, formats, slot};
use crate::syntax::ast::{self, Ident};
use crate::types::Type;

pub static PRINTF: Builtin = Builtin {
    name: "printf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "printf(format, ...)",
    doc: "Prints formatted text. `%s` takes a value of any type in its natural form.",
    example: r#"t:syscalls:sys_enter_openat { printf("%-16s %d\n", comm, pid); }"#,
    analyze: Analysis::Call(printf),
    lower: calls::output::send,
};

pub static PRINT: Builtin = Builtin {
    name: "print",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "print(value) or print(@map[, top[, divisor]])",
    doc: "Prints a value and a newline, or a whole map: its `top` largest entries, values divided by `divisor`.",
    example: r#"interval:s:1 { print(@opens, 5); clear(@opens); } t:syscalls:sys_enter_openat { @opens[comm] = count(); }"#,
    analyze: Analysis::Call(print),
    lower: calls::output::print,
};

pub static ERRORF: Builtin = Builtin {
    name: "errorf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "errorf(format, ...)",
    doc: "Prints formatted text as an error, with its place in the script.",
    example: r#"begin { errorf("no such device: %d\n", 7); }"#,
    analyze: Analysis::Call(errorf),
    lower: calls::output::send,
};

pub static WARNF: Builtin = Builtin {
    name: "warnf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "warnf(format, ...)",
    doc: "Prints formatted text as a warning, with its place in the script.",
    example: r#"begin { warnf("only %d processors\n", ncpus); }"#,
    analyze: Analysis::Call(warnf),
    lower: calls::output::send,
};

fn printf(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    formatted(typer, site, PrintfStream::Out)
}

fn errorf(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    formatted(typer, site, PrintfStream::Error)
}

fn warnf(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    formatted(typer, site, PrintfStream::Warning)
}

fn formatted(typer: &mut Typer<'_>, site: &CallSite<'_>, stream: PrintfStream) -> Option<Expr> {
    site.expect(typer, 1..=usize::MAX)?;
    let (format, arguments, values) = formats::formatted(typer, site, 0)?;
    let id = typer.site(SiteKind::Printf { stream, format, arguments }, site.span);
    Some(site.call_with(Type::Void, values, Extra::site(id)))
}

/// `print(@m)` sends a request: user space prints the map as it is then. Other values travel with the event.
fn print(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=3)?;
    match site.map_name(0) {
        Some((_, [])) => return print_map(typer, site),
        Some((name, key)) => {
            let id = typer.maps.named(name);
            if let Some(ty @ Type::Aggregate(_)) = typer.maps.get(id).value.ty()
                && crate::sema::read_type(&ty).is_none()
                && site.arguments.len() == 1
            {
                return print_entry(typer, site, name, key);
            }
        }
        None => {}
    }
    if site.arguments.len() > 1 {
        let message = "print() takes 'top' and 'divisor' for whole maps only";
        return typer.error("argument-count", site.span, message);
    }
    let value = site.value(typer, 0)?;
    let id = typer.site(SiteKind::Print { value: slot(value.ty.clone()) }, site.span);
    Some(site.call_with(Type::Void, vec![value], Extra::site(id)))
}

/// `print(@m[k])` of what programs cannot read: the key travels, user space looks the entry up.
fn print_entry(typer: &mut Typer<'_>, site: &CallSite<'_>, name: &Ident, key: &[ast::Expr]) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let span = site.argument_span(0);
    let (map, key) = typer.map_access(name, key, span)?;
    typer.map_value_type(map, span)?;
    let key = key?;
    let id = typer.site(SiteKind::PrintEntry { map, key: slot(key.ty.clone()) }, site.span);
    Some(site.call_with(Type::Void, vec![key], Extra::site(id)))
}

fn print_map(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let map = site.map(typer, 0)?;
    let mut limits = Vec::new();
    for index in 1..3 {
        limits.push(match site.arguments.len() > index {
            true => {
                let limit = site.integer(typer, index)?;
                if let Some(number) = literal(&limit).filter(|number| *number < 0) {
                    let what = ["number of entries", "divisor"][index - 1];
                    let message = format!("print(): the {what} cannot be negative: {number}");
                    return typer.error("argument-range", site.argument_span(index), message);
                }
                typer.convert(limit, &Type::UINT64)?
            }
            false => build::constant(0, Type::UINT64, site.span),
        });
    }
    typer.map_value_type(map, site.argument_span(0))?;
    if !typer.program.loops.is_empty() {
        let warning = Diagnostic::warning(
            "print-in-loop",
            site.span,
            "print() of a map is asynchronous: in a loop it may print the same values every time",
        );
        typer.report(warning);
    }
    let id = typer.site(SiteKind::PrintMap { map }, site.span);
    let extra = Extra { site: Some(id), ..Extra::map(map, None) };
    Some(site.call_with(Type::Void, limits, extra))
}
