//! Output that needs user space: argument vectors, files, shell commands.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::manifest::SiteKind;
use crate::sema::{CallSite, Typer};
use crate::sema::{Extra, build, formats, slot};
use crate::types::Type;

pub static JOIN: Builtin = Builtin {
    name: "join",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "join(strings[, separator])",
    doc: "Prints a NULL-terminated array of strings in one line, such as the arguments of `execve`: 16 strings at most.",
    example: r#"t:syscalls:sys_enter_execve { join(args.argv); }"#,
    analyze: Analysis::Call(join),
    lower: calls::output::join,
};

pub static CAT: Builtin = Builtin {
    name: "cat",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "cat(format, ...)",
    doc: "Prints the file of that name.",
    example: r#"interval:s:5 { cat("/proc/loadavg"); }"#,
    analyze: Analysis::Call(cat),
    lower: calls::output::send,
};

pub static SYSTEM: Builtin = Builtin {
    name: "system",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::UNSAFE,
    signature: "system(format, ...)",
    doc: "Runs a shell command and prints its output.",
    example: r#"interval:s:5 { system("uptime"); }"#,
    analyze: Analysis::Call(system),
    lower: calls::output::send,
};

/// How many strings `join` prints, and the bytes of each, NUL included.
const JOIN_STRINGS: usize = 16;
const JOIN_STRING_SIZE: u32 = 1024;

fn join(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let strings = site.value(typer, 0)?;
    let separator = match site.arguments.len() {
        2 => String::from_utf8_lossy(&site.text(typer, 1)?.0).into_owned(),
        _ => " ".to_owned(),
    };
    let pointer_to_text = Type::pointer(Type::INT8, typer.default_space());
    let array = match &strings.ty {
        Type::Pointer { .. } => strings,
        ty if ty.is_int() => {
            let address = typer.convert(strings, &Type::UINT64)?;
            build::cast(address, Type::pointer(pointer_to_text, typer.default_space()))
        }
        _ => return site.wrong_type(typer, &strings, "a pointer to an array of strings (char **)"),
    };
    let capacity = JOIN_STRING_SIZE.min(typer.config.max_strlen);
    let arguments = vec![slot(Type::String { capacity }); JOIN_STRINGS];
    let id = typer.site(SiteKind::Join { separator, arguments }, site.span);
    Some(site.call_with(Type::Void, vec![array], Extra::site(id)))
}

fn cat(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=usize::MAX)?;
    let (format, arguments, values) = formats::formatted(typer, site, 0)?;
    let id = typer.site(SiteKind::Cat { format, arguments }, site.span);
    Some(site.call_with(Type::Void, values, Extra::site(id)))
}

fn system(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=usize::MAX)?;
    let (format, arguments, values) = formats::formatted(typer, site, 0)?;
    let id = typer.site(SiteKind::System { format, arguments }, site.span);
    Some(site.call_with(Type::Void, values, Extra::site(id)))
}
