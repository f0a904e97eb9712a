//! The processor, the current task, random numbers.

use super::{Builtin, Kind, Timing};

pub static CPU: Builtin = Builtin {
    name: "cpu",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "cpu",
    doc: "The number of the processor that runs the probe.",
    example: r#"profile:hz:99 { @ = lhist(cpu, 0, 64, 1); }"#,
    lower: crate::codegen::unfinished,
};

pub static NCPUS: Builtin = Builtin {
    name: "ncpus",
    kind: Kind::Value,
    timing: Timing::CompileTime,
    signature: "ncpus",
    doc: "How many processors the machine may have.",
    example: r#"begin { printf("%d processors\n", ncpus); }"#,
    lower: crate::codegen::unfinished,
};

pub static CURTASK: Builtin = Builtin {
    name: "curtask",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "curtask",
    doc: "The `struct task_struct *` of the current thread.",
    example: r#"profile:hz:99 { @[curtask.prio] = count(); }"#,
    lower: crate::codegen::unfinished,
};

pub static RAND: Builtin = Builtin {
    name: "rand",
    kind: Kind::Value,
    timing: Timing::Kernel,
    signature: "rand",
    doc: "A random 32-bit number.",
    example: r#"t:syscalls:sys_enter_openat /rand % 100 == 0/ { @sampled = count(); }"#,
    lower: crate::codegen::unfinished,
};
