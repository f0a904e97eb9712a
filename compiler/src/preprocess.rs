//! The C section of a script and the headers that it includes: conditions, definitions, what is left to declare.

use std::cell::Cell;
use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::imports::include_of;
use crate::kernel::c_constants;
use crate::kernel::c_declarations::tokens;
use crate::source::Span;
use crate::syntax::ast::{Header, Script};

/// The most conditions within each other, and replacements of one name after another.
const MAX_DEPTH: usize = 64;
/// Words that definitions may make of all conditions and declarations together.
const MAX_WORDS: usize = 1 << 19;

/// An object-like `#define`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Define {
    /// What follows the name, comments taken out.
    pub text: String,
    /// Its place in the script.
    pub span: Span,
    /// It stands in the script itself.
    pub own: bool,
}

/// A `#define` with parameters.
#[derive(Debug, Clone)]
pub struct FunctionDefine {
    pub parameters: Vec<String>,
    /// It takes any number of arguments (`...`).
    pub is_variadic: bool,
    pub body: Define,
}

/// A piece of C in which no directive is left.
#[derive(Debug, Clone)]
pub struct Declarations {
    pub text: String,
    pub span: Span,
    /// Of the script itself: what is wrong with it is the script's mistake. A header may hold what is not understood.
    pub own: bool,
}

/// What the C section comes to.
#[derive(Debug, Clone, Default)]
pub struct Preprocessed {
    pub defines: HashMap<String, Define>,
    /// Definitions with parameters.
    pub functions: HashMap<String, FunctionDefine>,
    pub declarations: Vec<Declarations>,
    /// Headers of the script that nobody has opened: the line and the path.
    pub unopened: Vec<(Span, String)>,
}

impl Preprocessed {
    fn is_defined(&self, name: &str) -> bool {
        self.defines.contains_key(name) || self.functions.contains_key(name)
    }
}

/// What a definition says: its text, which begins at an offset.
fn definition(value: &str, from: usize, own: bool) -> Define {
    let from = from + value.len() - value.trim_start().len();
    let text = value.trim().to_owned();
    Define { span: Span::new(from, from + text.len()), text, own }
}

/// A line of the C section or a piece of text between such lines.
enum Piece<'a> {
    Line(&'a str, Span),
    Text(&'a str, Span),
}

/// Goes through headers and the C section of a script, which ends at `end`; what lies behind was imported and takes
/// effect before. `predefined` are names that are defined from the start.
pub fn preprocess<'d>(
    script: &'d Script,
    end: u32,
    predefined: &[(&str, &str)],
    found: &'d mut Diagnostics,
) -> Preprocessed {
    let mut state = State {
        headers: &script.headers,
        out: Preprocessed::default(),
        branches: Vec::new(),
        words: Cell::new(0),
        found,
    };
    for (name, text) in predefined {
        let define = Define { text: (*text).to_owned(), span: Span::default(), own: false };
        state.out.defines.insert((*name).to_owned(), define);
    }
    for header in &script.headers {
        let text = without_comments(&header.text);
        let first = state.out.declarations.len();
        for piece in lines_of(&text, header.span.start) {
            state.piece(&piece, false);
        }
        state.close(false);
        // Conditions may stand within a declaration.
        let pieces: Vec<String> = state.out.declarations.drain(first..).map(|it| it.text).collect();
        state.out.declarations.push(Declarations { text: pieces.concat(), span: header.span, own: false });
    }
    let lines = script.preprocessor.iter().map(|line| Piece::Line(&line.text, line.span));
    let definitions = script.c_definitions.iter().map(|it| Piece::Text(&it.text, it.span));
    let mut pieces: Vec<Piece<'_>> = lines.chain(definitions).collect();
    pieces.sort_by_key(|piece| match piece {
        Piece::Line(_, span) | Piece::Text(_, span) => (span.start < end, span.start),
    });
    for piece in &pieces {
        state.piece(piece, true);
    }
    state.close(true);
    state.out
}

/// One `#if` and its branches.
struct Branch {
    span: Span,
    /// The branch at hand is taken, and all around it.
    active: bool,
    /// A branch was taken already, or none may be.
    done: bool,
    has_else: bool,
}

struct State<'d> {
    headers: &'d [Header],
    out: Preprocessed,
    branches: Vec<Branch>,
    /// How many words were looked at in definitions.
    words: Cell<usize>,
    found: &'d mut Diagnostics,
}

impl State<'_> {
    fn is_active(&self) -> bool {
        self.branches.last().is_none_or(|branch| branch.active)
    }

    fn mistake(&mut self, own: bool, span: Span, message: impl Into<String>) {
        if own {
            self.found.push(Diagnostic::error("preprocessor", span, message));
        }
    }

    /// Ends a file.
    fn close(&mut self, own: bool) {
        if let Some(open) = self.branches.first().map(|branch| branch.span) {
            self.mistake(own, open, "This condition has no #endif");
        }
        self.branches.clear();
    }

    fn piece(&mut self, piece: &Piece<'_>, own: bool) {
        match piece {
            Piece::Text(text, span) if self.is_active() => {
                let text = self.replaced(text);
                self.out.declarations.push(Declarations { text, span: *span, own });
            }
            Piece::Text(..) => {}
            Piece::Line(line, span) => self.directive(line, *span, own),
        }
    }

    fn directive(&mut self, line: &str, span: Span, own: bool) {
        // Backslashes join lines; the text keeps its length, so that offsets in it stay right.
        let joined = without_comments(&line.replace("\\\r\n", "   ").replace("\\\n", "  "));
        let text = joined.trim_start().trim_start_matches('#').trim_start();
        let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let rest = rest.trim();
        match word {
            "if" => self.open(span, own, |state| state.condition(rest, span, own)),
            "ifdef" => self.open(span, own, |state| state.out.is_defined(rest)),
            "ifndef" => self.open(span, own, |state| !state.out.is_defined(rest)),
            "elif" => self.next_branch(span, own, false, |state| state.condition(rest, span, own)),
            "else" => self.next_branch(span, own, true, |_| true),
            "endif" => {
                if self.branches.pop().is_none() {
                    self.mistake(own, span, "#endif without #if");
                }
            }
            _ if !self.is_active() => {}
            "define" => self.define(&joined, span, own),
            "undef" => {
                self.out.defines.remove(rest);
                self.out.functions.remove(rest);
            }
            "include" => match include_of(&joined) {
                Some((path, _)) if own && !self.headers.iter().any(|header| header.name.ends_with(path)) => {
                    self.out.unopened.push((span, path.to_owned()));
                }
                Some(_) => {}
                None => self.mistake(own, span, "#include needs a file: <linux/sched.h> or \"own.h\""),
            },
            "error" => self.mistake(own, span, format!("#error {rest}")),
            "pragma" | "warning" | "line" | "" => {}
            _ => self.mistake(own, span, format!("Unknown directive: #{word}")),
        }
    }

    fn open(&mut self, span: Span, own: bool, is_true: impl FnOnce(&mut Self) -> bool) {
        if self.branches.len() >= MAX_DEPTH {
            return self.mistake(own, span, format!("More than {MAX_DEPTH} conditions inside each other"));
        }
        let around = self.is_active();
        let active = around && is_true(self);
        self.branches.push(Branch { span, active, done: active || !around, has_else: false });
    }

    fn next_branch(&mut self, span: Span, own: bool, is_else: bool, is_true: impl FnOnce(&mut Self) -> bool) {
        let Some(Branch { done, has_else, .. }) = self.branches.last() else {
            return self.mistake(own, span, "#else without #if");
        };
        let (done, has_else) = (*done, *has_else);
        if has_else {
            self.mistake(own, span, "Nothing but #endif may follow #else");
        }
        let active = !done && is_true(self);
        if let Some(branch) = self.branches.last_mut() {
            branch.active = active;
            branch.done |= active;
            branch.has_else |= is_else;
        }
    }

    fn define(&mut self, line: &str, span: Span, own: bool) {
        // Everything in front of the value has the length that it has in the script.
        let Some(at) = line.find("define").map(|at| at + "define".len()) else { return };
        let start = at + (line[at..].len() - line[at..].trim_start().len());
        let rest = &line[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, value) = rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.mistake(own, span, "#define needs a name");
        }
        if value.starts_with('(') {
            let Some(close) = value.find(')') else {
                return self.mistake(own, span, format!("The parameters of '{name}' have no end: ')' is missing"));
            };
            let from = span.start as usize + start + end + close + 1;
            let list = value[1..close].split(',').map(str::trim).filter(|it| !it.is_empty());
            let (dots, parameters): (Vec<&str>, Vec<&str>) = list.partition(|it| it.ends_with("..."));
            let define = FunctionDefine {
                parameters: parameters.into_iter().map(str::to_owned).collect(),
                is_variadic: !dots.is_empty(),
                body: definition(&value[close + 1..], from, own),
            };
            self.out.defines.remove(name);
            self.out.functions.insert(name.to_owned(), define);
            return;
        }
        let define = definition(value, span.start as usize + start + end, own);
        self.out.functions.remove(name);
        self.out.defines.insert(name.to_owned(), define);
    }

    /// Whether an `#if` holds. Names that are not defined are 0, as in C.
    fn condition(&mut self, text: &str, span: Span, own: bool) -> bool {
        let value = tokens(text).and_then(|tokens| {
            let tokens = self.with_defined(&tokens);
            let tokens = self.expanded(&tokens, &mut Vec::new());
            c_constants::evaluate(&tokens, &|_| Some(0))
        });
        match value {
            Ok(value) => value != 0,
            Err(message) => {
                self.mistake(own, span, message);
                false
            }
        }
    }

    /// `defined X` and `defined(X)` as 1 or 0.
    fn with_defined(&self, tokens: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            if token != "defined" {
                out.push(token.clone());
                continue;
            }
            let in_parentheses = tokens.get(at).is_some_and(|token| token == "(");
            let name = tokens.get(at + usize::from(in_parentheses)).map_or("", String::as_str);
            out.push(u8::from(self.out.is_defined(name)).to_string());
            at += if in_parentheses { 3 } else { 1 };
        }
        out
    }

    fn expanded(&self, tokens: &[String], active: &mut Vec<String>) -> Vec<String> {
        let mut out = Vec::new();
        for token in tokens {
            self.words.set(self.words.get() + 1);
            let define = self.out.defines.get(token).filter(|_| !active.contains(token) && active.len() < MAX_DEPTH);
            match define.and_then(|define| tokens_of(&define.text)) {
                Some(inner) if self.words.get() < MAX_WORDS => {
                    active.push(token.clone());
                    out.extend(self.expanded(&inner, active));
                    active.pop();
                }
                _ => out.push(token.clone()),
            }
        }
        out
    }

    /// Declarations with names replaced by what they are defined as.
    fn replaced(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_word = first.is_ascii_alphanumeric() || first == '_';
            let end = if is_word {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let word = &rest[..end];
            match self.out.defines.get(word) {
                Some(_) => {
                    out.push_str(&self.expanded(&[word.to_owned()], &mut Vec::new()).join(" "));
                }
                None => out.push_str(word),
            }
            rest = &rest[end..];
        }
        out
    }
}

fn tokens_of(text: &str) -> Option<Vec<String>> {
    tokens(text).ok()
}

/// The text with blanks in place of comments: as long, with the same lines.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let blank = |out: &mut String, comment: &str| {
        out.extend(comment.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    };
    while let Some(first) = rest.chars().next() {
        let end = if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            blank(&mut out, &rest[..end]);
            end
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment.find("*/").map_or(rest.len(), |end| end + 4);
            blank(&mut out, &rest[..end]);
            end
        } else if first == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            end
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[end..];
    }
    out
}

/// Where a string literal at the start of a text ends.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = character == '\\' && !escaped,
        }
    }
    text.len()
}

/// Directives with their continuation lines, and the text between them.
fn lines_of(text: &str, start: u32) -> Vec<Piece<'_>> {
    let span = |from: usize, to: usize| Span::new(start as usize + from, start as usize + to);
    let mut pieces = Vec::new();
    let (mut at, mut text_from) = (0, 0);
    while at < text.len() {
        let mut end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        if text[at..end].trim_start().starts_with('#') {
            while text[at..end].trim_end_matches(['\n', '\r']).ends_with('\\') && end < text.len() {
                end = text[end..].find('\n').map_or(text.len(), |more| end + more + 1);
            }
            if text_from < at {
                pieces.push(Piece::Text(&text[text_from..at], span(text_from, at)));
            }
            let line = text[at..end].trim_end();
            pieces.push(Piece::Line(line, span(at, at + line.len())));
            text_from = end;
        }
        at = end;
    }
    if text_from < text.len() {
        pieces.push(Piece::Text(&text[text_from..], span(text_from, text.len())));
    }
    pieces
}

#[cfg(test)]
mod tests;
