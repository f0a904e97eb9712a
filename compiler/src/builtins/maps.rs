//! Functions of maps.

use super::{Builtin, Kind, Timing};

pub static CLEAR: Builtin = Builtin {
    name: "clear",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "clear(@map)",
    doc: "Removes all entries of a map.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { print(@); clear(@); }"#,
    lower: crate::codegen::unfinished,
};

pub static ZERO: Builtin = Builtin {
    name: "zero",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "zero(@map)",
    doc: "Sets all values of a map to zero and keeps the keys.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { print(@); zero(@); }"#,
    lower: crate::codegen::unfinished,
};

pub static DELETE: Builtin = Builtin {
    name: "delete",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "delete(@map[, key])",
    doc: "Removes one entry of a map, or the value of a map without keys. True when it was there.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; } t:syscalls:sys_exit_openat { delete(@start, tid); }"#,
    lower: crate::codegen::unfinished,
};

pub static HAS_KEY: Builtin = Builtin {
    name: "has_key",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "has_key(@map, key)",
    doc: "Whether a map has an entry for a key.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; } t:syscalls:sys_exit_openat /has_key(@start, tid)/ { @ = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static LEN: Builtin = Builtin {
    name: "len",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "len(@map) or len(stack)",
    doc: "How many entries a map has, or how many frames a stack.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); } interval:s:1 { printf("%d\n", len(@)); }"#,
    lower: crate::codegen::unfinished,
};
