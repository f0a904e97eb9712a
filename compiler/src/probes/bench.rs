//! `test` and `bench`: scripts that test or measure themselves.

use super::{ProbeKind, Support, not_yet};

pub static TEST: ProbeKind = ProbeKind {
    name: "test",
    aliases: &[],
    syntax: "test:NAME",
    doc: "A test, run by a test command.",
    since: "5.10",
    example: "test:addition",
    support: Support::No(|_| not_yet("test")),
};

pub static BENCH: ProbeKind = ProbeKind {
    name: "bench",
    aliases: &[],
    syntax: "bench:NAME",
    doc: "A benchmark, run by a benchmark command.",
    since: "5.10",
    example: "bench:addition",
    support: Support::No(|_| not_yet("bench")),
};
