//! `fentry` and `fexit`: functions of the kernel through BPF trampolines, with typed arguments.

use super::{ProbeKind, Support};
use crate::kernel::{Feature, Kernel};

pub static FENTRY: ProbeKind = ProbeKind {
    name: "fentry",
    aliases: &["f", "kfunc"],
    syntax: "fentry:[MODULE:]FUNCTION",
    doc: "A function of the kernel is entered; arguments have their types.",
    since: "5.5",
    example: "fentry:do_nanosleep",
    support: Support::No(|kernel| reason(kernel, "fentry")),
};

pub static FEXIT: ProbeKind = ProbeKind {
    name: "fexit",
    aliases: &["fr", "kretfunc"],
    syntax: "fexit:[MODULE:]FUNCTION",
    doc: "A function of the kernel returns; arguments and result have their types.",
    since: "5.5",
    example: "fexit:do_nanosleep",
    support: Support::No(|kernel| reason(kernel, "fexit")),
};

fn reason(kernel: &dyn Kernel, name: &str) -> String {
    if kernel.has(Feature::Trampolines) {
        return super::not_yet(name);
    }
    format!("{name} probes need BPF trampolines, which this kernel does not allow")
}
