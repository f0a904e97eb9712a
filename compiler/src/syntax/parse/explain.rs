//! What pest expected, as a sentence for a person.

use pest::error::{ErrorVariant, InputLocation};

use super::Rule;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub(super) fn explain(text: &str, error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.min(text.len()),
    };
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    let span = Span::new(at, at + width);
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => {
            return Diagnostic::error("nesting-too-deep", span, "The script is too deeply nested to be parsed");
        }
    };
    Diagnostic::error("syntax", span, format!("Expected {expected:?}"))
}
