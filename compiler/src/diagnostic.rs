//! Diagnostics as data: built where a mistake is found, rendered in one place, sent to the editor as JSON.

use crate::source::Span;
use crate::source::expansions::Expansions;

pub mod codes;
pub mod render;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Warning,
    Error,
}

/// A stable name of a kind of diagnostic, such as `unknown-field`. `CODES` in `codes.rs` lists them all.
pub type Code = &'static str;

/// A secondary place that explains the diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    /// One sentence without a full stop at its end, as bpftrace writes them.
    pub message: String,
    pub span: Span,
    pub labels: Vec<Label>,
    /// What to do about it, one line each.
    pub help: Vec<String>,
    /// What was written, and what was meant, by all appearances.
    pub suggestion: Option<Box<Suggestion>>,
}

/// A word for a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub written: String,
    pub meant: String,
}

impl Diagnostic {
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            labels: Vec::new(),
            help: Vec::new(),
            suggestion: None,
        }
    }

    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds `Did you mean 'x'?` when one of the candidates is close to what was written.
    #[must_use]
    pub fn with_suggestion<'a>(self, written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(written, candidates.into_iter().filter(|candidate| *candidate != written)) {
            Some(best) => {
                let suggestion = Suggestion { written: written.to_owned(), meant: best.to_owned() };
                let told = self.with_help(format!("Did you mean '{best}'?"));
                Self { suggestion: Some(Box::new(suggestion)), ..told }
            }
            None => self,
        }
    }

    /// The edit that does what the diagnostic suggests: a place and its new text. None where what was written is not
    /// at the diagnostic's place, or there more than once, as in the text of a macro.
    pub fn replacement(&self, text: &str) -> Option<(Span, &str)> {
        let suggestion = self.suggestion.as_ref()?;
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let mut places = whole_words(text.get(start..end)?, &suggestion.written);
        let at = start + places.next()?;
        places.next().is_none().then(|| (Span::new(at, at + suggestion.written.len()), &*suggestion.meant))
    }

    /// The diagnostic with spans of the file only, and what led there from use to use of macros.
    #[must_use]
    pub fn placed(mut self, expansions: &Expansions) -> Self {
        if expansions.is_empty() {
            return self;
        }
        let origin = expansions.place(self.span);
        self.span = origin.span;
        for label in &mut self.labels {
            label.span = expansions.in_file(label.span);
        }
        for (span, name) in origin.expanded_from {
            self.labels.push(Label { span, text: format!("expanded from '{name}'") });
        }
        self.message = without_numbers(&self.message);
        self.help.iter_mut().for_each(|help| *help = without_numbers(help));
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Where a word stands in a text by itself, not as a part of a longer one.
fn whole_words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_inside = |it: char| it.is_alphanumeric() || it == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !word.is_empty() && !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
    })
}

/// Collects what a stage finds; a stage reports all it can before it gives up.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// The most that one compilation reports; a bomb of mistakes must not become a bomb of messages.
    pub const LIMIT: usize = 100;

    /// Adds a diagnostic unless the same one was already reported for the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < Self::LIMIT && !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(Diagnostic::is_error)
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        iter.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

/// Names of variables in macros as they are written: `$x`, not `$x#3`.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut in_variable = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '#' && in_variable {
            while characters.next_if(char::is_ascii_digit).is_some() {}
            in_variable = false;
            continue;
        }
        in_variable = character == '$' || (in_variable && (character.is_ascii_alphanumeric() || character == '_'));
        out.push(character);
    }
    out
}

/// The candidate nearest to what was written, if it is near enough to be a likely slip.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        // A word of one letter is one edit away from every other: nothing of it would be left.
        .filter(|candidate| written.chars().count() > 1 || candidate.eq_ignore_ascii_case(written))
        .filter(|candidate| candidate.len().abs_diff(written.len()) <= limit)
        .map(|candidate| (edit_distance(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance that counts a swap of neighbours as one edit (optimal string alignment), ignoring case.
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<u8> = left.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
    let right: Vec<u8> = right.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let mut best = (last[column] + usize::from(a != b)).min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_letter_is_one_edit() {
        assert_eq!(nearest("conut", ["count", "comm", "cpu"]), Some("count"));
    }

    #[test]
    fn a_suggestion_is_an_edit_where_its_word_stands_once() {
        let edit = |text: &str| {
            let diagnostic = Diagnostic::error("x", Span::new(2, text.len()), "x").with_suggestion("conut", ["count"]);
            diagnostic.replacement(text).map(|(span, new)| (span.start, span.end, new.to_owned()))
        };
        assert_eq!(edit("@=conut()"), Some((2, 7, "count".to_owned())));
        assert_eq!(edit("@=a.conut"), Some((4, 9, "count".to_owned())));
        assert_eq!(edit("@=conuts()"), None);
        assert_eq!(edit("@=conut(conut)"), None);
        assert_eq!(edit("@="), None);
    }

    #[test]
    fn what_makes_names_in_macros_unique_is_not_shown() {
        assert_eq!(without_numbers("Undefined variable: $x#12 (#3, $#)"), "Undefined variable: $x (#3, $)");
    }

    #[test]
    fn nothing_is_suggested_for_a_word_that_is_far_from_all() {
        assert_eq!(nearest("frobnicate", ["count", "comm", "cpu"]), None);
    }
}
