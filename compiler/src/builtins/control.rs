//! Ending the run.

use super::{Builtin, Kind, Timing};

pub static EXIT: Builtin = Builtin {
    name: "exit",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "exit([code])",
    doc: "Ends the run after `end` probes; the code becomes the exit status. Nothing after it is executed.",
    example: r#"interval:s:10 { exit(); }"#,
    lower: crate::codegen::unfinished,
};
