//! What code generation reports.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Why a program cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodegenError {
    pub code: Code,
    pub span: Span,
    pub message: String,
    pub help: Option<String>,
}

impl CodegenError {
    /// A limit of BPF or of this machine's kernel.
    pub fn limit(span: Span, message: impl Into<String>) -> Self {
        Self { code: "target-limit", span, message: message.into(), help: None }
    }

    /// Something that the language has and this version does not lower; `what` begins the sentence.
    pub fn unsupported(span: Span, what: impl std::fmt::Display) -> Self {
        Self { code: "unsupported", span, message: format!("{what} is not supported yet"), help: None }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<CodegenError> for Diagnostic {
    fn from(error: CodegenError) -> Self {
        let diagnostic = Self::error(error.code, error.span, error.message);
        match error.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}
