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
