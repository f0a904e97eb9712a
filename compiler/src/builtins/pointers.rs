//! Whose memory a pointer points into.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::syntax::ast::BinaryOp;
use crate::types::AddressSpace;
use crate::types::Type;

pub static KPTR: Builtin = Builtin {
    name: "kptr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "kptr(pointer)",
    doc: "The same pointer, read from kernel memory.",
    example: r#"t:syscalls:sys_enter_openat { print(str(kptr(args.filename))); }"#,
    analyze: Analysis::Call(kptr),
    lower: crate::codegen::unfinished,
};

pub static UPTR: Builtin = Builtin {
    name: "uptr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "uptr(pointer)",
    doc: "The same pointer, read from the memory of the process.",
    example: r#"t:syscalls:sys_enter_openat { print(str(uptr(args.filename))); }"#,
    analyze: Analysis::Call(uptr),
    lower: crate::codegen::unfinished,
};

pub static IS_ERR: Builtin = Builtin {
    name: "is_err",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "is_err(pointer)",
    doc: "Whether a pointer of the kernel holds an error number instead of an address.",
    example: r#"rawtracepoint:sched_switch { if (is_err(arg1)) { @ = count(); } }"#,
    analyze: Analysis::Call(is_err),
    lower: crate::codegen::unfinished,
};

pub static CONTAINER_OF: Builtin = Builtin {
    name: "container_of",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "container_of(pointer, type, member)",
    doc: "The struct of a type that holds what a pointer points to as a member, or as a member of a member: `a.b`.",
    example: r#"begin { $name = (int8*)(curtask + 0); $t = container_of($name, struct task_struct, comm); print($t != 0); }"#,
    analyze: Analysis::Call(container_of),
    lower: crate::codegen::unfinished,
};

/// The kernel's MAX_ERRNO (include/linux/err.h).
const MAX_ERROR: u64 = 4095;

fn is_err(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let address = site.address(typer, 0)?;
    let least = build::constant(0_u64.wrapping_sub(MAX_ERROR), Type::UINT64, site.span);
    Some(build::binary(BinaryOp::Ge, address, least, Type::Bool, site.span))
}

fn container_of(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 3..=3)?;
    let member = site.value(typer, 0);
    let (ty, path) = (site.type_name(typer, 1), site.member_path(typer, 2));
    let (member, mut ty, path) = (member?, ty?, path?);
    if let Type::Pointer { to, .. } = &ty {
        ty = (**to).clone();
    }
    let offset = typer.member_offset(&ty, &path)?;
    let space = match &member.ty {
        Type::Pointer { space, .. } => *space,
        ty if ty.is_int() => typer.default_space(),
        _ => return site.wrong_type(typer, &member, "a pointer"),
    };
    let space = if space == AddressSpace::Trusted { AddressSpace::Kernel } else { space };
    let target = Type::pointer(ty, space);
    let kind = ExprKind::PointerOffset {
        pointer: Box::new(build::cast(member, target.clone())),
        index: Box::new(build::constant(1, Type::INT64, site.span)),
        scale: -i64::from(offset),
    };
    Some(Expr { kind, ty: target, span: site.span })
}

fn kptr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    in_space(typer, site, AddressSpace::Kernel)
}

fn uptr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    in_space(typer, site, AddressSpace::User)
}

/// A cast: the address stays, an integer becomes the address of a uint64.
fn in_space(typer: &mut Typer<'_>, site: &CallSite<'_>, space: AddressSpace) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let pointer = site.value(typer, 0)?;
    match &pointer.ty {
        Type::Pointer { to, .. } => {
            let to = to.clone();
            Some(build::cast(pointer, Type::Pointer { to, space }))
        }
        ty if ty.is_int() => {
            let address = typer.convert(pointer, &Type::UINT64)?;
            Some(build::cast(address, Type::pointer(Type::UINT64, space)))
        }
        _ => site.wrong_type(typer, &pointer, "a pointer or an integer"),
    }
}
