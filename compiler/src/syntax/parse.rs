//! Source text to [`Script`]: this file and its children are the only ones that know pest's rules.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Once;

use pest::Parser as _;
use pest::iterators::{Pair, Pairs};

use super::ast::{Script, WordInParentheses};
use super::limits::Limits;
use super::scan;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

mod explain;
mod expression;
mod literal;
mod root;
mod statement;
mod types;

pub use explain::KEYWORDS;

#[derive(pest_derive::Parser)]
#[grammar = "syntax/bpftrace.pest"]
struct Grammar;

/// The most calls the generated parser may make for one file: four times what the densest 64 KiB of valid source need
/// (70 calls a byte, for probes without bodies). A fence behind [`Limits`], should the grammar ever backtrack where it
/// must not. Pest keeps it for the whole process.
const CALL_LIMIT: NonZeroUsize = NonZeroUsize::new(20_000_000).expect("not zero");

/// Parses a script; stops at the first mistake.
///
/// # Errors
///
/// The first mistake, or the limit that the text exceeds.
pub fn parse(file: &SourceFile, limits: &Limits) -> Result<Script, Diagnostic> {
    parse_with(file, limits, &HashSet::new())
}

/// Parses a script in which `values` are no types: `(word) - 1` is a subtraction for them.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(
    file: &SourceFile,
    limits: &Limits,
    values: &HashSet<WordInParentheses>,
) -> Result<Script, Diagnostic> {
    static SET_CALL_LIMIT: Once = Once::new();
    SET_CALL_LIMIT.call_once(|| pest::set_call_limit(Some(CALL_LIMIT)));

    let text = file.text();
    let scan = scan::check(text, limits)?;
    let pairs = Grammar::parse(Rule::script, text).map_err(|error| explain::explain(text, limits, scan, &error))?;
    let mut converter = Converter::new(limits, values);
    let mut script = Script::default();
    for pair in pairs {
        script = converter.script(pair).map_err(|error| *error)?;
    }
    script.words_in_parentheses = converter.words_in_parentheses;
    // A script may consist of imports only.
    if script.roots.is_empty() && script.imports.is_empty() {
        return Err(empty(text, &script));
    }
    Ok(script)
}

/// The diagnostic for a script in which nothing happens.
fn empty(text: &str, script: &Script) -> Diagnostic {
    let has_definitions = script.config.is_some()
        || [script.preprocessor.len(), script.c_definitions.len(), script.imports.len()] != [0; 3];
    let message = if has_definitions { "Empty program: it has no probe" } else { "Empty program" };
    let end = text.trim_end().len();
    Diagnostic::error("empty-script", Span::new(end, text.len()), message)
        .with_help("Write a probe, for example: begin { printf(\"hello\\n\"); }")
}

/// What the converter's functions return. They call each other as deep as the script nests, so what they pass around is
/// small: boxes, also for expressions.
type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Pest's pairs to the tree. Counts nodes and depth as it goes.
struct Converter<'a> {
    limits: &'a Limits,
    values: &'a HashSet<WordInParentheses>,
    words_in_parentheses: Vec<WordInParentheses>,
    /// The macro that is being converted, and its parameters.
    macro_around: Option<(String, Vec<String>)>,
    depth: usize,
    nodes: usize,
}

impl<'a> Converter<'a> {
    fn new(limits: &'a Limits, values: &'a HashSet<WordInParentheses>) -> Self {
        Self { limits, values, words_in_parentheses: Vec::new(), macro_around: None, depth: 0, nodes: 0 }
    }

    /// Counts a node of the tree.
    fn node(&mut self, span: Span) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            let message =
                format!("The script is too large: more than {} expressions and statements", self.limits.max_nodes);
            return Err(Box::new(Diagnostic::error("too-many-nodes", span, message)));
        }
        Ok(())
    }

    /// Goes `levels` down in the tree; [`Self::leave`] goes up again.
    fn enter(&mut self, levels: usize, span: Span) -> Parsed<()> {
        self.depth += levels;
        if self.depth > self.limits.max_tree_depth {
            let message = format!(
                "Too many operators or brackets in a row or inside each other: more than {} levels",
                self.limits.max_tree_depth
            );
            let diagnostic = Diagnostic::error("nesting-too-deep", span, message)
                .with_help("Split it: assign parts to variables, or write several statements");
            return Err(Box::new(diagnostic));
        }
        Ok(())
    }

    fn leave(&mut self, levels: usize) {
        self.depth -= levels;
    }
}

/// The span of a pair whose last part is a token; pairs that end in something optional may include white space.
fn span_of(pair: &Pair<'_, Rule>) -> Span {
    let span = pair.as_span();
    Span::new(span.start(), span.end())
}

/// The pairs inside, without punctuation.
fn parts(pair: Pair<'_, Rule>) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner().filter(|part| !is_punctuation(part.as_rule()))
}

fn is_punctuation(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::open_brace
            | Rule::close_brace
            | Rule::open_paren
            | Rule::close_paren
            | Rule::open_bracket
            | Rule::close_bracket
            | Rule::semicolon
            | Rule::comma
            | Rule::colon
            | Rule::equals
            | Rule::dot
            | Rule::arrow
            | Rule::predicate_slash
            | Rule::kw_break
            | Rule::kw_config
            | Rule::kw_continue
            | Rule::kw_else
            | Rule::kw_fn
            | Rule::kw_for
            | Rule::kw_if
            | Rule::kw_import
            | Rule::kw_let
            | Rule::kw_macro
            | Rule::kw_offsetof
            | Rule::kw_return
            | Rule::kw_sizeof
            | Rule::kw_typeinfo
            | Rule::kw_typeof
            | Rule::kw_unroll
            | Rule::kw_while
            | Rule::shebang
            | Rule::EOI
    )
}

/// The span from the first part to the last one, for pairs that may end in white space.
fn tight_span(pair: &Pair<'_, Rule>) -> Span {
    let all: Pairs<'_, Rule> = pair.clone().into_inner();
    match all.into_iter().next_back() {
        Some(last) => Span::new(pair.as_span().start(), span_of(&last).end as usize),
        None => span_of(pair),
    }
}

/// The grammar promised a part that is not there: a mistake in this program, reported rather than a panic.
fn broken(span: Span) -> Box<Diagnostic> {
    error("internal-parser", span, "The parser lost its way here (this is a bug of the parser)")
}

fn error(code: Code, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code, span, message))
}
