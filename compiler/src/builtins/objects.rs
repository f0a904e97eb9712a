//! Functions of kernel objects that the verifier must know: they take the arguments of a probe as they come.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::types::{AddressSpace, Type};

pub static SOCKET_COOKIE: Builtin = Builtin {
    name: "socket_cookie",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::only_in(&["fentry", "fexit", "iter", "rawtracepoint"]),
    signature: "socket_cookie(socket)",
    doc: "A number that belongs to a `struct sock *` for as long as it lives. The socket is an argument of the probe, or a member of one.",
    example: r#"rawtracepoint:inet_sock_set_state { @[socket_cookie(args.sk)] = count(); }"#,
    analyze: Analysis::Call(socket_cookie),
    lower: calls::objects::socket_cookie,
};

pub static PATH: Builtin = Builtin {
    name: "path",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::only_in(&["fentry", "fexit", "iter"]),
    signature: "path(path[, size])",
    doc: "The full path of a `struct path`, which is a member of an argument of the probe. The kernel allows it for iterators and for a list of functions.",
    example: r#"iter:task_file { print(path(ctx.file.f_path)); }"#,
    analyze: Analysis::Call(path),
    lower: calls::objects::path,
};

fn socket_cookie(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let socket = site.value(typer, 0)?;
    match &socket.ty {
        Type::Pointer { to, .. } if matches!(&**to, Type::Struct { name, .. } if name.starts_with("struct sock")) => {
            tracked(typer, site, &socket)?;
            Some(site.call(Type::UINT64, vec![socket]))
        }
        _ => site.wrong_type(typer, &socket, "a 'struct sock *'"),
    }
}

/// The call's argument is a pointer to the `struct path`.
fn path(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=2)?;
    let value = site.value(typer, 0)?;
    let is_path = |ty: &Type| matches!(ty, Type::Struct { name, .. } if **name == *"struct path");
    let pointer = match (&value.kind, &value.ty) {
        (_, Type::Pointer { to, .. }) if is_path(to) => value,
        // The member itself: its address.
        (ExprKind::Load { pointer, offset, bits: None }, ty) if is_path(ty) => Expr {
            kind: ExprKind::AddressOfMember { pointer: pointer.clone(), offset: *offset },
            ty: Type::pointer(ty.clone(), AddressSpace::Kernel),
            span: value.span,
        },
        _ => return site.wrong_type(typer, &value, "a 'struct path'"),
    };
    tracked(typer, site, &pointer)?;
    let most = i128::from(typer.config.max_strlen);
    let capacity = match site.arguments.len() {
        2 => {
            let size = site.integer(typer, 1)?;
            match literal(&size) {
                Some(size) if (1..=most).contains(&size) => size as u32,
                Some(size) => {
                    let message = format!("path(): the size is from 1 to {most}, not {size}");
                    return typer.error("argument-range", size_span(site), message);
                }
                None => return typer.error("literal-required", size_span(site), "path() needs a literal size"),
            }
        }
        _ => typer.config.max_strlen,
    };
    Some(site.call(Type::String { capacity }, vec![pointer]))
}

fn size_span(site: &CallSite<'_>) -> crate::source::Span {
    site.argument_span(1)
}

/// Whether a pointer comes from the probe's context: the verifier knows no other ones.
fn tracked(typer: &mut Typer<'_>, site: &CallSite<'_>, pointer: &Expr) -> Option<()> {
    let mut rest = pointer;
    loop {
        rest = match &rest.kind {
            ExprKind::Cast(inner)
            | ExprKind::Load { pointer: inner, bits: None, .. }
            | ExprKind::AddressOfMember { pointer: inner, .. } => inner,
            ExprKind::RawArgument(_) | ExprKind::ContextPointer => return Some(()),
            _ => {
                let message = format!(
                    "{}() needs an argument of the probe, or a member of one: the kernel tracks no other objects",
                    site.builtin.name
                );
                return typer.error("argument-type", pointer.span, message);
            }
        };
    }
}
