//! `hardware`: counters of the processor.

use super::{ProbeKind, Support, not_yet};
use crate::kernel::Feature;

pub static HARDWARE: ProbeKind = ProbeKind {
    name: "hardware",
    aliases: &["h"],
    syntax: "hardware:EVENT[:COUNT]",
    doc: "Fires on every COUNT-th event that the processor counts, such as cache misses.",
    since: "4.9",
    example: "hardware:cache-misses:1000000",
    support: Support::No(|kernel| {
        if kernel.has(Feature::HardwareEvents) {
            return not_yet("hardware");
        }
        "hardware probes need hardware events, which this machine does not offer (virtual machines often hide them)"
            .to_owned()
    }),
};
