//! `watchpoint`: reads and writes of an address.

use super::{ProbeKind, Support, not_yet};

pub static WATCHPOINT: ProbeKind = ProbeKind {
    name: "watchpoint",
    aliases: &["w"],
    syntax: "watchpoint:ADDRESS:LENGTH:MODE",
    doc: "An address is read, written or executed.",
    since: "4.9",
    example: "watchpoint:0x10000000:8:rw",
    support: Support::No(|_| not_yet("watchpoint")),
};
