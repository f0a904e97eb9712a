//! Network addresses and byte order.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::sema::build;
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static NTOP: Builtin = Builtin {
    name: "ntop",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "ntop([family, ]address)",
    doc: "An IPv4 or IPv6 address as text; the family is 2 or 10 and follows from the size of the address.",
    example: r#"begin { print(ntop(0x0100007f)); }"#,
    analyze: Analysis::Call(ntop),
    lower: calls::memory::ntop,
};

pub static MACADDR: Builtin = Builtin {
    name: "macaddr",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "macaddr(bytes)",
    doc: "Six bytes as the text of a MAC address.",
    example: r#"begin { print(macaddr(*(uint8[6]*)kaddr("do_nanosleep"))); }"#,
    analyze: Analysis::Call(macaddr),
    lower: calls::memory::macaddr,
};

pub static BSWAP: Builtin = Builtin {
    name: "bswap",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "bswap(n)",
    doc: "The integer with its bytes in reverse order.",
    example: r#"begin { $port = (uint16)0x5000; print(bswap($port)); }"#,
    analyze: Analysis::Call(bswap),
    lower: calls::memory::bswap,
};

pub static PTON: Builtin = Builtin {
    name: "pton",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "pton(address)",
    doc: "The bytes of an IPv4 or IPv6 address that is written as text: `uint8[4]` or `uint8[16]`, to compare with.",
    example: r#"begin { $lo = (uint8[4])(uint32)0x0100007f; print($lo == pton("127.0.0.1")); }"#,
    analyze: Analysis::Call(pton),
    lower: crate::codegen::unfinished,
};

/// The literal's bytes as an array.
fn pton(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let (text, span) = site.text(typer, 0)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let bytes = match text.parse() {
        Ok(std::net::IpAddr::V4(address)) => address.octets().to_vec(),
        Ok(std::net::IpAddr::V6(address)) => address.octets().to_vec(),
        Err(_) => {
            let message = format!("pton(): '{text}' is no IPv4 or IPv6 address");
            return typer.error("argument-type", span, message);
        }
    };
    let len = bytes.len() as u32;
    let literal = Expr { kind: ExprKind::String(bytes), ty: Type::String { capacity: len }, span };
    Some(build::cast(literal, Type::Array { of: Type::UINT8.into(), len }))
}

/// Address families of the kernel (linux/socket.h).
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
const MAC_SIZE: u32 = 6;

/// The call's arguments are the family and the address: an integer or bytes in memory.
fn ntop(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let given = if site.arguments.len() == 2 { Some(family(typer, site)?) } else { None };
    let address = site.value(typer, site.arguments.len() - 1)?;
    let (address, natural) = match &address.ty {
        ty if ty.is_int() => {
            let address = build::cast(typer.convert(address, &Type::UINT32)?, Type::UINT32);
            (address, AF_INET)
        }
        Type::Array { .. } | Type::String { .. } if address.ty.size() == 4 => (address, AF_INET),
        Type::Array { .. } | Type::String { .. } if address.ty.size() == 16 => (address, AF_INET6),
        _ => return site.wrong_type(typer, &address, "an integer, or 4 or 16 bytes"),
    };
    let family = given.unwrap_or_else(|| build::constant(natural, Type::UINT64, site.span));
    Some(site.call(Type::Inet, vec![family, address]))
}

fn family(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let span = site.argument_span(0);
    match site.word(0) {
        Some("AF_INET") => return Some(build::constant(AF_INET, Type::UINT64, span)),
        Some("AF_INET6") => return Some(build::constant(AF_INET6, Type::UINT64, span)),
        _ => {}
    }
    let family = site.integer(typer, 0)?;
    if let Some(number) = literal(&family)
        && ![AF_INET, AF_INET6].map(i128::from).contains(&number)
    {
        let message = format!("ntop(): the address family is AF_INET (2) or AF_INET6 (10), not {number}");
        return typer.error("argument-range", span, message);
    }
    typer.convert(family, &Type::UINT64)
}

fn macaddr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let bytes = site.value(typer, 0)?;
    match &bytes.ty {
        Type::Array { .. } | Type::String { .. } if bytes.ty.size() == MAC_SIZE => {
            Some(site.call(Type::Mac, vec![bytes]))
        }
        _ => site.wrong_type(typer, &bytes, "an array of 6 bytes"),
    }
}

fn bswap(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let number = site.value(typer, 0)?;
    let Type::Int { bytes, .. } = number.ty else {
        return site.wrong_type(typer, &number, "an integer");
    };
    let ty = Type::Int { bytes, signed: false };
    let number = typer.convert(number, &ty)?;
    Some(site.call(ty, vec![number]))
}
