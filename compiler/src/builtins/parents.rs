//! The process's parent, read from its `task_struct`.

use super::{Builtin, Kind, Timing};

pub static PPID: Builtin = Builtin {
    name: "ppid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "ppid[(task)]",
    doc: "The process id of the parent of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { printf("%d %d\n", pid, ppid); }"#,
    lower: crate::codegen::unfinished,
};

pub static PCOMM: Builtin = Builtin {
    name: "pcomm",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "pcomm[(task)]",
    doc: "The name of the parent of the current process, or of a `struct task_struct *`.",
    example: r#"t:syscalls:sys_enter_openat { @[pcomm] = count(); }"#,
    lower: crate::codegen::unfinished,
};
