//! tracedeck's compiler: all that follows from a script, facts about a kernel, and options.
//!
//! Opens no file, makes no system call, knows no time: facts come through [`kernel::Kernel`].

pub mod diagnostic;
pub mod source;
pub mod syntax;
pub mod types;
