//! What the parser accepts and tracedeck cannot run yet: one list, so that it can be printed and shrinks visibly.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

macro_rules! features {
    ($($name:ident = $text:literal;)*) => {
        $(pub const $name: &str = $text;)*
        /// Everything that is refused as "not supported yet".
        pub const ALL: &[&str] = &[$($name),*];
    };
}

features! {
    TRAMPOLINES_ON_PROGRAMS = "a trampoline on a running BPF program (fentry:bpf:NAME)";
}

/// Builtins of bpftrace that have no record here: what they would do, and what to do instead.
const BUILTINS: &[(&str, &str, &str)] = &[
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

/// The diagnostic for something of the language that cannot be compiled yet.
pub fn not_yet(span: Span, what: &str) -> Diagnostic {
    // Words of the language keep their case.
    let mut sentence = what.to_owned();
    if what.starts_with("a ") || what.starts_with("an ") || what.starts_with("the ") {
        sentence[..1].make_ascii_uppercase();
    }
    sentence.push_str(" is not supported yet");
    Diagnostic::error("not-supported-yet", span, sentence)
}
