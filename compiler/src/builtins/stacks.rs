//! Kernel and user stacks.

use super::{Builtin, Kind, Timing};

pub static KSTACK: Builtin = Builtin {
    name: "kstack",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    signature: "kstack[([mode, ][limit])]",
    doc: "The kernel stack. Modes are `bpftrace`, `perf` and `raw`; the limit is a number of frames, 127 by default.",
    example: r#"profile:hz:99 { @[kstack] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static USTACK: Builtin = Builtin {
    name: "ustack",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    signature: "ustack[([mode, ][limit])]",
    doc: "The user stack of the current thread. Modes are `bpftrace`, `perf`, `raw` and `build_id`.",
    example: r#"profile:hz:99 { @[ustack(8), comm] = count(); }"#,
    lower: crate::codegen::unfinished,
};
