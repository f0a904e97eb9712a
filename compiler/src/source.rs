//! Source text and positions in it.

pub mod expansions;

use expansions::Expansions;

/// A half-open range of byte offsets into a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A line and a column, both counted from 1. The column counts bytes, as bpftrace's messages do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// A script: its text and the name that messages use for it (`stdin` for `-e`).
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<u32>,
    expansions: Expansions,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        Self { name: name.into(), text, line_starts, expansions: Expansions::default() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset behind the last byte.
    pub fn end(&self) -> u32 {
        self.text.len() as u32
    }

    /// The file with what macros made of it: positions of their expansions are those of the definitions.
    #[must_use]
    pub fn with_expansions(&self, expansions: Expansions) -> Self {
        Self { expansions, ..self.clone() }
    }

    pub fn expansions(&self) -> &Expansions {
        &self.expansions
    }

    /// The text under a span; empty where the span lies outside the file or splits a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub fn position(&self, offset: u32) -> Position {
        let offset = self.expansions.in_file(Span { start: offset, end: offset }).start;
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        Position { line: line as u32, column: offset.saturating_sub(self.line_starts[line - 1]) + 1 }
    }

    /// The text of a line counted from 1, without its newline.
    pub fn line(&self, line: u32) -> &str {
        let index = (line as usize).saturating_sub(1);
        let Some(start) = self.line_starts.get(index).map(|start| *start as usize) else { return "" };
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(start..end).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_and_lines_exclude_their_newline() {
        let file = SourceFile::new("stdin", "ab\n\ncd");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(3), Position { line: 2, column: 1 });
        assert_eq!(file.position(5), Position { line: 3, column: 2 });
        assert_eq!((file.line(1), file.line(2), file.line(3), file.line(4)), ("ab", "", "cd", ""));
    }
}
