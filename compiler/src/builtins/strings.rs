//! Text and bytes from memory, and comparing them.

use super::{Builtin, Kind, Timing};

pub static STR: Builtin = Builtin {
    name: "str",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "str(pointer[, length])",
    doc: "Reads text up to a NUL. `length` counts the NUL; the most is the setting `max_strlen`.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s\n", str(args.filename)); }"#,
    lower: crate::codegen::unfinished,
};

pub static BUF: Builtin = Builtin {
    name: "buf",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "buf(data[, length])",
    doc: "Reads raw bytes; the length may be left out for arrays.",
    example: r#"t:syscalls:sys_enter_write { printf("%r\n", buf(args.buf, 16)); }"#,
    lower: crate::codegen::unfinished,
};

pub static STRNCMP: Builtin = Builtin {
    name: "strncmp",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "strncmp(a, b, n)",
    doc: "Compares the first `n` bytes of two strings; 0 when they are equal.",
    example: r#"t:syscalls:sys_enter_openat /strncmp(comm, "python", 6) == 0/ { @ = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static STRCONTAINS: Builtin = Builtin {
    name: "strcontains",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "strcontains(haystack, needle)",
    doc: "Whether the first string contains the second.",
    example: r#"t:syscalls:sys_enter_openat /strcontains(comm, "sh")/ { @ = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static STRLEN: Builtin = Builtin {
    name: "strlen",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "strlen(string)",
    doc: "The bytes of a string before its NUL.",
    example: r#"t:syscalls:sys_enter_openat { @ = hist(strlen(str(args.filename))); }"#,
    lower: crate::codegen::unfinished,
};
