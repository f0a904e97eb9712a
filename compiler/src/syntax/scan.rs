//! A cheap look at the bytes before the parser runs: size, strings and comments that never end, brackets, and how deep
//! the parser would have to recurse. The parser recurses only for brackets, for the middle of `? :`, and for an `if` in
//! the condition of another, so bounding these bounds its stack.

use super::limits::Limits;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// What the scan knows at the place where it ended.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// A string or comment that never ends, or a bracket that does not match or is never closed: reported unless the
    /// parser finds an earlier mistake.
    pub mistake: Option<Diagnostic>,
    /// The innermost bracket that is open: its kind and where it stands.
    pub open: Option<(u8, usize)>,
    /// The token before.
    pub previous: Option<Span>,
    /// All brackets that are open, outermost first: kinds and places.
    pub brackets: Vec<(u8, usize)>,
    /// The end is in a predicate.
    pub in_predicate: bool,
}

/// How text is read: what is text for one of these is a token for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between probes, where attach points are raw text.
    Root,
    /// A `struct`, `union` or `enum`.
    C,
    /// `let @m = ...`, which ends at its parenthesis.
    MapDeclaration,
    /// A predicate, a body, `config`, `macro`, `fn`, `import`.
    Body,
}

/// Checks a whole file.
///
/// # Errors
///
/// A limit that the text exceeds.
pub(super) fn check(text: &str, limits: &Limits) -> Result<Scan, Diagnostic> {
    if text.len() > limits.max_source_bytes {
        let at = floor_char_boundary(text, limits.max_source_bytes);
        let message = format!("The script is too large: {} bytes, at most {}", text.len(), limits.max_source_bytes);
        return Err(Diagnostic::error("source-too-large", char_at(text, at), message));
    }
    Scanner::new(text, limits.max_depth).run(text.len())
}

/// What is known at an offset of a text that [`check`] accepted.
pub(super) fn scan_to(text: &str, end: usize, limits: &Limits) -> Scan {
    Scanner::new(text, limits.max_depth).run(end).unwrap_or_default()
}

/// An open bracket, and what pends between it and the current place.
struct Open {
    bracket: u8,
    at: usize,
    /// `?` without their `:`.
    questions: usize,
    /// `if`s whose condition may still go on.
    ifs: usize,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    max_depth: usize,
    /// The first entry stands for the root and is no bracket.
    open: Vec<Open>,
    depth: usize,
    place: Place,
    /// The braces of the C definition have been closed: only attributes and `;` may follow.
    c_body_seen: bool,
    previous: Option<Span>,
    mistake: Option<Diagnostic>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, max_depth: usize) -> Self {
        let root = Open { bracket: 0, at: 0, questions: 0, ifs: 0 };
        Self {
            text,
            at: 0,
            max_depth,
            open: vec![root],
            depth: 0,
            place: Place::Root,
            c_body_seen: false,
            previous: None,
            mistake: None,
        }
    }

    fn run(mut self, end: usize) -> Result<Scan, Diagnostic> {
        if self.text.starts_with("#!") {
            self.skip_line();
        }
        loop {
            self.skip_layout();
            if self.at >= end || self.mistake.is_some() {
                break;
            }
            let start = self.at;
            match self.place {
                Place::Root => self.root()?,
                Place::C => self.c_token()?,
                Place::MapDeclaration | Place::Body => self.token()?,
            }
            self.previous = Some(Span::new(start, self.at));
        }
        if end == self.text.len() && self.mistake.is_none() && self.open.len() > 1 {
            self.mistake = self.unclosed();
        }
        let open = self.open.last().filter(|open| open.bracket != 0).map(|open| (open.bracket, open.at));
        let brackets: Vec<_> = self.open.iter().skip(1).map(|open| (open.bracket, open.at)).collect();
        let in_predicate = self.place == Place::Body && brackets.is_empty();
        Ok(Scan { mistake: self.mistake, open, previous: self.previous, brackets, in_predicate })
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_layout(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, _) => self.at += 1,
                (b'/', b'/') => self.skip_line(),
                (b'/', b'*') => match self.text[self.at + 2..].find("*/") {
                    Some(length) => self.at += 2 + length + 2,
                    None => {
                        let span = Span::new(self.at, self.at + 2);
                        let diagnostic = Diagnostic::error("unterminated-comment", span, "Unterminated comment");
                        self.mistake = Some(diagnostic.with_help("Close it with */"));
                        return;
                    }
                },
                _ => return,
            }
        }
    }

    /// To the newline.
    fn skip_line(&mut self) {
        self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |length| self.at + length);
    }

    fn word(&self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        &rest[..length]
    }

    fn root(&mut self) -> Result<(), Diagnostic> {
        match self.peek(0) {
            b'#' => self.preprocessor_line(),
            b'/' => {
                self.place = Place::Body;
                self.at += 1;
            }
            b'(' | b'[' | b'{' | b')' | b']' | b'}' => {
                self.place = Place::Body;
                self.token()?;
            }
            b',' | b';' | b'=' => self.at += 1,
            _ => {
                let word = self.word();
                let after = self.text[self.at + word.len()..].trim_start();
                self.place = match word {
                    _ if after.starts_with(':') => Place::Root,
                    "struct" | "union" | "enum" => Place::C,
                    "let" => Place::MapDeclaration,
                    "macro" | "fn" | "config" | "import" => Place::Body,
                    _ => Place::Root,
                };
                self.c_body_seen = false;
                if self.place != Place::Root || (!word.is_empty() && after.starts_with('=')) {
                    self.at += word.len();
                } else {
                    self.attach_point();
                }
            }
        }
        Ok(())
    }

    /// To the newline that no backslash precedes.
    fn preprocessor_line(&mut self) {
        loop {
            let start = self.at;
            self.skip_line();
            let line = &self.text[start..self.at];
            if self.at == self.text.len() || !line.trim_end_matches('\r').ends_with('\\') {
                return;
            }
            self.at += 1;
        }
    }

    fn attach_point(&mut self) {
        let mut seen_colon = false;
        loop {
            match self.peek(0) {
                b'"' => {
                    self.quoted(true);
                    if self.mistake.is_some() {
                        return;
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | b'{' | b',' => return,
                b'/' if !seen_colon => return,
                _ if self.at >= self.text.len() => return,
                byte => {
                    seen_colon |= byte == b':';
                    self.advance();
                }
            }
        }
    }

    /// A quoted string; only those of attach points and of the C section may run over several lines.
    fn quoted(&mut self, multiline: bool) {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\n' if !multiline => break,
                b'\\' if multiline || self.peek(1) != b'\n' => {
                    self.at += 1;
                    self.advance();
                }
                _ if self.at >= self.text.len() => break,
                _ => self.advance(),
            }
            if self.at >= self.text.len() {
                break;
            }
        }
        let end = if multiline { start + 1 } else { start + self.text[start..self.at].trim_end().len() };
        let diagnostic = Diagnostic::error("unterminated-string", Span::new(start, end), "Unterminated string")
            .with_help("Close it with a double quote on the same line; \\n stands for a line break");
        self.mistake = Some(diagnostic);
    }

    fn advance(&mut self) {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    /// In the C section only braces nest, and the parentheses of attributes.
    fn c_token(&mut self) -> Result<(), Diagnostic> {
        let at_top = self.open.len() == 1;
        let in_braces = self.open.get(1).is_some_and(|open| open.bracket == b'{');
        match self.peek(0) {
            b'"' if in_braces => self.at += c_string_length(&self.text[self.at..]),
            b'{' => self.open()?,
            b'(' if !in_braces => self.open()?,
            b')' if !in_braces => self.close(),
            b'}' => {
                self.close();
                self.c_body_seen = self.open.len() == 1;
            }
            b';' if at_top => {
                self.at += 1;
                self.place = Place::Root;
            }
            _ if at_top => {
                let word = self.word();
                if word.is_empty() || (self.c_body_seen && word != "__attribute__") {
                    self.place = Place::Root;
                    self.root()?;
                } else {
                    self.at += word.len();
                }
            }
            _ => self.advance(),
        }
        Ok(())
    }

    fn token(&mut self) -> Result<(), Diagnostic> {
        match self.peek(0) {
            b'"' => self.quoted(false),
            b'(' | b'[' | b'{' => self.open()?,
            b')' | b']' | b'}' => {
                let bracket = self.peek(0);
                self.close();
                let ends = bracket == b'}' || (bracket == b')' && self.place == Place::MapDeclaration);
                if ends && self.open.len() == 1 {
                    self.place = Place::Root;
                }
            }
            b'?' => {
                self.top().questions += 1;
                self.deeper()?;
                self.at += 1;
            }
            b':' => {
                if self.top().questions > 0 {
                    self.top().questions -= 1;
                    self.depth -= 1;
                }
                self.at += 1;
            }
            byte @ (b';' | b',') => {
                self.forget_pending();
                self.at += 1;
                if byte == b';' && self.open.len() == 1 {
                    self.place = Place::Root;
                }
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => self.body_word()?,
            byte if byte.is_ascii_digit() => self.at += self.word().len(),
            b'$' | b'@' => {
                self.at += 1;
                self.at += self.word().len();
            }
            byte if [*b"->", *b"++", *b"--", *b"==", *b"&&", *b"||"].contains(&[byte, self.peek(1)]) => self.at += 2,
            _ => self.advance(),
        }
        Ok(())
    }

    fn body_word(&mut self) -> Result<(), Diagnostic> {
        let word = self.word();
        if word == "if" {
            match self.previous_text() {
                // Here begins a statement, so no condition is pending.
                Some("{" | "}" | ";") => self.forget_pending(),
                Some("." | "->") => {
                    self.at += word.len();
                    return Ok(());
                }
                _ => {}
            }
            if self.previous_text() != Some("else") {
                self.top().ifs += 1;
                self.deeper()?;
            }
        }
        self.at += word.len();
        Ok(())
    }

    fn previous_text(&self) -> Option<&'a str> {
        self.previous.and_then(|span| self.text.get(span.start as usize..span.end as usize))
    }

    fn top(&mut self) -> &mut Open {
        // The root's entry is never popped.
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    fn forget_pending(&mut self) {
        let top = self.top();
        let pending = std::mem::take(&mut top.questions) + std::mem::take(&mut top.ifs);
        self.depth -= pending;
    }

    fn deeper(&mut self) -> Result<(), Diagnostic> {
        self.depth += 1;
        if self.depth > self.max_depth {
            let message = format!("The nesting is too deep: more than {} levels", self.max_depth);
            return Err(Diagnostic::error("nesting-too-deep", char_at(self.text, self.at), message)
                .with_help("Split it: assign parts to variables, or write several statements"));
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Diagnostic> {
        self.open.push(Open { bracket: self.peek(0), at: self.at, questions: 0, ifs: 0 });
        self.deeper()?;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        let bracket = self.peek(0);
        let span = Span::new(self.at, self.at + 1);
        self.at += 1;
        let open = (self.top().bracket, self.top().at);
        if open.0 == 0 || (open.0 == b'{' && bracket != b'}') {
            let message = format!("Unexpected '{}': there is no bracket that it closes", char::from(bracket));
            self.mistake = Some(Diagnostic::error("unbalanced-bracket", span, message));
        } else if closing(open.0) != bracket {
            let message = format!("Expected '{}' before '{}'", char::from(closing(open.0)), char::from(bracket));
            let label = format!("This '{}' is not closed", char::from(open.0));
            self.mistake = Some(
                Diagnostic::error("unbalanced-bracket", span, message).with_label(Span::new(open.1, open.1 + 1), label),
            );
        } else {
            self.forget_pending();
            self.open.pop();
            self.depth -= 1;
        }
    }

    /// The diagnostic for the innermost bracket that is open at the end of the file.
    fn unclosed(&self) -> Option<Diagnostic> {
        let open = self.open.last()?;
        let message = format!("Missing '{}' at the end of the script", char::from(closing(open.bracket)));
        let label = format!("This '{}' is not closed", char::from(open.bracket));
        let span = self.previous.unwrap_or_default();
        let last = floor_char_boundary(self.text, (span.end as usize).saturating_sub(1));
        Some(
            Diagnostic::error("unbalanced-bracket", Span::new(last, span.end as usize), message)
                .with_label(Span::new(open.at, open.at + 1), label),
        )
    }
}

pub(super) fn closing(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// The length of the string at the start of C text; a quote that nothing closes on its line stands alone.
fn c_string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    1
}

pub(super) fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The span of the character at an offset.
pub(super) fn char_at(text: &str, at: usize) -> Span {
    Span::new(at, at + text[at..].chars().next().map_or(0, char::len_utf8))
}
