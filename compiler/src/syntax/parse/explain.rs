//! What pest expected, as a sentence for a person. Pest gives the furthest place at which a rule failed and the rules that
//! would have gone on from there; the scan gives the token before and the innermost open bracket.

use pest::error::{ErrorVariant, InputLocation};

use super::Rule;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::limits::Limits;
use crate::syntax::scan::{self, Scan};

/// Words with a meaning of their own.
pub const KEYWORDS: [&str; 20] = [
    "break", "comptime", "config", "continue", "else", "false", "fn", "for", "if", "import", "let", "macro",
    "offsetof", "return", "sizeof", "true", "typeinfo", "typeof", "unroll", "while",
];

/// Quotation marks that people and word processors write instead of `"`.
/// Operators that are words elsewhere.
const WORDS: [(&str, &str); 2] = [("and", "&&"), ("or", "||")];
const FOR_LOOP: &str = "A loop runs over a range or a map: for $i : 0..10 { ... }, for $kv : @map { ... }";
const QUOTES: [&str; 6] = ["'", "`", "\u{2018}", "\u{2019}", "\u{201c}", "\u{201d}"];

pub(super) fn explain(text: &str, limits: &Limits, scan: Scan, error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => scan::floor_char_boundary(text, at),
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { message } => {
            // Pest's own fences: the stack of this thread, or the number of calls.
            let message = format!("The script is too deeply nested for the parser ({message})");
            return Diagnostic::error("nesting-too-deep", scan::char_at(text, at), message);
        }
    };
    let failure = Failure::new(text, at, expected, scan::scan_to(text, at, limits));
    match scan.mistake {
        // The parser stops at the start of a C definition whose braces it cannot match.
        Some(mistake) if mistake.span.start as usize <= at || expected.contains(&Rule::c_body) => mistake,
        Some(Diagnostic { labels, .. }) if !failure.found.is_empty() => {
            // A bracket that nothing closes may well be the cause.
            Diagnostic { labels, ..failure.explain() }
        }
        _ => failure.explain(),
    }
}

struct Failure<'a> {
    expected: &'a [Rule],
    /// The token that does not fit; empty at the end of the script.
    found: &'a str,
    found_span: Span,
    previous: &'a str,
    previous_span: Span,
    /// The innermost open bracket.
    open: Option<(u8, usize)>,
}

impl<'a> Failure<'a> {
    fn new(text: &'a str, at: usize, expected: &'a [Rule], scan: Scan) -> Self {
        let found = token_at(&text[at..]);
        let previous_span = scan.previous.unwrap_or_default();
        let previous = text.get(previous_span.start as usize..previous_span.end as usize).unwrap_or_default();
        Self { expected, found, found_span: Span::new(at, at + found.len()), previous, previous_span, open: scan.open }
    }

    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    /// The sentence about the token that does not fit.
    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error("syntax", self.found_span, message)
    }

    /// `, found 'x'`
    fn found(&self) -> String {
        match self.found.chars().next() {
            None => ", found the end of the script".to_owned(),
            Some(c) if c.is_whitespace() || c.is_control() || c == '\u{feff}' => {
                format!(", found the character U+{:04X}, which cannot be seen", u32::from(c))
            }
            Some(_) => format!(", found '{}'", self.found),
        }
    }

    fn explain(&self) -> Diagnostic {
        self.root_level()
            .or_else(|| self.statement_start())
            .or_else(|| self.after_attach_point())
            .or_else(|| self.after_expression())
            .or_else(|| self.expression_start())
            .or_else(|| self.declarations())
            .unwrap_or_else(|| self.list_of_expected())
    }

    /// Between probes.
    fn root_level(&self) -> Option<Diagnostic> {
        let order = |what: &str, before: &str| {
            Some(Diagnostic::error("section-order", self.found_span, format!("{what} must stand before {before}")))
        };
        if !self.expects(Rule::EOI) && !self.expects(Rule::script) {
            return None;
        }
        match self.found {
            "#" => order("Preprocessor lines", "config, imports and probes"),
            "struct" | "union" | "enum" => order("C definitions", "config, imports and probes"),
            "config" => order("The config block", "probes, macros, functions and map declarations"),
            "import" => order("Imports", "probes, macros, functions and map declarations"),
            "}" => Some(self.error("Unexpected '}': there is no bracket that it closes")),
            ";" => Some(self.error("Unexpected ';' between probes").with_help("Remove it")),
            "{" | "/" => Some(
                self.error(format!("Expected an attach point before '{}'", self.found))
                    .with_help("For example: kprobe:vfs_read { @ = count(); }"),
            ),
            _ => Some(self.error(format!("Expected a probe{}", self.found()))),
        }
    }

    fn statement_start(&self) -> Option<Diagnostic> {
        if !self.expects(Rule::kw_break) {
            return None;
        }
        Some(match self.found {
            ";" => self.error("Empty statement").with_help("Remove this ';'"),
            "else" => self.error("'else' without an 'if' before it"),
            "macro" | "fn" | "config" => self
                .error(format!("'{}' cannot stand inside a block; it belongs at the root of the script", self.found)),
            "#" => self.error("Preprocessor lines cannot stand inside a block").with_help("Comments begin with //"),
            quote if QUOTES.contains(&quote) => self.wrong_quote(),
            _ => self.error(format!("Expected a statement{}", self.found())),
        })
    }

    fn after_attach_point(&self) -> Option<Diagnostic> {
        if !self.expects(Rule::predicate_slash) || self.expects(Rule::question) {
            return None;
        }
        if self.expects(Rule::attach_point) || self.expects(Rule::attach_text) {
            return Some(self.error(format!("Expected an attach point after ','{}", self.found())));
        }
        let mut diagnostic = self.error("Expected '{' to open the probe's body");
        if self.previous.ends_with(':') {
            diagnostic = diagnostic.with_help("An attach point has no spaces, as in kprobe:vfs_read; or quote it");
        } else if self.found.starts_with(|first: char| first.is_ascii_alphabetic()) {
            diagnostic =
                diagnostic.with_help("Several attach points are parted by commas: begin, interval:s:1 { ... }");
        } else if !self.found.is_empty() {
            diagnostic = diagnostic.with_help("A condition stands between slashes: kprobe:vfs_read /pid == 1/ { ... }");
        }
        Some(diagnostic)
    }

    /// An expression is complete, and what follows it does not fit.
    fn after_expression(&self) -> Option<Diagnostic> {
        if !self.expects(Rule::question) && !self.expects(Rule::semicolon) {
            return None;
        }
        if self.found == "=" && !self.expects(Rule::assign) {
            let message = "'=' cannot stand inside an expression";
            return Some(self.error(message).with_help("Use '==' to compare"));
        }
        if self.expects(Rule::predicate_slash) {
            return Some(self.error(format!("Expected '/' to close the predicate{}", self.found())));
        }
        if self.expects(Rule::colon) && self.expects(Rule::question) {
            return Some(self.error(format!("Expected ':' and a second value for '?'{}", self.found())));
        }
        for (rule, bracket) in [(Rule::close_paren, ')'), (Rule::close_bracket, ']')] {
            if self.expects(rule) {
                let separator = if self.expects(Rule::comma) { "',' or " } else { "" };
                let mut diagnostic = self.error(format!("Expected {separator}'{bracket}'{}", self.found()));
                if let Some((_, sign)) = WORDS.iter().find(|(word, _)| *word == self.found) {
                    diagnostic = diagnostic.with_help(format!("Write {sign}"));
                }
                if let (Some((open, at)), ";" | "{" | "}" | "") = (self.open, self.found) {
                    let label = format!("This '{}' is not closed", char::from(open));
                    diagnostic = diagnostic.with_label(Span::new(at, at + 1), label);
                }
                return Some(diagnostic);
            }
        }
        if self.expects(Rule::open_brace) {
            return Some(self.open_body());
        }
        if !self.expects(Rule::semicolon) {
            return None;
        }
        if self.previous.starts_with('"') && self.open.is_none() {
            return Some(Diagnostic::error("syntax", self.previous_span, "Expected ';' after this import"));
        }
        let mut diagnostic =
            Diagnostic::error("syntax", self.previous_span, "Expected ';' or '}' after this statement");
        let is_name =
            self.previous.starts_with(|c: char| c.is_ascii_alphabetic()) && !KEYWORDS.contains(&self.previous);
        if is_name && self.found.starts_with(['@', '$', '"']) {
            diagnostic = diagnostic.with_help(format!("A call needs parentheses: {}(...)", self.previous));
        }
        Some(diagnostic)
    }

    fn open_body(&self) -> Diagnostic {
        self.error(format!("Expected '{{' to open the body{}", self.found())).with_help("A body needs braces: { ... }")
    }

    fn expression_start(&self) -> Option<Diagnostic> {
        if self.expects(Rule::operand_start) {
            return Some(self.error(format!("Expected an expression after this cast{}", self.found())));
        }
        // A loop's bounds are primary expressions, so their kinds are listed one by one.
        let is_bound = self.expects(Rule::integer) && self.expects(Rule::variable);
        if !self.expects(Rule::unary) && !is_bound {
            return None;
        }
        if QUOTES.contains(&self.found) {
            return Some(self.wrong_quote());
        }
        let what = if self.expects(Rule::type_name) { "a type or an expression" } else { "an expression" };
        let mut diagnostic = self.error(format!("Expected {what}{}", self.found()));
        if is_bound && !self.expects(Rule::unary) && matches!(self.found, "-" | "!" | "~" | "*") {
            diagnostic =
                diagnostic.with_help("The bounds of a loop are single values: put an expression in parentheses");
        }
        if KEYWORDS.contains(&self.found) {
            diagnostic = diagnostic.with_help(format!("'{}' is a keyword and cannot be used as a name", self.found));
        }
        Some(diagnostic)
    }

    fn wrong_quote(&self) -> Diagnostic {
        self.error(format!("{} does not begin a string", self.found))
            .with_help("Strings stand in double quotes; \"c\"[0] is the value of a character")
    }

    /// `let`, `for`, `else`, and what else has a form of its own.
    fn declarations(&self) -> Option<Diagnostic> {
        match (self.expected, self.previous, self.found) {
            ([Rule::variable], "let", found) if found.starts_with('@') => Some(
                self.error("A map is declared at the root of the script, not inside a block")
                    .with_help("Maps need no declaration: assign to it"),
            ),
            ([Rule::variable], _, found) => {
                let error = self.error(format!("Expected a variable such as $x{}", self.found()));
                let is_of_c = matches!(found, "int" | "long" | "unsigned" | "auto" | "var" | "let");
                Some(if is_of_c { error.with_help(FOR_LOOP) } else { error })
            }
            ([Rule::map], _, found) if found.starts_with('$') => Some(
                self.error("Only maps can be declared at the root of the script")
                    .with_help("Variables live inside a block; use a map, such as @x, to share a value between probes"),
            ),
            ([Rule::colon], variable, "in") if variable.starts_with('$') => Some(
                self.error("Expected ':' after the loop's variable").with_help(format!("Write: for {variable} : ...")),
            ),
            ([Rule::colon], variable, "=") if variable.starts_with('$') => {
                Some(self.error("Expected ':' after the loop's variable").with_help(FOR_LOOP))
            }
            (_, _, "[") if self.expects(Rule::range) => {
                Some(self.error("A loop runs over a whole map or over a range such as 0..10"))
            }
            (_, "else", _) if self.expects(Rule::open_brace) => {
                Some(self.error(format!("Expected '{{' or 'if' after 'else'{}", self.found())))
            }
            ([Rule::open_brace], _, _) => Some(self.open_body()),
            ([Rule::ident], _, found) if KEYWORDS.contains(&found) => {
                Some(self.error(format!("'{found}' is a keyword and cannot be used as a name")))
            }
            _ => None,
        }
    }

    fn list_of_expected(&self) -> Diagnostic {
        let mut names: Vec<&str> = Vec::new();
        // The parenthesis that begins a tuple of types is a type, too.
        let is_told = |rule: &&Rule| **rule != Rule::open_paren || !self.expects(Rule::type_name);
        for name in self.expected.iter().filter(is_told).filter_map(|rule| describe(*rule)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let list = match names.as_slice() {
            [] => return self.error(format!("Unexpected text{}", self.found())),
            [one] => (*one).to_owned(),
            [most @ .., last] => format!("{} or {last}", most.join(", ")),
        };
        self.error(format!("Expected {list}{}", self.found()))
    }
}

/// How to call a rule in a sentence; `None` for operators, which could follow nearly everything.
fn describe(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::open_brace => "'{'",
        Rule::close_brace => "'}'",
        Rule::open_paren => "'('",
        Rule::close_paren => "')'",
        Rule::close_bracket => "']'",
        Rule::semicolon => "';'",
        Rule::comma => "','",
        Rule::colon => "':'",
        Rule::equals => "'='",
        Rule::range => "'..'",
        Rule::ident => "a name",
        Rule::variable => "a variable such as $x",
        Rule::map => "a map such as @x",
        Rule::field_name | Rule::tuple_index => "the name of a field",
        Rule::integer => "a number",
        Rule::string => "a string",
        Rule::setting_word => "a word",
        Rule::setting => "a setting",
        Rule::type_name => "a type",
        Rule::attach_point | Rule::attach_text => "an attach point",
        Rule::block => "'{'",
        Rule::expr | Rule::unary => "an expression",
        Rule::c_body => "'{' and a body that is closed",
        Rule::record_field => "a field such as x = 1",
        Rule::function_parameter => "a parameter such as $x : int64",
        _ => return None,
    })
}

/// The token at the start of a text, for messages.
fn token_at(text: &str) -> &str {
    let sigil = usize::from(text.starts_with(['$', '@']));
    let word = text[sigil..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let length = match text.get(..2) {
        _ if word > 0 => sigil + word,
        Some("==" | "!=" | "<=" | ">=" | "&&" | "||" | "<<" | ">>" | "++" | "--" | "->" | "..") => 2,
        _ => text.chars().next().map_or(0, char::len_utf8),
    };
    &text[..length]
}
