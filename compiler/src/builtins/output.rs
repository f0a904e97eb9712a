//! Lines of output: formatted text and printed values.

use super::{Builtin, Kind, Timing};

pub static PRINTF: Builtin = Builtin {
    name: "printf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "printf(format, ...)",
    doc: "Prints formatted text. `%s` takes a value of any type in its natural form.",
    example: r#"t:syscalls:sys_enter_openat { printf("%-16s %d\n", comm, pid); }"#,
    lower: crate::codegen::unfinished,
};

pub static PRINT: Builtin = Builtin {
    name: "print",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "print(value) or print(@map[, top[, divisor]])",
    doc: "Prints a value and a newline, or a whole map: its `top` largest entries, values divided by `divisor`.",
    example: r#"interval:s:1 { print(@opens, 5); clear(@opens); } t:syscalls:sys_enter_openat { @opens[comm] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static ERRORF: Builtin = Builtin {
    name: "errorf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "errorf(format, ...)",
    doc: "Prints formatted text as an error, with its place in the script.",
    example: r#"begin { errorf("no such device: %d\n", 7); }"#,
    lower: crate::codegen::unfinished,
};

pub static WARNF: Builtin = Builtin {
    name: "warnf",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "warnf(format, ...)",
    doc: "Prints formatted text as a warning, with its place in the script.",
    example: r#"begin { warnf("only %d processors\n", ncpus); }"#,
    lower: crate::codegen::unfinished,
};
