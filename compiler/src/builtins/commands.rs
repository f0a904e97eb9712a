//! Output that needs user space: argument vectors, files, shell commands.

use super::{Builtin, Kind, Timing};

pub static JOIN: Builtin = Builtin {
    name: "join",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "join(strings[, separator])",
    doc: "Prints a NULL-terminated array of strings in one line, such as the arguments of `execve`: 16 strings at most.",
    example: r#"t:syscalls:sys_enter_execve { join(args.argv); }"#,
    lower: crate::codegen::unfinished,
};

pub static CAT: Builtin = Builtin {
    name: "cat",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "cat(format, ...)",
    doc: "Prints the file of that name.",
    example: r#"interval:s:5 { cat("/proc/loadavg"); }"#,
    lower: crate::codegen::unfinished,
};

pub static SYSTEM: Builtin = Builtin {
    name: "system",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "system(format, ...)",
    doc: "Runs a shell command and prints its output. Needs `--unsafe`.",
    example: r#"interval:s:5 { system("uptime"); }"#,
    lower: crate::codegen::unfinished,
};
