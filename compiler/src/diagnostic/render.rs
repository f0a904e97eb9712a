//! The only rendering of diagnostics as text: the layout of bpftrace's messages (language.md 6.7).

use super::{Diagnostic, Severity};
use crate::source::SourceFile;

/// Renders one diagnostic: location, level and sentence, the source line, tildes under the span, then hints.
/// Ends with a newline.
pub fn render(file: &SourceFile, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
    };
    let mut out = String::new();
    block(&mut out, file, diagnostic.span, &format!("{level}: {}", diagnostic.message));
    for label in &diagnostic.labels {
        block(&mut out, file, label.span, &label.text);
    }
    for help in &diagnostic.help {
        out.push_str(&format!("HINT: {help}\n"));
    }
    out
}

/// Source lines longer than this are cut around the span, so that a megabyte on one line stays readable.
const MAX_LINE: usize = 800;

fn block(out: &mut String, file: &SourceFile, span: crate::source::Span, text: &str) {
    let start = file.position(span.start);
    let end = file.position(span.end.max(span.start));
    if start.line != end.line {
        out.push_str(&format!("{}:{}-{}: {text}\n", file.name_at(span.start), start.line, end.line));
        return lines(out, file, span, (end.line - start.line) as usize + 1);
    }
    let end_column = end.column.max(start.column + 1);
    out.push_str(&format!("{}:{}:{}-{}: {text}\n", file.name_at(span.start), start.line, start.column, end_column));

    let line = file.line_at(span.start);
    let (from, to) = window(line, start.column as usize - 1, end_column as usize - 1);
    let shown = &line[from..to];
    let lead = shown.get(..(start.column as usize - 1).saturating_sub(from)).unwrap_or("");
    let marked = line.get(start.column as usize - 1..(end_column as usize - 1).min(to)).unwrap_or("");
    out.push_str(shown);
    out.push('\n');
    // Tabs stay tabs, so that the tildes stand under what they mark.
    out.extend(lead.chars().map(|c| if c == '\t' { '\t' } else { ' ' }));
    out.extend(std::iter::repeat_n('~', marked.chars().count().max(1)));
    out.push('\n');
}

/// Of a span over more lines than this the first ones are shown.
const MAX_LINES: usize = 8;

/// The lines of a span over several of them, without tildes.
fn lines(out: &mut String, file: &SourceFile, span: crate::source::Span, count: usize) {
    for line in file.lines_from(span.start).take(count.min(MAX_LINES)) {
        let (from, to) = window(line, 0, 0);
        out.push_str(&line[from..to]);
        out.push('\n');
    }
    if count > MAX_LINES {
        out.push_str(&format!("... ({} more lines)\n", count - MAX_LINES));
    }
}

/// The part of a line to show: all of it, or a window of [`MAX_LINE`] bytes that begins a little before the span.
fn window(line: &str, start: usize, end: usize) -> (usize, usize) {
    if line.len() <= MAX_LINE {
        return (0, line.len());
    }
    let mut from = start.saturating_sub(40).min(line.len());
    while !line.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = end.clamp(from, from + MAX_LINE).max((from + MAX_LINE).min(line.len())).min(line.len());
    while !line.is_char_boundary(to) {
        to -= 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn the_block_names_the_place_and_underlines_it() {
        let file = SourceFile::new("stdin", "begin { @a = count(); @b = fooo }");
        let diagnostic = Diagnostic::error("unknown-identifier", Span::new(27, 31), "Unknown identifier: 'fooo'")
            .with_help("Did you mean 'foo'?");
        assert_eq!(
            render(&file, &diagnostic),
            "stdin:1:28-32: ERROR: Unknown identifier: 'fooo'\n\
             begin { @a = count(); @b = fooo }\n                           ~~~~\n\
             HINT: Did you mean 'foo'?\n"
        );
    }

    #[test]
    fn a_span_over_several_lines_shows_the_first_of_them() {
        let text = format!("begin {{\n  print(1,\n    2);\n}}\n{}", "x\n".repeat(20));
        let file = SourceFile::new("stdin", &text);
        let rendered = |start, end| render(&file, &Diagnostic::error("syntax", Span::new(start, end), "m"));
        assert_eq!(rendered(10, 25), "stdin:2-3: ERROR: m\n  print(1,\n    2);\n");
        let long = rendered(0, text.len() - 1);
        assert!(long.starts_with("stdin:1-24: ERROR: m\nbegin {\n"), "{long}");
        assert!(long.ends_with("x\n... (16 more lines)\n"), "{long}");
        assert_eq!(long.lines().count(), 10);
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_span() {
        let file = SourceFile::new("stdin", "x".repeat(1_000_000));
        let text = render(&file, &Diagnostic::error("syntax", Span::new(500_000, 500_001), "Unexpected text"));
        assert!(text.len() < 3 * MAX_LINE, "{} bytes", text.len());
    }
}
