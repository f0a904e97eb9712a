//! What bpftrace knows and tracedeck does not do: one list, so that it can be printed and shrinks visibly.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Builtins of bpftrace that have no record here: what they would do, and what to do instead.
pub const BUILTINS: &[(&str, &str, &str)] = &[
    (
        "dw_ustack",
        "stacks are unwound by frame pointers, not by tables of the file",
        "Use ustack, with programs built with -fno-omit-frame-pointer",
    ),
    ("unwatch", "a watchpoint stays until the run ends", "Let a map say whether it is still of interest: /@watched/"),
];

/// The diagnostic for a builtin of bpftrace that is not there; `written` as in the script.
pub fn builtin(span: Span, name: &str, written: &str) -> Option<Diagnostic> {
    let (_, reason, help) = BUILTINS.iter().find(|(known, ..)| *known == name)?;
    let message = format!("'{written}' is not supported: {reason}");
    Some(Diagnostic::error("not-supported-yet", span, message).with_help(*help))
}
