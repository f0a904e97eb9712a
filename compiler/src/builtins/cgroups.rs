//! Control groups (v2).

use super::{Builtin, Kind, Timing};

pub static CGROUP: Builtin = Builtin {
    name: "cgroup",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "cgroup",
    doc: "The id of the control group (v2) of the current process.",
    example: r#"t:syscalls:sys_enter_openat { @[cgroup] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static CGROUPID: Builtin = Builtin {
    name: "cgroupid",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    signature: "cgroupid(path)",
    doc: "The id of the control group (v2) at a path, looked up when the script is compiled.",
    example: r#"t:syscalls:sys_enter_openat /cgroup == cgroupid("/sys/fs/cgroup/system.slice")/ { @ = count(); }"#,
    lower: crate::codegen::unfinished,
};
