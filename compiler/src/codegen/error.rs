//! What code generation reports.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Why a program cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodegenError(Box<Diagnostic>);

impl CodegenError {
    /// A limit of BPF or of this machine's kernel.
    pub fn limit(span: Span, message: impl Into<String>) -> Self {
        Self(Box::new(Diagnostic::error("target-limit", span, message)))
    }

    /// A mistake of ours.
    pub fn internal(span: Span, what: impl std::fmt::Display) -> Self {
        let message = format!("Internal error while generating code: {what}");
        Self(Box::new(Diagnostic::error("internal", span, message)))
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    #[must_use]
    pub fn with_label(self, span: Span, text: impl Into<String>) -> Self {
        Self(Box::new(self.0.with_label(span, text)))
    }
}

impl From<CodegenError> for Diagnostic {
    fn from(error: CodegenError) -> Self {
        *error.0
    }
}
