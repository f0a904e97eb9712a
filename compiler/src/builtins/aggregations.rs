//! Aggregations: the right side of `@map = ...`, kept per CPU and merged when read.

use super::{Builtin, Kind, Timing};

pub static COUNT: Builtin = Builtin {
    name: "count",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "count()",
    doc: "Counts how often it is called.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static SUM: Builtin = Builtin {
    name: "sum",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "sum(n)",
    doc: "Adds up the values.",
    example: r#"t:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static MIN: Builtin = Builtin {
    name: "min",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "min(n)",
    doc: "Keeps the smallest value.",
    example: r#"t:syscalls:sys_exit_read { @ = min(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static MAX: Builtin = Builtin {
    name: "max",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "max(n)",
    doc: "Keeps the largest value.",
    example: r#"t:syscalls:sys_exit_read { @ = max(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static AVG: Builtin = Builtin {
    name: "avg",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "avg(n)",
    doc: "Keeps the average of the values.",
    example: r#"t:syscalls:sys_exit_read { @[comm] = avg(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static STATS: Builtin = Builtin {
    name: "stats",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "stats(n)",
    doc: "Keeps count, average and total of the values.",
    example: r#"t:syscalls:sys_exit_read { @[comm] = stats(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static HIST: Builtin = Builtin {
    name: "hist",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "hist(n[, bits])",
    doc: "A histogram by powers of two; `bits` from 0 to 5 divides each power into 2^bits buckets.",
    example: r#"t:syscalls:sys_exit_read { @ = hist(args.ret); }"#,
    lower: crate::codegen::unfinished,
};

pub static LHIST: Builtin = Builtin {
    name: "lhist",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "lhist(n, min, max, step)",
    doc: "A histogram with buckets of equal width between `min` and `max`.",
    example: r#"t:syscalls:sys_exit_read { @ = lhist(args.ret, 0, 4096, 256); }"#,
    lower: crate::codegen::unfinished,
};

pub static TSERIES: Builtin = Builtin {
    name: "tseries",
    kind: Kind::Aggregation,
    timing: Timing::Kernel,
    signature: "tseries(n, interval, count[, function])",
    doc: "The values of the last `count` intervals: the last value of each, or its `avg`, `max`, `min` or `sum`.",
    example: r#"t:syscalls:sys_exit_read { @ = tseries(args.ret, 1s, 60, "sum"); }"#,
    lower: crate::codegen::unfinished,
};
