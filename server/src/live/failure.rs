//! Why a run could not start: a sentence for the person, the place in the script, what to do about it.

use std::io;

use tracedeck_compiler::diagnostic::{Code, Diagnostic};
use tracedeck_compiler::source::Span;

/// Exit code where nothing could be attached.
pub const EXIT_NOT_ATTACHED: u8 = 255;
/// Exit code of a script with mistakes.
pub const EXIT_COMPILE: u8 = 1;
/// Exit code of a mistake in the compiler itself.
pub const EXIT_INTERNAL: u8 = 2;

/// Codes of what only loading and attaching find out, in alphabetical order. A failure has one of these or one of the
/// compiler's: names that stay, for whoever filters messages.
pub const CODES: &[Code] = &[
    "command-not-started",
    "map-not-created",
    "maps-too-large",
    "no-btf",
    "no-such-process",
    "not-attached",
    "not-run",
    "program-not-loaded",
    "program-too-large",
    "unknown-iterator",
    "unknown-tracepoint",
    "verifier",
];

/// A failure of loading or attaching.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: Code,
    pub message: String,
    /// Empty where it concerns the whole script.
    pub span: Span,
    pub help: Vec<String>,
}

impl Failure {
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, help: Vec::new() }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what an error of the operating system usually means here.
    #[must_use]
    pub fn with_cause(self, error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => self.with_help(
                "tracing needs CAP_BPF and CAP_PERFMON (or root); in a container, also a seccomp profile that \
                 allows bpf() and perf_event_open()",
            ),
            Some(libc::ENOMEM) => {
                self.with_help("the kernel is out of memory, or the memory limit of this cgroup is reached")
            }
            Some(libc::EMFILE | libc::ENFILE) => {
                self.with_help("too many open files: raise `ulimit -n`, or attach fewer probes")
            }
            Some(libc::ENOSPC) => self.with_help("the kernel has no room for another perf event"),
            Some(libc::ENOSYS) => self.with_help("this kernel was built without it"),
            _ => self,
        }
    }

    pub fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code, self.span, self.message.clone());
        diagnostic.help.clone_from(&self.help);
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The codes that the sources below a directory give to failures.
    fn used(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                used(&entry, found);
            } else if entry.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&entry).expect("a source file");
                let calls = text.split(concat!("Failure::", "new(")).skip(1);
                let codes = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
                found.extend(codes.map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_code_is_listed_and_every_listed_code_is_used() {
        let mut found = BTreeSet::new();
        used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let known = tracedeck_compiler::diagnostic::codes::CODES;
        let unlisted: Vec<_> =
            found.iter().filter(|it| !CODES.contains(&it.as_str()) && !known.contains(&it.as_str())).collect();
        assert!(unlisted.is_empty(), "{unlisted:?}");
        let unused: Vec<_> = CODES.iter().filter(|it| !found.contains(**it) || known.contains(it)).collect();
        assert!(unused.is_empty(), "{unused:?}");
        assert!(CODES.is_sorted());
    }
}
