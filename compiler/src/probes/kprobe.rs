//! `kprobe` and `kretprobe`: functions of the kernel.

use super::{ProbeKind, Support};
use crate::kernel::{Feature, Kernel};

pub static KPROBE: ProbeKind = ProbeKind {
    name: "kprobe",
    aliases: &["k"],
    syntax: "kprobe:[MODULE:]FUNCTION[+OFFSET]",
    doc: "A function of the kernel is entered.",
    since: "4.1",
    example: "kprobe:do_nanosleep",
    support: Support::No(|kernel| reason(kernel, "kprobe")),
};

pub static KRETPROBE: ProbeKind = ProbeKind {
    name: "kretprobe",
    aliases: &["kr"],
    syntax: "kretprobe:[MODULE:]FUNCTION",
    doc: "A function of the kernel returns.",
    since: "4.1",
    example: "kretprobe:do_nanosleep",
    support: Support::No(|kernel| reason(kernel, "kretprobe")),
};

fn reason(kernel: &dyn Kernel, name: &str) -> String {
    if kernel.has(Feature::Kprobes) {
        return super::not_yet(name);
    }
    format!("{name} probes need kprobes, which this kernel does not have (CONFIG_KPROBES)")
}
