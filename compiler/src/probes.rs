//! Probe types: one record each, in a file for itself or for a tight family, and the table of all.
//!
//! A record says how an attach point is written and takes one apart: text in, [`Expanded`] attach points out.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::Context;
use crate::kernel::{FunctionType, Kernel, StructType, TracepointFormat};
use crate::manifest::{AttachSpec, ProgramKind};
use crate::options::CompileOptions;
use crate::source::Span;
use crate::types::AddressSpace;

pub use tested::{Shown, Tested};

mod begin_end;
mod bench;
pub mod counters;
mod fentry;
pub mod hardware;
mod iter;
mod kprobe;
mod profile;
mod rawtracepoint;
mod self_signal;
pub mod software;
mod tested;
mod tracepoint;
pub mod uprobe;
pub mod usdt;
mod watchpoint;

/// A probe type of the language.
pub struct ProbeKind {
    pub name: &'static str,
    /// Other spellings; one-letter names are case-sensitive, others are not.
    pub aliases: &'static [&'static str],
    /// How an attach point is written.
    pub syntax: &'static str,
    /// What it traces, one or two sentences.
    pub doc: &'static str,
    /// The Linux release that brought what it needs.
    pub since: &'static str,
    /// What of the kernel makes it fire.
    pub mechanism: &'static str,
    /// What can be read there, beyond what can be read anywhere.
    pub arguments: &'static str,
    /// Tests that attach it and compare what it counts and reads.
    pub tested: Tested,
    /// An attach point that compiles where the probe type is supported; an unsupported one otherwise.
    pub example: &'static str,
    pub support: Support,
}

/// Which kernels it can be attached on.
pub enum Support {
    /// All. Turns one attach point, the provider word taken off, into what it stands for on this machine.
    Yes(fn(&mut Expander<'_>, &[String])),
    /// Those where the second function does not say what is missing.
    Where(fn(&mut Expander<'_>, &[String]), fn(&dyn Kernel) -> Option<String>),
}

impl Support {
    /// Why it cannot be attached on this kernel, or None.
    pub fn missing(&self, kernel: &dyn Kernel) -> Option<String> {
        match self {
            Self::Yes(_) => None,
            Self::Where(_, missing) => missing(kernel),
        }
    }

    /// How attach points are expanded.
    pub fn expansion(&self) -> fn(&mut Expander<'_>, &[String]) {
        match self {
            Self::Yes(expand) | Self::Where(expand, _) => *expand,
        }
    }
}

/// Every probe type, in the order of the documentation.
pub static ALL: &[&ProbeKind] = &[
    &begin_end::BEGIN,
    &begin_end::END,
    &tracepoint::TRACEPOINT,
    &rawtracepoint::RAWTRACEPOINT,
    &profile::PROFILE,
    &profile::INTERVAL,
    &software::SOFTWARE,
    &uprobe::UPROBE,
    &uprobe::URETPROBE,
    &kprobe::KPROBE,
    &kprobe::KRETPROBE,
    &fentry::FENTRY,
    &fentry::FEXIT,
    &usdt::USDT,
    &hardware::HARDWARE,
    &watchpoint::WATCHPOINT,
    &iter::ITER,
    &self_signal::SELF,
    &bench::TEST,
    &bench::BENCH,
];

/// The probe type that a provider word names, in any case; `u` and `U` differ.
pub fn find(word: &str) -> Option<&'static ProbeKind> {
    let named = |word: &str| ALL.iter().copied().find(|kind| kind.name == word || kind.aliases.contains(&word));
    named(word).or_else(|| named(&word.to_ascii_lowercase()))
}

/// One attach point after expansion, with what its programs may read.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// As `probe` prints it.
    pub name: String,
    /// The probes that this stands for, where they are several: as `probe` prints each.
    pub names: Vec<String>,
    pub spec: AttachSpec,
    pub program: ProgramKind,
    pub context: Context,
    pub data: Data,
    /// Where integers that are used as pointers point.
    pub space: AddressSpace,
    /// How many places the kernel attaches.
    pub places: usize,
}

/// The named data that a probe carries.
#[derive(Debug, Clone)]
pub enum Data {
    None,
    /// None where the format could not be read.
    Tracepoint(Option<Arc<TracepointFormat>>),
    /// None without BTF.
    RawTracepoint(Option<Arc<StructType>>),
    /// A function of a program; its type where debug information gives it, the body asks for it, and all are alike.
    FunctionEntry(Option<Arc<FunctionType>>),
    /// Somewhere within a function of a program.
    FunctionInside,
    FunctionReturn(Option<Arc<FunctionType>>),
    /// The name of the struct that an iterator's program gets, with its keyword.
    Iterator(String),
    /// The arguments of a USDT probe; none where the body does not read any.
    Usdt(Arc<Vec<usdt::Argument>>),
    /// A kernel function with its arguments in registers; None without BTF, and where functions differ.
    KernelEntry(Option<Arc<FunctionType>>),
    /// Somewhere within a kernel function.
    KernelInside,
    KernelReturn,
    /// A kernel function with its arguments, and its result behind them, in an array.
    TrampolineEntry(Arc<FunctionType>),
    TrampolineReturn(Arc<FunctionType>),
    /// A function of a BPF program, whose arguments the kernel vouches for only to programs that it knows.
    ProgramEntry,
    ProgramReturn,
}

/// What an expansion may ask, and where it reports.
pub struct Expander<'a> {
    pub kernel: &'a dyn Kernel,
    pub options: &'a CompileOptions,
    pub kind: &'static ProbeKind,
    /// The attach point in the script.
    pub span: Span,
    /// Whether the body asks for `probe` or something else that differs between the matches of a wildcard.
    pub split: bool,
    /// Whether the body reads `arg0`, `arg1`, ...
    pub reads_positions: bool,
    /// Whether the body reads `retval`.
    pub reads_result: bool,
    /// Whether the body reads arguments by name.
    pub names_arguments: bool,
    /// Whether the body asks nothing of a system call's tracepoint but what they all have.
    pub fits_all_syscalls: bool,
    pub expanded: &'a mut Vec<Expanded>,
    pub diagnostics: &'a mut Diagnostics,
    /// Matches of this attach point that did not exist: an error or not, by `missing_probes`.
    pub missing: &'a mut Vec<Diagnostic>,
}

impl Expander<'_> {
    /// Reports that the attach point is written wrongly, with the form it should have.
    pub fn malformed(&mut self, message: impl Into<String>) {
        let form = format!("An attach point of this kind is written {}", self.kind.syntax);
        self.diagnostics.push(Diagnostic::error("malformed-attach-point", self.span, message).with_help(form));
    }

    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports that nothing matches; whether that ends the compilation is a setting.
    pub fn missing(&mut self, diagnostic: Diagnostic) {
        self.missing.push(diagnostic);
    }

    pub fn push(&mut self, expanded: Expanded) {
        self.expanded.push(expanded);
    }

    /// Refuses parts after the last one that the probe type takes.
    pub fn at_most(&mut self, parts: &[String], most: usize) -> Option<()> {
        if parts.len() <= most {
            return Some(());
        }
        self.malformed(format!("{} has more parts than expected: '{}'", self.kind.name, parts[most..].join(":")));
        None
    }
}

pub fn has_wildcard(pattern: &str) -> bool {
    pattern.contains('*')
}

/// An attach point that one program serves in one place, without data.
fn plain(name: String, spec: AttachSpec, program: ProgramKind, context: Context) -> Expanded {
    Expanded {
        name,
        names: Vec::new(),
        spec,
        program,
        context,
        data: Data::None,
        space: AddressSpace::Kernel,
        places: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_but_u_and_its_capital_differ() {
        let name = |word| find(word).map(|kind| kind.name);
        assert_eq!(
            (name("BEGIN"), name("Tracepoint"), name("rt")),
            (Some("begin"), Some("tracepoint"), Some("rawtracepoint"))
        );
        assert_eq!((name("u"), name("U"), name("T")), (Some("uprobe"), Some("usdt"), Some("tracepoint")));
    }

    #[test]
    fn no_spelling_means_two_probe_types() {
        let mut words: Vec<&str> =
            ALL.iter().flat_map(|kind| kind.aliases.iter().copied().chain([kind.name])).collect();
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
