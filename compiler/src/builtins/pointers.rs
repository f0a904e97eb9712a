//! Whose memory a pointer points into.

use super::{Builtin, Kind, Timing};

pub static KPTR: Builtin = Builtin {
    name: "kptr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    signature: "kptr(pointer)",
    doc: "The same pointer, read from kernel memory.",
    example: r#"t:syscalls:sys_enter_openat { print(str(kptr(args.filename))); }"#,
    lower: crate::codegen::unfinished,
};

pub static UPTR: Builtin = Builtin {
    name: "uptr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    signature: "uptr(pointer)",
    doc: "The same pointer, read from the memory of the process.",
    example: r#"t:syscalls:sys_enter_openat { print(str(uptr(args.filename))); }"#,
    lower: crate::codegen::unfinished,
};
