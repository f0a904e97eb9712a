//! Text to tree: the pest grammar, its one conversion to the AST, and printing the AST back.

pub mod ast;
pub mod dump;
pub mod limits;
mod parse;
pub mod print;
mod scan;
#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use parse::{KEYWORDS, parse};
