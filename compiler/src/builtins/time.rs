//! Clocks, and text made of times.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::diagnostic::nearest;
use crate::hir::Expr;
use crate::hir::ExprKind;
use crate::kernel::Feature;
use crate::manifest::SiteKind;
use crate::sema::Extra;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static NSECS: Builtin = Builtin {
    name: "nsecs",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "nsecs[(mode)]",
    doc: "Nanoseconds since boot. `nsecs(monotonic)` leaves out time asleep, `nsecs(tai)` is international atomic time.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; }"#,
    analyze: Analysis::Call(nsecs),
    lower: calls::time::nsecs,
};

pub static ELAPSED: Builtin = Builtin {
    name: "elapsed",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "elapsed",
    doc: "Nanoseconds since tracing began.",
    example: r#"interval:s:1 { printf("%lld\n", elapsed); }"#,
    analyze: Analysis::Call(elapsed),
    lower: calls::time::elapsed,
};

pub static TIME: Builtin = Builtin {
    name: "time",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "time([format])",
    doc: "Prints the local time in a strftime format, by default `%H:%M:%S` and a newline.",
    example: r#"interval:s:1 { time("%H:%M:%S\n"); }"#,
    analyze: Analysis::Call(time),
    lower: calls::output::send,
};

pub static STRFTIME: Builtin = Builtin {
    name: "strftime",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "strftime(format, nanoseconds)",
    doc: "A time of `nsecs` or `nsecs(tai)` as local time in a strftime format; `%f` `%l` `%k` are micro-, milli- and nanoseconds.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s %s\n", strftime("%H:%M:%S.%f", nsecs), comm); }"#,
    analyze: Analysis::Call(strftime),
    lower: calls::time::strftime,
};

/// The clocks of `nsecs`: the number is the constant of the call.
const CLOCKS: &[(&str, u64)] = &[("boot", CLOCK_BOOT), ("monotonic", CLOCK_MONOTONIC), ("tai", 2), ("sw_tai", 2)];
const CLOCK_BOOT: u64 = 0;
const CLOCK_MONOTONIC: u64 = 1;

pub static JIFFIES: Builtin = Builtin {
    name: "jiffies",
    kind: Kind::Value,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "jiffies",
    doc: "The kernel's count of timer ticks.",
    example: r#"interval:s:1 { print(jiffies); }"#,
    analyze: Analysis::Call(jiffies),
    lower: calls::time::jiffies,
};

fn jiffies(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    if !typer.kernel.has(Feature::Jiffies) {
        let message = "jiffies needs bpf_jiffies64 (Linux 5.5), which this kernel lacks";
        return typer.error("missing-kernel-feature", site.span, message);
    }
    Some(site.call(Type::UINT64, Vec::new()))
}

fn nsecs(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let clock = if site.arguments.is_empty() {
        CLOCK_BOOT
    } else {
        let word = site.word(0).unwrap_or_default();
        match CLOCKS.iter().find(|(name, _)| *name == word) {
            Some((_, clock)) => *clock,
            None => {
                let known = CLOCKS.iter().map(|(name, _)| *name);
                let hint = nearest(word, known).map_or(String::new(), |best| format!(": did you mean '{best}'?"));
                let message = format!("nsecs() takes the clock boot, monotonic, tai or sw_tai{hint}");
                return typer.error("argument-type", site.argument_span(0), message);
            }
        }
    };
    Some(site.call_with(Type::UINT64, Vec::new(), Extra::constants([clock])))
}

fn elapsed(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=0)?;
    Some(site.call(Type::UINT64, Vec::new()))
}

fn time(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 0..=1)?;
    let format = match site.arguments {
        [] => "%H:%M:%S\n".to_owned(),
        _ => String::from_utf8_lossy(&site.text(typer, 0)?.0).into_owned(),
    };
    let id = typer.site(SiteKind::Time { format }, site.span);
    Some(site.call_with(Type::Void, Vec::new(), Extra::site(id)))
}

fn strftime(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 2..=2)?;
    let format = site.text(typer, 0);
    let nanoseconds = site.integer(typer, 1)?;
    if let ExprKind::Call(call) = &nanoseconds.kind
        && call.builtin.name == "nsecs"
        && call.constants == [CLOCK_MONOTONIC]
    {
        let message = "strftime() cannot tell the time of day of nsecs(monotonic): that clock stands still in suspend";
        let help = "Use nsecs, or nsecs(tai)";
        return typer.error_with("argument-type", nanoseconds.span, message, help);
    }
    let index = typer.string_index(&String::from_utf8_lossy(&format?.0));
    let nanoseconds = typer.convert(nanoseconds, &Type::UINT64)?;
    Some(site.call_with(Type::Timestamp, vec![nanoseconds], Extra::constants([index])))
}
