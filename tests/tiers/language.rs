//! The language tier: scripts against what the compiler makes of them, without root and without a kernel.

#[path = "language/codes.rs"]
mod codes;
#[path = "language/command.rs"]
mod command;
#[path = "language/corpus.rs"]
mod corpus;
#[path = "language/coverage.rs"]
mod coverage;
#[path = "language/documentation.rs"]
mod documentation;
#[path = "language/examples.rs"]
mod examples;
#[path = "language/instructions.rs"]
mod instructions;
#[path = "language/maps.rs"]
mod maps;
#[path = "language/object.rs"]
mod object;
#[path = "language/rows.rs"]
mod rows;
#[path = "language/scripts.rs"]
mod scripts;
#[path = "language/suite.rs"]
mod suite;

/// The kernel that the cases are compiled for.
const KERNEL: &str = "linux-6.18";
