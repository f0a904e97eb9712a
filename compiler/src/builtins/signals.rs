//! Programs that act on what they trace: signals, changed results, changed memory.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::kernel::Feature;
use crate::manifest::{PrintfStream, SiteId, SiteKind};
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Extra, Typer, build, formats, slot};
use crate::syntax::ast;
use crate::types::{AddressSpace, Type};

pub static SIGNAL: Builtin = Builtin {
    name: "signal",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::unsafe_in(SIGNALLING),
    signature: "signal(number or name)",
    doc: "Sends a signal to the current process: a number from 1 to 64, or a name with or without `SIG`.",
    example: r#"t:syscalls:sys_enter_openat /comm == "intruder"/ { signal("KILL"); }"#,
    analyze: Analysis::Call(signal),
    lower: calls::effects::signal,
};

pub static SIGNAL_THREAD: Builtin = Builtin {
    name: "signal_thread",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::unsafe_in(SIGNALLING),
    signature: "signal_thread(number or name)",
    doc: "Sends a signal to the current thread: a number from 1 to 64, or a name with or without `SIG`.",
    example: r#"t:syscalls:sys_enter_openat /comm == "worker"/ { signal_thread("SIGSTOP"); }"#,
    analyze: Analysis::Call(signal),
    lower: calls::effects::signal_thread,
};

pub static OVERRIDE: Builtin = Builtin {
    name: "override",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::unsafe_in(&["kprobe"]),
    signature: "override(result)",
    doc: "The traced kernel function is not executed and returns this. Only functions made for error injection allow it.",
    example: r#"kprobe:__x64_sys_getuid /comm == "id"/ { override(5); }"#,
    analyze: Analysis::Call(override_result),
    lower: calls::effects::override_result,
};

pub static WRITE_USER: Builtin = Builtin {
    name: "write_user",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::UNSAFE,
    signature: "write_user(address, value, length)",
    doc: "Writes the first `length` bytes of a value to the memory of the current process. True when that worked; a kernel that is locked down does not allow it.",
    example: r#"t:syscalls:sys_enter_openat /comm == "test"/ { print(write_user(args.filename, "/dev/null", 10)); }"#,
    analyze: Analysis::Call(write_user),
    lower: calls::effects::write_user,
};

/// Probe types whose programs run in the process that they concern.
const SIGNALLING: &[&str] = &[
    "kprobe",
    "kretprobe",
    "uprobe",
    "uretprobe",
    "usdt",
    "tracepoint",
    "profile",
    "fentry",
    "fexit",
    "rawtracepoint",
];

/// Signals by name (asm-generic/signal.h).
const NAMES: &[(&str, u64)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("POLL", 29),
    ("PWR", 30),
    ("SYS", 31),
];
/// The highest signal.
const MAX_SIGNAL: i128 = 64;

/// The call's argument is the number; its constants are the sites that tell of a number out of range and of a failure.
fn signal(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let name = site.builtin.name;
    if !typer.kernel.has(Feature::SendSignal) {
        let message = format!("{name}() needs bpf_send_signal_thread (Linux 5.5), which this kernel lacks");
        return typer.error("missing-kernel-feature", site.span, message);
    }
    let number = if let ast::ExprKind::String(_) = site.written(typer, 0)?.kind {
        by_name(typer, site)?
    } else {
        site.integer(typer, 0)?
    };
    if let Some(number) = literal(&number)
        && !(1..=MAX_SIGNAL).contains(&number)
    {
        let message = format!("{name}(): a signal is a number from 1 to {MAX_SIGNAL}, not {number}");
        return typer.error("argument-range", site.argument_span(0), message);
    }
    let number = typer.convert(number, &Type::INT64)?;
    let out_of_range =
        told(typer, site, PrintfStream::Error, &format!("{name}() expects a number from 1 to 64, not %lld\n"));
    let failed = told(typer, site, PrintfStream::Warning, &format!("{name}() failed with error %lld\n"));
    let constants = [u64::from(out_of_range?.0), u64::from(failed?.0)];
    Some(site.call_with(Type::Void, vec![number], Extra::constants(constants)))
}

fn by_name(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let (text, span) = site.text(typer, 0)?;
    let text = String::from_utf8_lossy(&text).to_ascii_uppercase();
    let short = text.strip_prefix("SIG").unwrap_or(&text);
    match NAMES.iter().find(|(name, _)| *name == short) {
        Some((_, number)) => build::number(i128::from(*number), span),
        None => {
            let diagnostic = Diagnostic::error("argument-type", span, format!("There is no signal '{text}'"))
                .with_suggestion(short, NAMES.iter().map(|(name, _)| *name));
            typer.fail(diagnostic)
        }
    }
}

/// The site of a message with one number.
fn told(typer: &mut Typer<'_>, site: &CallSite<'_>, stream: PrintfStream, text: &str) -> Option<SiteId> {
    let format = formats::parse(text.as_bytes()).ok()?;
    Some(typer.site(SiteKind::Printf { stream, format, arguments: vec![slot(Type::INT64)] }, site.span))
}

fn override_result(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    typer.check_context("override()", site.span)?;
    if !typer.kernel.has(Feature::OverrideReturn) {
        let message = "override() needs bpf_override_return (CONFIG_BPF_KPROBE_OVERRIDE), which this kernel lacks";
        return typer.error("missing-kernel-feature", site.span, message);
    }
    let result = site.integer(typer, 0)?;
    Some(site.call(Type::Void, vec![result]))
}

/// The call's arguments are the address, the value and the length.
fn write_user(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 3..=3)?;
    let address = site.address(typer, 0);
    let value = site.value(typer, 1);
    let length = site.integer(typer, 2)?;
    let (address, value) = (address?, value?);
    if let Type::Pointer { space: AddressSpace::User, .. } = value.ty {
        return site.wrong_type(typer, &value, "a value, not a pointer into the process");
    }
    if value.ty.size() == 0 {
        return site.wrong_type(typer, &value, "a value with bytes");
    }
    let most = i128::from(value.ty.size());
    if let Some(count) = literal(&length)
        && !(1..=most).contains(&count)
    {
        let message = format!("write_user(): the value has {most} bytes, the length is from 1 to that, not {count}");
        return typer.error("argument-range", site.argument_span(2), message);
    }
    let length = typer.convert(length, &Type::UINT64)?;
    Some(site.call(Type::Bool, vec![address, value, length]))
}
