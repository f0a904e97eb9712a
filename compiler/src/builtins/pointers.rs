//! Whose memory a pointer points into.

use super::{Analysis, Builtin, Kind, Timing};
use crate::hir::Expr;
use crate::sema::build;
use crate::sema::{CallSite, Typer};
use crate::types::AddressSpace;
use crate::types::Type;

pub static KPTR: Builtin = Builtin {
    name: "kptr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
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
    signature: "uptr(pointer)",
    doc: "The same pointer, read from the memory of the process.",
    example: r#"t:syscalls:sys_enter_openat { print(str(uptr(args.filename))); }"#,
    analyze: Analysis::Call(uptr),
    lower: crate::codegen::unfinished,
};

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
