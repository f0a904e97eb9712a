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

/// What the text of a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PartKind {
    Script,
    /// Declarations in C.
    Header,
}

/// A file that a script imports or includes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// What messages call it.
    pub name: String,
    pub kind: PartKind,
    pub text: String,
}

/// What some editors put before the text of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The mark is no part of the script: columns are counted without it.
fn without_mark(text: String) -> String {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// Where a part lies in the whole text.
#[derive(Debug, Clone)]
struct Section {
    name: String,
    kind: PartKind,
    start: u32,
    end: u32,
}

/// A script: its text and the name that messages use for it (`stdin` for `-e`), and the files that it imports.
///
/// All files are one text behind each other, the script itself first, so that a span says which file it is in.
#[derive(Debug, Clone)]
pub struct SourceFile {
    text: String,
    line_starts: Vec<u32>,
    /// The script, then what it imports, each behind what it imports itself.
    sections: Vec<Section>,
    /// Somebody has looked for what the script imports; otherwise it may import nothing.
    can_import: bool,
    expansions: Expansions,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = without_mark(text.into());
        let main = Section { name: name.into(), kind: PartKind::Script, start: 0, end: text.len() as u32 };
        Self {
            line_starts: line_starts(&text),
            text,
            sections: vec![main],
            can_import: false,
            expansions: Expansions::default(),
        }
    }

    /// The script with the files that it imports, each before those that import it.
    #[must_use]
    pub fn with_parts(mut self, parts: Vec<Part>) -> Self {
        for part in parts {
            self.text.push('\n');
            let start = self.text.len() as u32;
            self.text.push_str(part.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&part.text));
            let end = self.text.len() as u32;
            self.sections.push(Section { name: part.name, kind: part.kind, start, end });
        }
        self.line_starts = line_starts(&self.text);
        self.can_import = true;
        self
    }

    /// What [`Self::with_parts`] was given.
    pub fn parts(&self) -> Vec<Part> {
        let part = |it: &Section| Part {
            name: it.name.clone(),
            kind: it.kind,
            text: self.text[it.start as usize..it.end as usize].to_owned(),
        };
        self.sections[1..].iter().map(part).collect()
    }

    /// The texts in the order in which they take effect: name, kind, where they begin, text. The script is the last.
    pub fn texts(&self) -> impl Iterator<Item = (&str, PartKind, u32, &str)> {
        let (main, imported) = (&self.sections[..1], &self.sections[1..]);
        imported
            .iter()
            .chain(main)
            .map(|it| (it.name.as_str(), it.kind, it.start, &self.text[it.start as usize..it.end as usize]))
    }

    pub fn can_import(&self) -> bool {
        self.can_import
    }

    /// The name of the script.
    pub fn name(&self) -> &str {
        &self.sections[0].name
    }

    /// The name of the file that an offset lies in.
    pub fn name_at(&self, offset: u32) -> &str {
        &self.section(offset).name
    }

    fn section(&self, offset: u32) -> &Section {
        let after = self.sections.partition_point(|section| section.start <= offset).max(1);
        &self.sections[after - 1]
    }

    /// The text of all files.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of the script alone.
    pub fn script(&self) -> &str {
        &self.text[..self.sections[0].end as usize]
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

    /// The place of an offset in the file that it lies in.
    pub fn position(&self, offset: u32) -> Position {
        let place = self.text_position(offset);
        let start = self.section(self.expansions.in_file(Span { start: offset, end: offset }).start).start;
        let lines_before = self.line_starts.partition_point(|line| *line <= start).max(1) as u32 - 1;
        Position { line: place.line - lines_before.min(place.line - 1), column: place.column }
    }

    /// The place of an offset in the text of all files.
    pub fn text_position(&self, offset: u32) -> Position {
        let offset = self.expansions.in_file(Span { start: offset, end: offset }).start;
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        Position { line: line as u32, column: offset.saturating_sub(self.line_starts[line - 1]) + 1 }
    }

    /// The line that an offset lies in, without its newline.
    pub fn line_at(&self, offset: u32) -> &str {
        self.line(self.text_position(offset).line)
    }

    /// The line that an offset lies in and those behind it, without their newlines.
    pub fn lines_from(&self, offset: u32) -> impl Iterator<Item = &str> {
        (self.text_position(offset).line..).map(|line| self.line(line))
    }

    /// A line of the text of all files counted from 1, without its newline.
    pub fn line(&self, line: u32) -> &str {
        let index = (line as usize).saturating_sub(1);
        let Some(start) = self.line_starts.get(index).map(|start| *start as usize) else { return "" };
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(start..end).unwrap_or("")
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    std::iter::once(0)
        .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1))
        .collect()
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

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let part = Part { name: "one".into(), kind: PartKind::Script, text: "\u{feff}cd".into() };
        let file = SourceFile::new("main", "\u{feff}ab").with_parts(vec![part]);
        assert_eq!(file.text(), "ab\ncd");
        assert_eq!(file.position(1), Position { line: 1, column: 2 });
        assert_eq!(file.position(4), Position { line: 1, column: 2 });
    }

    #[test]
    fn places_in_imported_files_are_theirs() {
        let part = |name: &str, text: &str| Part { name: name.into(), kind: PartKind::Script, text: text.into() };
        let file = SourceFile::new("main", "a\nb").with_parts(vec![part("one", "cd\nef"), part("two", "g")]);
        assert_eq!(
            (file.name_at(0), file.name_at(3), file.name_at(4), file.name_at(10)),
            ("main", "main", "one", "two")
        );
        assert_eq!(file.slice(Span::new(8, 9)), "f");
        assert_eq!(file.position(8), Position { line: 2, column: 2 });
        assert_eq!((file.text_position(8).line, file.line_at(8)), (4, "ef"));
        assert_eq!(file.position(10), Position { line: 1, column: 1 });
        assert_eq!(file.texts().map(|it| it.0).collect::<Vec<_>>(), ["one", "two", "main"]);
    }
}
