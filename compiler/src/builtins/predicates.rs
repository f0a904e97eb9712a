//! Questions that the compiler answers: what a value is, what the kernel offers.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::manifest::ProgramKind;
use crate::sema::{CallSite, Typer, build};
use crate::types::Type;

macro_rules! predicates {
    ($($record:ident $name:literal ($argument:literal) $doc:literal $example:literal $analyze:ident;)*) => {$(
        pub static $record: Builtin = Builtin {
            name: $name,
            kind: Kind::Function,
            timing: Timing::CompileTime,
            rules: Rules::NONE,
            signature: concat!($name, "(", $argument, ")"),
            doc: $doc,
            example: $example,
            analyze: Analysis::Call($analyze),
            lower: crate::codegen::unfinished,
        };
    )*};
}

predicates! {
    IS_STR "is_str" ("value") "Whether a value is a string." r#"begin { print(is_str(comm)); }"# is_str;
    IS_PTR "is_ptr" ("value") "Whether a value is a pointer."
        r#"t:syscalls:sys_enter_openat { print(is_ptr(args.filename)); }"# is_ptr;
    IS_ARRAY "is_array" ("value") "Whether a value is an array."
        r#"begin { print(is_array((int8[])"abc")); }"# is_array;
    IS_INTEGER "is_integer" ("value") "Whether a value is an integer." r#"begin { print(is_integer(pid)); }"# is_integer;
    IS_UNSIGNED_INTEGER "is_unsigned_integer" ("value") "Whether a value is an unsigned integer."
        r#"begin { print(is_unsigned_integer(pid)); }"# is_unsigned_integer;
    IS_LITERAL "is_literal" ("value") "Whether a value is known when the script is compiled, such as 1, true or \"text\"."
        r#"begin { print((is_literal(5), is_literal(pid))); }"# is_literal;
    IS_SCALAR "is_scalar" ("@map") "Whether a map has no keys."
        r#"begin { @x = 1; @y[pid] = 1; print((is_scalar(@x), is_scalar(@y))); }"# is_scalar;
    KFUNC_EXIST "kfunc_exist" ("name") "Whether the kernel has a kfunc, a function made for BPF programs."
        r#"begin { print(kfunc_exist("bpf_task_from_pid")); }"# kfunc_exist;
    KFUNC_ALLOWED "kfunc_allowed" ("name") "Whether the kernel has a kfunc and lets programs of this probe type call it."
        r#"begin { print(kfunc_allowed("bpf_task_from_pid")); }"# kfunc_allowed;
}

fn about(typer: &mut Typer<'_>, site: &CallSite<'_>, holds: fn(&Expr) -> bool) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let value = site.value(typer, 0)?;
    Some(build::boolean(holds(&value), site.span))
}

fn is_str(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.ty, Type::String { .. }))
}

fn is_ptr(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.ty, Type::Pointer { .. }))
}

fn is_array(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.ty, Type::Array { .. }))
}

fn is_integer(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.ty, Type::Int { .. }))
}

fn is_unsigned_integer(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.ty, Type::Int { signed: false, .. }))
}

fn is_literal(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    about(typer, site, |value| matches!(value.kind, ExprKind::Integer(_) | ExprKind::String(_)))
}

fn is_scalar(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let map = site.map(typer, 0)?;
    typer.map_value_type(map, site.argument_span(0))?;
    let map = typer.maps.get(map);
    Some(build::boolean(map.keyed.is_none(), site.span))
}

fn kfunc(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<String> {
    site.expect(typer, 1..=1)?;
    let (name, _) = site.text(typer, 0)?;
    Some(String::from_utf8_lossy(&name).into_owned())
}

fn kfunc_exist(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let name = kfunc(typer, site)?;
    Some(build::boolean(typer.kernel.has_kfunc(&name), site.span))
}

fn kfunc_allowed(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let name = kfunc(typer, site)?;
    let is_allowed = is_kfunc_allowed(typer, &name);
    Some(build::boolean(is_allowed, site.span))
}

/// Whether programs of the probe at hand may call a kfunc.
///
/// The kernel keeps lists by program type that it does not publish: these are the rules of 6.12 and later. A kfunc for
/// all programs is not told from one for tracing programs, except by being on [`FOR_ALL`].
pub fn is_kfunc_allowed(typer: &Typer<'_>, name: &str) -> bool {
    typer.kernel.has_kfunc(name)
        && (FOR_ALL.contains(&name)
            || match typer.program.group.program {
                ProgramKind::RawTracepoint => false,
                ProgramKind::Tracepoint | ProgramKind::PerfEvent | ProgramKind::Kprobe { .. } => {
                    crate::kernel::version(typer.kernel.release()) >= (6, 12)
                }
                _ => true,
            })
}

/// Kfuncs of the kernel's common list (`common_btf_ids` in kernel/bpf/helpers.c).
const FOR_ALL: &[&str] = &[
    "bpf_cast_to_kern_ctx",
    "bpf_rdonly_cast",
    "bpf_rcu_read_lock",
    "bpf_rcu_read_unlock",
    "bpf_dynptr_slice",
    "bpf_dynptr_slice_rdwr",
    "bpf_iter_num_new",
    "bpf_iter_num_next",
    "bpf_iter_num_destroy",
    "bpf_iter_task_vma_new",
    "bpf_iter_task_vma_next",
    "bpf_iter_task_vma_destroy",
    "bpf_iter_task_new",
    "bpf_iter_task_next",
    "bpf_iter_task_destroy",
    "bpf_dynptr_adjust",
    "bpf_dynptr_is_null",
    "bpf_dynptr_is_rdonly",
    "bpf_dynptr_size",
    "bpf_dynptr_clone",
    "bpf_preempt_disable",
    "bpf_preempt_enable",
    "bpf_iter_bits_new",
    "bpf_iter_bits_next",
    "bpf_iter_bits_destroy",
    "bpf_copy_from_user_str",
    "bpf_get_kmem_cache",
    "bpf_local_irq_save",
    "bpf_local_irq_restore",
    "bpf_strcmp",
    "bpf_strcasecmp",
    "bpf_strchr",
    "bpf_strchrnul",
    "bpf_strnchr",
    "bpf_strrchr",
    "bpf_strlen",
    "bpf_strnlen",
    "bpf_strspn",
    "bpf_strcspn",
    "bpf_strstr",
    "bpf_strnstr",
];
