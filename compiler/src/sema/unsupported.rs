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

/// Builtins of bpftrace that have no record here.
pub const BUILTINS: &[&str] = &["dw_ustack", "unwatch"];

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
