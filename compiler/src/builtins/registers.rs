//! Registers of the traced thread.

use super::{Builtin, Kind, Timing};

pub static REG: Builtin = Builtin {
    name: "reg",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "reg(name)",
    doc: "A register of the traced thread, such as the stack pointer, `sp`.",
    example: r#"profile:hz:99 { @[reg("ip")] = count(); }"#,
    lower: crate::codegen::unfinished,
};
