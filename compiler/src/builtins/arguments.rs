//! The data that a probe carries: `args`, `argN`, `retval`, `ctx`.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::hir::Expr;
use crate::hir::ExprKind;
use crate::probes::Data;
use crate::sema::{CallSite, Typer};
use crate::types::AddressSpace;
use crate::types::Type;

pub static ARGS: Builtin = Builtin {
    name: "args",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "args",
    doc: "The arguments of a tracepoint or a kernel function by name: `args.filename`; `args` alone is a record of all.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s\n", str(args.filename)); }"#,
    analyze: Analysis::Call(args),
    lower: crate::codegen::unfinished,
};

pub static ARGUMENT: Builtin = Builtin {
    name: "arg0",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "arg0, arg1, ...",
    doc: "Arguments of a traced function or raw tracepoint by position, as 64-bit integers.",
    example: r#"uprobe:/bin/bash:readline { printf("%s\n", str(arg0)); }"#,
    analyze: Analysis::Call(argument),
    lower: crate::codegen::unfinished,
};

pub static RETVAL: Builtin = Builtin {
    name: "retval",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "retval",
    doc: "What the traced function returned: a 64-bit integer, in fexit probes of the function's own type.",
    example: r#"uretprobe:/bin/bash:readline { printf("%s\n", str(retval)); }"#,
    analyze: Analysis::Call(retval),
    lower: crate::codegen::unfinished,
};

pub static CTX: Builtin = Builtin {
    name: "ctx",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "ctx",
    doc: "The context that the kernel hands to the probe, as a pointer. Of an iterator: a struct with what it visits.",
    example: r#"iter:task { printf("%d %s\n", ctx.task.pid, ctx.task.comm); }"#,
    analyze: Analysis::Call(ctx),
    lower: crate::codegen::unfinished,
};

/// Arguments that x86-64 passes in registers.
const REGISTER_ARGUMENTS: u32 = 6;
/// The most arguments that a tracepoint has (MAX_BPF_FUNC_ARGS of the kernel).
const RAW_ARGUMENTS: u32 = 12;

/// `args` alone; `args.name` is resolved before it gets here.
fn args(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    typer.whole_arguments(site.span)
}

fn argument(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    let name = site.function.name.as_str();
    typer.check_context(name, site.span)?;
    let index = super::argument_index(name)?;
    let count = match &typer.program.group.data {
        Data::Usdt(arguments) => {
            let arguments = arguments.clone();
            return crate::probes::usdt::arguments::read(typer, site, &arguments, index);
        }
        Data::FunctionEntry(_) | Data::FunctionInside | Data::KernelEntry(_) | Data::KernelInside => REGISTER_ARGUMENTS,
        Data::RawTracepoint(_) => RAW_ARGUMENTS,
        Data::Tracepoint(_) => {
            let diagnostic = Diagnostic::error(
                "not-in-this-probe",
                site.span,
                format!("{name} cannot be used in tracepoint probes"),
            )
            .with_help("The arguments of a tracepoint have names: args.NAME");
            return typer.fail(diagnostic);
        }
        Data::TrampolineEntry(_) | Data::TrampolineReturn(_) => {
            let kind = typer.program.group.kind();
            let message = format!("{name} cannot be used in {kind} probes");
            let diagnostic = Diagnostic::error("not-in-this-probe", site.span, message)
                .with_help("The arguments have names: args.NAME");
            return typer.fail(diagnostic);
        }
        Data::ProgramEntry | Data::ProgramReturn => {
            let message = format!("{name} cannot be used where a BPF program is traced");
            let diagnostic = Diagnostic::error("not-in-this-probe", site.span, message)
                .with_help("What a program gets is not described; fexit has what it returns: retval");
            return typer.fail(diagnostic);
        }
        _ => return typer.not_in_this_probe(name, site.span),
    };
    if index >= count {
        let message = format!("{name} does not exist: arguments are arg0 to arg{}", count - 1);
        return typer.error("argument-index", site.span, message);
    }
    Some(Expr { kind: ExprKind::Argument(index), ty: Type::UINT64, span: site.span })
}

fn retval(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    typer.check_context("retval", site.span)?;
    match &typer.program.group.data {
        Data::FunctionReturn(Some(function)) => {
            let result = function.result.clone();
            return Some(typer.register_result(&result, site.span));
        }
        Data::FunctionReturn(None) | Data::KernelReturn => {}
        Data::TrampolineReturn(function) => {
            let function = function.clone();
            return typer.function_result(&function, site.span);
        }
        // Programs return a number of 32 bits, some of them a negative one.
        Data::ProgramReturn => {
            return Some(Expr { kind: ExprKind::ReturnValue, ty: Type::INT32, span: site.span });
        }
        _ => return typer.not_in_this_probe("retval", site.span),
    }
    Some(Expr { kind: ExprKind::ReturnValue, ty: Type::UINT64, span: site.span })
}

fn ctx(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    typer.check_context("ctx", site.span)?;
    if typer.program.group.context == Context::None {
        return typer.not_in_this_probe("ctx", site.span);
    }
    let to = match &typer.program.group.data {
        Data::Iterator(name) => match typer.kernel.named_type(name) {
            Some(ty) => ty,
            None => return typer.error("incomplete-type", site.span, format!("The fields of '{name}' are not known")),
        },
        _ => Type::Void,
    };
    let ty = Type::pointer(to, AddressSpace::Trusted);
    Some(Expr { kind: ExprKind::ContextPointer, ty, span: site.span })
}
