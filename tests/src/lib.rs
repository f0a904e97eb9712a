//! What the tiers share: running the real binary, programs to trace, skips that are seen; case files, golden files and
//! a captured kernel for the tiers that need none.

pub mod binary;
pub mod captured;
pub mod case;
pub mod fuzzing;
pub mod generate;
pub mod golden;
pub mod guest;
pub mod kernel_module;
pub mod manifest_text;
pub mod serve;
pub mod skip;
pub mod target;
