//! Text and bytes from memory, and comparing them.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::sema::{Extra, build};
use crate::syntax::ast::{self, BinaryOp};
use crate::types::Type;

pub static STR: Builtin = Builtin {
    name: "str",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "str(pointer[, length])",
    doc: "Reads text up to a NUL. `length` counts the NUL; the most is the setting `max_strlen`.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s\n", str(args.filename)); }"#,
    analyze: Analysis::Call(str),
    lower: calls::memory::str,
};

pub static BUF: Builtin = Builtin {
    name: "buf",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "buf(data[, length])",
    doc: "Reads raw bytes; the length may be left out for arrays.",
    example: r#"t:syscalls:sys_enter_write { printf("%r\n", buf(args.buf, 16)); }"#,
    analyze: Analysis::Call(buf),
    lower: calls::memory::buf,
};

pub static STRNCMP: Builtin = Builtin {
    name: "strncmp",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strncmp(a, b, n)",
    doc: "Compares the first `n` bytes of two strings; 0 when they are equal.",
    example: r#"t:syscalls:sys_enter_openat /strncmp(comm, "python", 6) == 0/ { @ = count(); }"#,
    analyze: Analysis::Call(strncmp),
    lower: calls::text::strncmp,
};

pub static STRLEN: Builtin = Builtin {
    name: "strlen",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strlen(string)",
    doc: "The bytes of a string, an array of characters, or of text behind a pointer, before its NUL.",
    example: r#"t:syscalls:sys_enter_openat { @ = hist(strlen(str(args.filename))); }"#,
    analyze: Analysis::Call(strlen),
    lower: calls::text::strlen,
};

/// The call's arguments are the pointer and, where the script gives it, the length.
fn str(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    if let Some(text) = positional_text(typer, site) {
        return Some(build::string(text?, site.span));
    }
    let data = site.value(typer, 0)?;
    let most = typer.config.max_strlen;
    if let (Type::String { .. }, 1) = (&data.ty, site.arguments.len()) {
        return Some(data);
    }
    let (length, capacity) = length(typer, site, most, 1)?;
    let pointer = match &data.ty {
        Type::Pointer { .. } => data,
        // Text that is cut: its own bytes, no pointer.
        Type::String { capacity: own } => {
            let ty = Type::String { capacity: capacity.min(*own) };
            return Some(site.call(ty, [Some(data), length].into_iter().flatten().collect()));
        }
        Type::Array { of, len } if of.size() == 1 => {
            let capacity = *len;
            return Some(build::cast(data, Type::String { capacity }));
        }
        ty if ty.is_int() => {
            let address = typer.convert(data, &Type::UINT64)?;
            build::cast(address, Type::pointer(Type::INT8, typer.default_space()))
        }
        _ => return site.wrong_type(typer, &data, "a pointer"),
    };
    Some(site.call(Type::String { capacity }, [Some(pointer), length].into_iter().flatten().collect()))
}

/// `str($1)` and `str($1 + 2)`: the text of a parameter, also where it is a number.
fn positional_text(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Option<Vec<u8>>> {
    let (number, skip) = match &site.written(typer, 0)?.kind {
        ast::ExprKind::Positional(number) => (*number, 0),
        ast::ExprKind::Binary { operator: BinaryOp::Add, left, right } => match (&left.kind, &right.kind) {
            (ast::ExprKind::Positional(number), ast::ExprKind::Integer { value, .. }) => (*number, *value),
            _ => return None,
        },
        _ => return None,
    };
    let span = site.argument_span(0);
    let text = typer.positional_text(number, span).unwrap_or_default().into_bytes();
    let rest = usize::try_from(skip).ok().and_then(|skip| text.get(skip..)).map(<[u8]>::to_vec);
    Some(match rest {
        Some(rest) if rest.len() < typer.config.max_strlen as usize => Some(rest),
        Some(rest) => {
            typer.error("string-too-long", span, format!("Parameter ${number} is too long: {} bytes", rest.len()))
        }
        None => typer.error("index-out-of-range", span, format!("Parameter ${number} has only {} bytes", text.len())),
    })
}

/// The length argument, and the capacity that follows: `extra` bytes more than a literal, at most `most`.
fn length(typer: &mut Typer<'_>, site: &CallSite<'_>, most: u32, extra: u32) -> Option<(Option<Expr>, u32)> {
    if site.arguments.len() < 2 {
        return Some((None, most));
    }
    let length = site.integer(typer, 1)?;
    let capacity = match literal(&length) {
        Some(count) if count < 1 => {
            let message = format!("{}(): the length must be greater than zero", site.builtin.name);
            return typer.error("argument-range", length.span, message);
        }
        Some(count) => u32::try_from(count).unwrap_or(most).saturating_add(extra).min(most),
        None => most,
    };
    let length = typer.convert(length, &Type::UINT64)?;
    Some((Some(length), capacity))
}

/// The call's arguments are the data, a pointer or bytes in memory, and, where the script gives it, the length.
fn buf(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let most = typer.config.max_strlen.saturating_sub(4).max(1);
    let data = site.value(typer, 0)?;
    let (length, mut capacity) = length(typer, site, most, 0)?;
    let data = match &data.ty {
        Type::Buffer { .. } if length.is_none() => return Some(data),
        Type::Array { .. } | Type::String { .. } | Type::Struct { .. } => {
            capacity = capacity.min(data.ty.size()).max(1);
            data
        }
        ty if length.is_none() => {
            let message = format!("buf() needs a length for a value of type '{ty}'");
            return typer.error("argument-count", site.span, message);
        }
        Type::Pointer { .. } => data,
        ty if ty.is_int() => {
            let address = typer.convert(data, &Type::UINT64)?;
            build::cast(address, Type::pointer(Type::UINT8, typer.default_space()))
        }
        _ => return site.wrong_type(typer, &data, "a pointer or an array"),
    };
    Some(site.call(Type::Buffer { capacity }, [Some(data), length].into_iter().flatten().collect()))
}

fn strncmp(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 3..=3)?;
    let (left, right) = (string(typer, site, 0), string(typer, site, 1));
    let count = site.literal(typer, 2)?;
    let Ok(count @ 1..) = u64::try_from(count) else {
        let diagnostic =
            Diagnostic::error("argument-range", site.argument_span(2), "strncmp(): n must be greater than zero");
        return typer.fail(diagnostic);
    };
    Some(site.call_with(Type::UINT64, vec![left?, right?], Extra::constants([count])))
}

fn strlen(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let text = string(typer, site, 0)?;
    Some(site.call(Type::UINT64, vec![text]))
}

/// Text: a string, an array of characters, or a pointer to characters, which is read.
pub(super) fn string(typer: &mut Typer<'_>, site: &CallSite<'_>, index: usize) -> Option<Expr> {
    let text = site.value(typer, index)?;
    as_string(typer, site, text)
}

/// A value that is text in one of these forms, as a string.
pub(super) fn as_string(typer: &mut Typer<'_>, site: &CallSite<'_>, text: Expr) -> Option<Expr> {
    match &text.ty {
        Type::String { .. } => Some(text),
        Type::Array { of, len } if of.size() == 1 && of.is_int() => {
            let capacity = *len;
            Some(build::cast(text, Type::String { capacity }))
        }
        Type::Pointer { to, .. } if to.size() == 1 && to.is_int() => {
            let ty = Type::String { capacity: typer.config.max_strlen };
            Some(CallSite { builtin: &STR, ..*site }.call(ty, vec![text]))
        }
        _ => site.wrong_type(typer, &text, "a string"),
    }
}
