//! Who runs: process and thread ids, users, the command name.

use super::{Builtin, Kind, Timing};

pub static PID: Builtin = Builtin {
    name: "pid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "pid",
    doc: "The process id (thread group id) of the current thread.",
    example: r#"t:syscalls:sys_enter_openat { @opens[pid] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static TID: Builtin = Builtin {
    name: "tid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "tid",
    doc: "The thread id of the current thread.",
    example: r#"t:syscalls:sys_enter_openat { @start[tid] = nsecs; }"#,
    lower: crate::codegen::unfinished,
};

pub static UID: Builtin = Builtin {
    name: "uid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "uid",
    doc: "The real user id of the current process.",
    example: r#"t:syscalls:sys_enter_openat /uid == 0/ { @root = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static GID: Builtin = Builtin {
    name: "gid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "gid",
    doc: "The real group id of the current process.",
    example: r#"t:syscalls:sys_enter_openat { @[gid] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static USERNAME: Builtin = Builtin {
    name: "username",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    signature: "username",
    doc: "The name of the current user, resolved when it is printed.",
    example: r#"t:syscalls:sys_enter_openat { @[username] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static COMM: Builtin = Builtin {
    name: "comm",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "comm",
    doc: "The name of the current thread, at most 15 bytes.",
    example: r#"t:syscalls:sys_enter_openat { @[comm] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static CPID: Builtin = Builtin {
    name: "cpid",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "cpid",
    doc: "The process id of the command given with `-c`; 0 without one.",
    example: r#"t:syscalls:sys_enter_openat /pid == cpid/ { @ = count(); }"#,
    lower: crate::codegen::unfinished,
};
