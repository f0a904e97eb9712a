//! Text to tree: the pest grammar, its one conversion to the AST, and printing the AST back.

use crate::diagnostic::Code;

pub mod ast;
pub mod dump;
pub mod limits;
mod parse;
pub mod print;
mod scan;
#[cfg(test)]
mod tests;
pub mod transform;
pub mod unfinished;

pub use limits::Limits;
pub use parse::{KEYWORDS, parse, parse_with};

/// The codes of the diagnostics that [`parse`] returns.
pub const CODES: [Code; 17] = [
    "duplicate-config",
    "duplicate-field",
    "empty-script",
    "integer-too-large",
    "internal-parser",
    "invalid-integer",
    "invalid-positional",
    "nesting-too-deep",
    "not-assignable",
    "section-order",
    "source-too-large",
    "syntax",
    "too-many-nodes",
    "unbalanced-bracket",
    "unknown-escape",
    "unterminated-comment",
    "unterminated-string",
];
