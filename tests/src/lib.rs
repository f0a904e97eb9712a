//! What the tiers share: running the real binary, programs to trace, skips that are seen.

pub mod binary;
pub mod case;
pub mod machine;
pub mod skip;
pub mod target;
