//! What is known about the probe that fired.

use super::{Builtin, Kind, Timing};

pub static PROBE: Builtin = Builtin {
    name: "probe",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    signature: "probe",
    doc: "The full name of the probe that fired. A wildcard becomes one program for each match.",
    example: r#"t:syscalls:sys_enter_open* { @[probe] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static PROBETYPE: Builtin = Builtin {
    name: "probetype",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    signature: "probetype",
    doc: "The kind of the probe that fired: `tracepoint`, `uprobe`, `special` for `begin` and `end`.",
    example: r#"begin { print(probetype); }"#,
    lower: crate::codegen::unfinished,
};

pub static FUNC: Builtin = Builtin {
    name: "func",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    signature: "func",
    doc: "The name of the traced function, resolved when it is printed.",
    example: r#"uprobe:/bin/bash:read* { @[func] = count(); }"#,
    lower: crate::codegen::unfinished,
};
