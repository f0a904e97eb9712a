//! `self`: signals to the tracer itself.

use super::{ProbeKind, Support, not_yet};

pub static SELF: ProbeKind = ProbeKind {
    name: "self",
    aliases: &[],
    syntax: "self:signal:SIGUSR1",
    doc: "The tracer received a signal.",
    since: "5.10",
    example: "self:signal:SIGUSR1",
    support: Support::No(|_| not_yet("self")),
};
