//! What of a source text the tree does not hold and a formatter must keep: comments, blank lines, the spelling of strings,
//! parentheses that somebody found clearer.

use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Root, Script};

/// The text that a tree was read from, and which of its comments were printed.
pub(super) struct Origin<'s> {
    text: &'s str,
    comments: Vec<Comment>,
}

struct Comment {
    span: Span,
    /// `//`: nothing may follow on its line.
    is_line: bool,
    is_printed: bool,
}

impl<'s> Origin<'s> {
    pub fn new(text: &'s str, script: &Script) -> Self {
        let comments = comments(text, &opaque(text, script));
        Self { text, comments }
    }

    /// Behind the last byte.
    pub fn end(&self) -> u32 {
        self.text.len() as u32
    }

    pub fn slice(&self, span: Span) -> &'s str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// `#!...`
    pub fn shebang(&self) -> Option<&'s str> {
        self.text.starts_with("#!").then(|| self.text.lines().next().unwrap_or_default().trim_end())
    }

    /// A span without the white space and comments at its end.
    pub fn tight(&self, mut span: Span) -> Span {
        loop {
            span.end = span.start + self.slice(span).trim_end().len() as u32;
            match self.comments.iter().find(|comment| comment.span.end == span.end && comment.span.start > span.start) {
                Some(comment) => span.end = comment.span.start,
                None => return span,
            }
        }
    }

    pub fn has_comment(&self, span: Span) -> bool {
        self.comments
            .iter()
            .any(|comment| !comment.is_printed && span.start <= comment.span.start && comment.span.end <= span.end)
    }

    /// Whether an empty line stands before an offset.
    pub fn has_blank_before(&self, at: u32) -> bool {
        let before = &self.text[..at as usize];
        before[before.trim_end().len()..].matches('\n').count() > 1
    }

    /// Where what is still to be printed before an offset begins: at the first comment, or there.
    pub fn begin(&self, at: u32) -> u32 {
        self.comments.iter().find(|comment| !comment.is_printed).map_or(at, |comment| comment.span.start.min(at))
    }

    /// Appends the comments before an offset, each on a line of its own.
    pub fn lead(&mut self, out: &mut String, at: u32, margin: &str) {
        for index in 0..self.comments.len() {
            let span = self.comments[index].span;
            if self.comments[index].is_printed || span.start >= at {
                continue;
            }
            if !out.is_empty() && self.has_blank_before(span.start) {
                out.push('\n');
            }
            self.comments[index].is_printed = true;
            out.push_str(margin);
            out.push_str(&self.moved(span, margin));
            out.push('\n');
        }
    }

    /// The comments that stand on the line of something that ends at an offset, with a space before each.
    pub fn behind(&mut self, mut end: u32, margin: &str) -> String {
        let mut out = String::new();
        for index in 0..self.comments.len() {
            let Comment { span, is_line, is_printed } = self.comments[index];
            if is_printed || span.start < end {
                continue;
            }
            let between = self.slice(Span { start: end, end: span.start });
            if !between.chars().all(|c| matches!(c, ' ' | '\t' | ';' | ',' | '/')) {
                break;
            }
            self.comments[index].is_printed = true;
            out.push(' ');
            out.push_str(&self.moved(span, margin));
            if is_line {
                break;
            }
            end = span.end;
        }
        out
    }

    /// The comment that ends the line of an opening brace.
    pub fn behind_brace(&mut self, brace: u32, margin: &str) -> String {
        let start = brace + 1;
        let Some(index) = self.comments.iter().position(|comment| !comment.is_printed && comment.span.start >= start)
        else {
            return String::new();
        };
        let Comment { span, is_line, .. } = self.comments[index];
        let is_blank = |text: &str| text.chars().all(|c| matches!(c, ' ' | '\t' | '\r'));
        let after = self.text[span.end as usize..].split('\n').next().unwrap_or_default();
        if !is_blank(self.slice(Span { start, end: span.start })) || !(is_line || is_blank(after)) {
            return String::new();
        }
        self.comments[index].is_printed = true;
        format!(" {}", self.moved(span, margin))
    }

    /// Text as it was written, comments included.
    pub fn verbatim(&mut self, span: Span, margin: &str) -> String {
        for comment in &mut self.comments {
            comment.is_printed |= span.start <= comment.span.start && comment.span.end <= span.end;
        }
        self.moved(span, margin)
    }

    /// Text whose first line will stand behind `margin`; the others move with it.
    fn moved(&self, span: Span, margin: &str) -> String {
        let line = self.text[..span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &self.text[line..];
        let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()];
        let mut out = String::new();
        for (index, line) in self.slice(span).split('\n').enumerate() {
            let line = line.trim_end();
            if index > 0 {
                out.push('\n');
            }
            match line.strip_prefix(indent).filter(|_| index > 0) {
                Some(rest) if !rest.is_empty() => out.extend([margin, rest]),
                Some(_) => {}
                None => out.push_str(line),
            }
        }
        out
    }

    /// A string literal as it was written.
    pub fn literal(&self, span: Span) -> Option<&'s str> {
        let text = self.slice(span);
        text.get(text.find('"')?..=text.rfind('"')?).filter(|literal| literal.len() > 1)
    }

    /// Whether somebody put parentheses around an expression that is an operand.
    pub fn is_parenthesised(&self, expr: &Expr) -> bool {
        if matches!(expr.kind, ExprKind::Tuple(_) | ExprKind::Record(_)) {
            return false;
        }
        let text = self.slice(expr.span);
        if !text.starts_with('(') {
            return false;
        }
        let bytes = text.as_bytes();
        let (mut depth, mut at) = (0_usize, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at += string_length(&bytes[at..]) - 1,
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                b'/' => {
                    let comment =
                        self.comments.iter().find(|comment| comment.span.start == expr.span.start + at as u32);
                    at += comment.map_or(0, |comment| (comment.span.end - comment.span.start - 1) as usize);
                }
                _ => {}
            }
            at += 1;
            if depth == 0 {
                return at == bytes.len();
            }
        }
        false
    }
}

/// Where `//`, `/*` and `"` mean nothing: raw text, from the first to the last.
fn opaque(text: &str, script: &Script) -> Vec<Span> {
    let mut spans = Vec::new();
    if text.starts_with("#!") {
        spans.push(Span::new(0, text.find('\n').unwrap_or(text.len())));
    }
    spans.extend(script.preprocessor.iter().map(|line| line.span));
    spans.extend(script.c_definitions.iter().map(|definition| definition.span));
    for root in &script.roots {
        if let Root::Probe(probe) = root {
            spans.extend(probe.attach_points.iter().map(|point| point.span));
        }
    }
    spans.sort_by_key(|span| span.start);
    spans
}

fn comments(text: &str, opaque: &[Span]) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut opaque = opaque.iter().peekable();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(span) = opaque.next_if(|span| span.start as usize <= at) {
            at = at.max(span.end as usize);
            continue;
        }
        let rest = &text.as_bytes()[at..];
        let length = match rest {
            [b'"', ..] => {
                at += string_length(rest);
                continue;
            }
            [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => text[at + 2..].find("*/").map_or(rest.len(), |length| length + 4),
            _ => {
                at += 1;
                // The next character begins: comments are found at the first byte of one only.
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                continue;
            }
        };
        let is_line = rest[1] == b'/';
        let length = if is_line { text[at..at + length].trim_end().len() } else { length };
        found.push(Comment { span: Span::new(at, at + length), is_line, is_printed: false });
        at += length;
    }
    found
}

/// The bytes of a string literal, its quotes included.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' | b'\n' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
