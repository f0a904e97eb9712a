//! `usdt`: static probes that programs carry.

use super::{ProbeKind, Support, not_yet};

pub static USDT: ProbeKind = ProbeKind {
    name: "usdt",
    aliases: &["U"],
    syntax: "usdt:BINARY:[PROVIDER:]NAME",
    doc: "A static probe of a program or library.",
    since: "4.20",
    example: "usdt:/bin/bash:probe",
    support: Support::No(|_| not_yet("usdt")),
};
