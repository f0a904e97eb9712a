//! Aggregations: the right side of `@map = ...`, kept per CPU and merged when read.

use super::{Analysis, Builtin, Kind, Rules, Sampled, Timing};
use crate::aggregations::{hist::MAX_BITS, lhist::MAX_BUCKETS};
use crate::diagnostic::Diagnostic;
use crate::hir::Expr;
use crate::sema::config::Unstable;
use crate::sema::{CallSite, Typer, build};
use crate::types::{Aggregate, SeriesFunction, Type};

pub static COUNT: Builtin = Builtin {
    name: "count",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "count()",
    doc: "Counts how often it is called.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); }"#,
    analyze: Analysis::Aggregation(count),
    lower: crate::codegen::unfinished,
};

pub static SUM: Builtin = Builtin {
    name: "sum",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "sum(n)",
    doc: "Adds up the values.",
    example: r#"t:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }"#,
    analyze: Analysis::Aggregation(sum),
    lower: crate::codegen::unfinished,
};

pub static MIN: Builtin = Builtin {
    name: "min",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "min(n)",
    doc: "Keeps the smallest value.",
    example: r#"t:syscalls:sys_exit_read { @ = min(args.ret); }"#,
    analyze: Analysis::Aggregation(min),
    lower: crate::codegen::unfinished,
};

pub static MAX: Builtin = Builtin {
    name: "max",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "max(n)",
    doc: "Keeps the largest value.",
    example: r#"t:syscalls:sys_exit_read { @ = max(args.ret); }"#,
    analyze: Analysis::Aggregation(max),
    lower: crate::codegen::unfinished,
};

pub static AVG: Builtin = Builtin {
    name: "avg",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "avg(n)",
    doc: "Keeps the average of the values.",
    example: r#"t:syscalls:sys_exit_read { @[comm] = avg(args.ret); }"#,
    analyze: Analysis::Aggregation(avg),
    lower: crate::codegen::unfinished,
};

pub static STATS: Builtin = Builtin {
    name: "stats",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "stats(n)",
    doc: "Keeps count, average and total of the values.",
    example: r#"t:syscalls:sys_exit_read { @[comm] = stats(args.ret); }"#,
    analyze: Analysis::Aggregation(stats),
    lower: crate::codegen::unfinished,
};

pub static HIST: Builtin = Builtin {
    name: "hist",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "hist(n[, bits])",
    doc: "A histogram by powers of two; `bits` from 0 to 5 divides each power into 2^bits buckets.",
    example: r#"t:syscalls:sys_exit_read { @ = hist(args.ret); }"#,
    analyze: Analysis::Aggregation(hist),
    lower: crate::codegen::unfinished,
};

pub static LHIST: Builtin = Builtin {
    name: "lhist",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "lhist(n, min, max, step)",
    doc: "A histogram with buckets of equal width between `min` and `max`.",
    example: r#"t:syscalls:sys_exit_read { @ = lhist(args.ret, 0, 4096, 256); }"#,
    analyze: Analysis::Aggregation(lhist),
    lower: crate::codegen::unfinished,
};

pub static TSERIES: Builtin = Builtin {
    name: "tseries",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "tseries(n, interval, count[, function])",
    doc: "The values of the last `count` intervals: the last value of each, or its `avg`, `max`, `min` or `sum`.",
    example: r#"t:syscalls:sys_exit_read { @ = tseries(args.ret, 1s, 60, "sum"); }"#,
    analyze: Analysis::Aggregation(tseries),
    lower: crate::codegen::unfinished,
};

type Analyzed = Option<Sampled>;

fn count(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    site.expect(typer, 0..=0)?;
    Some((Aggregate::Count, None))
}

fn sum(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    signed_sample(typer, site, |signed| Aggregate::Sum { signed })
}

fn min(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    signed_sample(typer, site, |signed| Aggregate::Min { signed })
}

fn max(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    signed_sample(typer, site, |signed| Aggregate::Max { signed })
}

fn avg(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    signed_sample(typer, site, |signed| Aggregate::Avg { signed })
}

fn stats(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    signed_sample(typer, site, |signed| Aggregate::Stats { signed })
}

/// One sample, whose sign becomes the aggregation's.
fn signed_sample(typer: &mut Typer<'_>, site: &CallSite<'_>, of: fn(bool) -> Aggregate) -> Analyzed {
    site.expect(typer, 1..=1)?;
    let sample = site.integer(typer, 0)?;
    Some((of(sample.ty.is_signed()), Some(sample)))
}

/// A sample for buckets: signed, so that negative values have their place.
fn bucket_sample(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    let sample = site.integer(typer, 0)?;
    Some(build::cast(sample, Type::INT64))
}

fn hist(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    site.expect(typer, 1..=2)?;
    let sample = bucket_sample(typer, site);
    let bits = if site.arguments.len() == 2 { site.literal(typer, 1)? } else { 0 };
    match u8::try_from(bits).ok().filter(|bits| *bits <= MAX_BITS) {
        Some(bits) => Some((Aggregate::Hist { bits }, Some(sample?))),
        None => {
            let message = format!("hist(): the bits are from 0 to {MAX_BITS}, not {bits}");
            typer.error("argument-range", site.argument_span(1), message)
        }
    }
}

fn lhist(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    site.expect(typer, 4..=4)?;
    let sample = bucket_sample(typer, site);
    let mut bounds = [0_u64; 3];
    for (index, bound) in bounds.iter_mut().enumerate() {
        let value = site.literal(typer, index + 1)?;
        let Some(value) = u64::try_from(value).ok().filter(|value| i64::try_from(*value).is_ok()) else {
            let message = format!("lhist(): min, max and step must not be negative: {value}");
            return typer.error("argument-range", site.argument_span(index + 1), message);
        };
        *bound = value;
    }
    let [min, max, step] = bounds;
    if step == 0 {
        return typer.error("argument-range", site.argument_span(3), "lhist(): the step must be greater than zero");
    }
    if min >= max {
        let message = format!("lhist(): min must be less than max: {min} and {max}");
        let help = format!("It is called as {}", site.builtin.signature);
        return typer.error_with("argument-range", site.span, message, help);
    }
    let buckets = (max - min).div_ceil(step);
    if buckets > MAX_BUCKETS {
        let message = format!("lhist() has too many buckets: {buckets}, the most is {MAX_BUCKETS}");
        let diagnostic = Diagnostic::error("argument-range", site.span, message)
            .with_help(format!("Use a step of at least {}", (max - min).div_ceil(MAX_BUCKETS)));
        return typer.fail(diagnostic);
    }
    Some((Aggregate::LinearHist { min, max, step }, Some(sample?)))
}

/// The most intervals of a time series.
const MAX_EPOCHS: i128 = 1_000_000;
const SERIES_FUNCTIONS: &[(&str, SeriesFunction)] = &[
    ("avg", SeriesFunction::Avg),
    ("max", SeriesFunction::Max),
    ("min", SeriesFunction::Min),
    ("sum", SeriesFunction::Sum),
];

fn tseries(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Analyzed {
    site.expect(typer, 3..=4)?;
    match typer.config.unstable_tseries {
        Unstable::Enable => {}
        Unstable::Warn => typer.warn("unstable-feature", site.span, "tseries() is an unstable feature"),
        Unstable::Error => {
            let diagnostic = Diagnostic::error("unstable-feature", site.span, "tseries() is switched off")
                .with_help("Set unstable_tseries = enable in the config block");
            return typer.fail(diagnostic);
        }
    }
    let sample = site.integer(typer, 0);
    let interval = site.literal(typer, 1)?;
    let epochs = site.literal(typer, 2)?;
    let Some(interval_ns) = u64::try_from(interval).ok().filter(|interval| *interval > 0) else {
        let message = "tseries(): the interval must be greater than zero, such as 1s";
        return typer.error("argument-range", site.argument_span(1), message);
    };
    if !(1..=MAX_EPOCHS).contains(&epochs) {
        let message = format!("tseries(): the number of intervals is from 1 to {MAX_EPOCHS}, not {epochs}");
        return typer.error("argument-range", site.argument_span(2), message);
    }
    let function = if site.arguments.len() == 4 { series_function(typer, site)? } else { SeriesFunction::Last };
    let sample = sample?;
    let signed = sample.ty.is_signed();
    Some((Aggregate::TimeSeries { interval_ns, epochs: epochs as u32, function, signed }, Some(sample)))
}

fn series_function(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<SeriesFunction> {
    let (name, span) = site.text(typer, 3)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    match SERIES_FUNCTIONS.iter().find(|(known, _)| *known == name) {
        Some((_, function)) => Some(*function),
        None => {
            let message = format!("tseries(): unknown function '{name}': it is avg, max, min or sum");
            let diagnostic = Diagnostic::error("argument-type", span, message)
                .with_suggestion(&name, SERIES_FUNCTIONS.iter().map(|(known, _)| *known));
            typer.fail(diagnostic)
        }
    }
}
