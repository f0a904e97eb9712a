//! Looking into text, putting it together, comparing bytes.

use crate::codegen::calls;

use super::strings::{as_string, string};
use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::sema::{CallSite, Extra, Typer, build};
use crate::types::Type;

pub static STRSTR: Builtin = Builtin {
    name: "strstr",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strstr(haystack, needle)",
    doc: "Where the second string begins in the first, counted from 0; -1 where it is not in it.",
    example: r#"t:syscalls:sys_enter_openat { $name = str(args.filename); if (strstr($name, comm) >= 0) { @ = count(); } }"#,
    analyze: Analysis::Call(strstr),
    lower: calls::text::strstr,
};

pub static STRCONTAINS: Builtin = Builtin {
    name: "strcontains",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strcontains(haystack, needle)",
    doc: "Whether the first string contains the second.",
    example: r#"t:syscalls:sys_enter_openat /strcontains(comm, "sh")/ { @ = count(); }"#,
    analyze: Analysis::Call(strcontains),
    lower: calls::text::strcontains,
};

pub static STRCAP: Builtin = Builtin {
    name: "strcap",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strcap(string)",
    doc: "How many bytes a string has room for, the NUL included; of text behind a pointer, its length.",
    example: r#"t:syscalls:sys_enter_openat { $name = str(args.filename, 32); print((strlen($name), strcap($name))); }"#,
    analyze: Analysis::Call(strcap),
    lower: crate::codegen::unfinished,
};

pub static STR_CONCAT: Builtin = Builtin {
    name: "str_concat",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "str_concat(a, b)",
    doc: "One string behind the other; cut where it is longer than the setting `max_strlen`.",
    example: r#"t:syscalls:sys_enter_openat { @[str_concat(comm, "!")] = count(); }"#,
    analyze: Analysis::Call(str_concat),
    lower: calls::text::concatenate,
};

pub static MEMCMP: Builtin = Builtin {
    name: "memcmp",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "memcmp(a, b, n)",
    doc: "Compares the first `n` bytes of two values, or behind two pointers: 0 when they are equal, -1 or 1 by the first byte that differs.",
    example: r#"t:syscalls:sys_enter_openat { if (memcmp(args.filename, "/etc", 4) == 0) { @ = count(); } }"#,
    analyze: Analysis::Call(memcmp),
    lower: calls::text::memcmp,
};

fn strstr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let (haystack, needle) = (string(typer, site, 0), string(typer, site, 1));
    Some(site.call(Type::INT64, vec![haystack?, needle?]))
}

fn strcontains(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let (haystack, needle) = (string(typer, site, 0), string(typer, site, 1));
    Some(site.call(Type::Bool, vec![haystack?, needle?]))
}

fn strcap(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let text = site.value(typer, 0)?;
    let room = text.ty.size();
    let is_pointer = matches!(text.ty, Type::Pointer { .. });
    let text = as_string(typer, site, text)?;
    if is_pointer {
        // No room is known but what the text takes.
        return Some(CallSite { builtin: &super::strings::STRLEN, ..*site }.call(Type::INT64, vec![text]));
    }
    Some(build::constant(u64::from(room), Type::INT64, site.span))
}

fn str_concat(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let (first, second) = (string(typer, site, 0), string(typer, site, 1));
    let (first, second) = (first?, second?);
    let capacity = first.ty.size().saturating_add(second.ty.size()).min(typer.config.max_strlen);
    Some(site.call(Type::String { capacity }, vec![first, second]))
}

/// The constant of the call is the number of bytes.
fn memcmp(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 3..=3)?;
    let (left, right) = (comparable(typer, site, 0), comparable(typer, site, 1));
    let count = site.literal(typer, 2)?;
    let (left, right) = (left?, right?);
    let room = |value: &Expr| match value.ty {
        Type::Pointer { .. } => typer.config.max_strlen,
        _ => value.ty.size(),
    };
    let most = room(&left).min(room(&right));
    if !(1..=i128::from(most)).contains(&count) {
        let message = format!("memcmp(): the number of bytes is from 1 to {most} here, not {count}");
        return typer.error("argument-range", site.argument_span(2), message);
    }
    Some(site.call_with(Type::INT64, vec![left, right], Extra::constants([count as u64])))
}

/// Bytes: a value in memory, or a pointer to them.
fn comparable(typer: &mut Typer<'_>, site: &CallSite<'_>, index: usize) -> Option<Expr> {
    let value = site.value(typer, index)?;
    match &value.ty {
        Type::String { .. } | Type::Array { .. } | Type::Struct { .. } | Type::Pointer { .. } => Some(value),
        Type::Tuple(_) | Type::Record(_) | Type::Inet | Type::Mac => Some(value),
        _ => site.wrong_type(typer, &value, "bytes in memory or a pointer"),
    }
}
