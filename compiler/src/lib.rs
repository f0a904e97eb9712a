//! tracedeck's compiler: all that follows from a script, facts about a kernel, and options.
//!
//! Opens no file, makes no system call, knows no time: facts come through [`kernel::Kernel`].

pub mod abi;
pub mod aggregations;
pub mod builtins;
pub mod codegen;
pub mod diagnostic;
pub mod hir;
pub mod kernel;
pub mod manifest;
pub mod options;
pub mod source;
pub mod syntax;
pub mod types;

use serde::{Deserialize, Serialize};

use manifest::Manifest;

/// What `compile()` yields: an ELF object for the BPF target and the manifest that describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Compiled {
    pub object: Vec<u8>,
    pub manifest: Manifest,
}
