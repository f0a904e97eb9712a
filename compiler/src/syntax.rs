//! Text to tree: the pest grammar, its one conversion to the AST, and printing the AST back.

pub mod ast;
pub mod limits;
mod parse;
mod scan;

pub use limits::Limits;
pub use parse::parse;
