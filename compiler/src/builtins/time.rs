//! Clocks, and text made of times.

use super::{Builtin, Kind, Timing};

pub static NSECS: Builtin = Builtin {
    name: "nsecs",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "nsecs[(mode)]",
    doc: "Nanoseconds since boot. `nsecs(monotonic)` leaves out time asleep, `nsecs(tai)` is international atomic time.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; }"#,
    lower: crate::codegen::unfinished,
};

pub static ELAPSED: Builtin = Builtin {
    name: "elapsed",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "elapsed",
    doc: "Nanoseconds since tracing began.",
    example: r#"interval:s:1 { printf("%lld\n", elapsed); }"#,
    lower: crate::codegen::unfinished,
};

pub static TIME: Builtin = Builtin {
    name: "time",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "time([format])",
    doc: "Prints the local time in a strftime format, by default `%H:%M:%S` and a newline.",
    example: r#"interval:s:1 { time("%H:%M:%S\n"); }"#,
    lower: crate::codegen::unfinished,
};

pub static STRFTIME: Builtin = Builtin {
    name: "strftime",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "strftime(format, nanoseconds)",
    doc: "A time of `nsecs` as local time in a strftime format; `%f` `%l` `%k` are micro-, milli- and nanoseconds.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s %s\n", strftime("%H:%M:%S.%f", nsecs), comm); }"#,
    lower: crate::codegen::unfinished,
};
