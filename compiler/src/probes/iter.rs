//! `iter`: walks over objects of the kernel, once.

use super::{ProbeKind, Support, not_yet};

pub static ITER: ProbeKind = ProbeKind {
    name: "iter",
    aliases: &["it"],
    syntax: "iter:OBJECT[:PIN]",
    doc: "Visits every object of a kind, such as every task.",
    since: "5.8",
    example: "iter:task",
    support: Support::No(|_| not_yet("iter")),
};
