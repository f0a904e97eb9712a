//! The data that a probe carries: `args`, `argN`, `retval`, `ctx`.

use super::{Builtin, Kind, Timing};

pub static ARGS: Builtin = Builtin {
    name: "args",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "args",
    doc: "The arguments of a tracepoint by name: `args.filename`.",
    example: r#"t:syscalls:sys_enter_openat { printf("%s\n", str(args.filename)); }"#,
    lower: crate::codegen::unfinished,
};

pub static ARGUMENT: Builtin = Builtin {
    name: "arg0",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "arg0, arg1, ...",
    doc: "Arguments of a traced function or raw tracepoint by position, as 64-bit integers.",
    example: r#"uprobe:/bin/bash:readline { printf("%s\n", str(arg0)); }"#,
    lower: crate::codegen::unfinished,
};

pub static RETVAL: Builtin = Builtin {
    name: "retval",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "retval",
    doc: "What the traced function returned.",
    example: r#"uretprobe:/bin/bash:readline { printf("%s\n", str(retval)); }"#,
    lower: crate::codegen::unfinished,
};

pub static CTX: Builtin = Builtin {
    name: "ctx",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "ctx",
    doc: "The context that the kernel hands to the probe, as a pointer.",
    example: r#"profile:hz:99 { @[ctx] = count(); }"#,
    lower: crate::codegen::unfinished,
};
