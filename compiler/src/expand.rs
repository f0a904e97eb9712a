//! Between parsing and types: uses of macros and of `#define`s become what those say.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::preprocess::Preprocessed;
use crate::source::expansions::Expansions;
use crate::source::{SourceFile, Span};
use crate::syntax::Limits;
use crate::syntax::ast::{Argument, Block, Expr, ExprKind, Macro, Root, Script, Stmt, TypeArgument};
use crate::syntax::transform::{Shift, Transform, walk_block, walk_expr, walk_function, walk_probe, walk_statement};

mod defines;
mod definitions;
mod parentheses;
mod substitute;
#[cfg(test)]
mod tests;

pub use definitions::Reserved;
pub use parentheses::values_in_parentheses;

use substitute::Bindings;

/// The deepest that macros may use each other.
const MAX_CHAIN: usize = 64;

/// A script without macros.
pub struct Expanded {
    pub script: Script,
    /// Names whose uses were refused: nothing more is to be said about them.
    pub refused: HashSet<String>,
    /// Names of all macros and of all definitions, for suggestions.
    pub macros: Vec<String>,
    pub defines: Vec<String>,
    pub expansions: Expansions,
}

/// Puts what macros and definitions stand for in the place of their uses.
pub fn expand(
    mut script: Script,
    file: &SourceFile,
    c: &Preprocessed,
    limits: &Limits,
    reserved: Reserved<'_>,
    diagnostics: &mut Diagnostics,
) -> Expanded {
    let mut macros = Vec::new();
    let mut roots = Vec::new();
    for root in script.roots {
        match root {
            Root::Macro(it) => macros.push(it),
            root => roots.push(root),
        }
    }
    script.roots = roots;
    definitions::check(&macros, reserved, diagnostics);
    let mut expander = Expander::new(&macros, c, file.end(), limits, diagnostics);
    for root in &mut script.roots {
        match root {
            Root::Probe(probe) => {
                expander.text = 0;
                walk_probe(&mut expander, probe);
                probe.expanded = expander.text;
            }
            Root::Function(function) => walk_function(&mut expander, function),
            Root::Macro(_) | Root::MapDeclaration(_) => {}
        }
    }
    let Expander { refused, expansions, .. } = expander;
    let mut defines: Vec<String> = c.defines.keys().cloned().collect();
    defines.sort();
    Expanded { script, refused, macros: macros.iter().map(|it| it.name.name.clone()).collect(), defines, expansions }
}

struct Expander<'a> {
    macros: &'a [Macro],
    by_name: HashMap<&'a str, Vec<usize>>,
    c: &'a Preprocessed,
    /// What definitions say, as far as that is an expression.
    parsed: HashMap<String, Option<Expr>>,
    expansions: Expansions,
    /// Where the offsets of the files end.
    text_end: u32,
    /// What is being expanded, the innermost last.
    chain: Vec<Active>,
    /// Levels of the tree above the node at hand.
    depth: usize,
    /// Nodes that were visited in expansions.
    nodes: usize,
    /// Bytes of script text that expansions have added to the probe.
    text: u32,
    renamed: u32,
    limits: &'a Limits,
    refused: HashSet<String>,
    /// Names that use themselves, through each other: told once.
    circular: HashSet<String>,
    /// A limit was exceeded: nothing more is expanded.
    stopped: bool,
    diagnostics: &'a mut Diagnostics,
}

/// An expansion under way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Active {
    Macro(usize),
    Define(String),
}

impl<'a> Expander<'a> {
    fn new(
        macros: &'a [Macro],
        c: &'a Preprocessed,
        text_end: u32,
        limits: &'a Limits,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, it) in macros.iter().enumerate() {
            by_name.entry(&it.name.name).or_default().push(index);
        }
        Self {
            macros,
            by_name,
            c,
            parsed: HashMap::new(),
            expansions: Expansions::default(),
            text_end,
            chain: Vec::new(),
            depth: 0,
            nodes: 0,
            text: 0,
            renamed: 0,
            limits,
            refused: HashSet::new(),
            circular: HashSet::new(),
            stopped: false,
            diagnostics,
        }
    }

    /// Goes a level down; false where the limits end.
    fn enter(&mut self, span: Span) -> bool {
        if self.stopped {
            return false;
        }
        self.depth += 1;
        if !self.chain.is_empty() {
            if self.depth > self.limits.max_tree_depth {
                let message =
                    format!("The macros are nested too deeply: more than {} levels", self.limits.max_tree_depth);
                self.stop(Diagnostic::error("nesting-too-deep", span, message));
            }
            self.count(1, span);
        }
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts nodes of expansions.
    fn count(&mut self, nodes: usize, span: Span) {
        self.nodes += nodes;
        // What an argument is made of is visited again in each expansion around it.
        if self.nodes > 2 * self.limits.max_nodes {
            let message = format!(
                "The macros of this script become too large: more than {} expressions and statements",
                2 * self.limits.max_nodes
            );
            self.stop(Diagnostic::error("too-many-nodes", span, message));
        }
    }

    fn stop(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.report(diagnostic);
        }
        self.stopped = true;
        self.refused.extend(self.by_name.keys().map(|name| (*name).to_owned()));
    }

    /// Adds a diagnostic at its place in the file.
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.placed(&self.expansions));
    }

    /// What a call stands for; None where it is no macro's, or where that was refused.
    fn expansion(&mut self, name: &str, arguments: &[Argument], call: Span, called: bool) -> Option<Expr> {
        let candidates = self.by_name.get(name)?;
        let chosen = definitions::choose(self.macros, candidates, arguments);
        let Some(index) = chosen else {
            // The builtin of that name may be meant.
            if crate::builtins::find(name).is_none() {
                let diagnostic = definitions::mismatch(self.macros, candidates, arguments, call, called);
                self.report(diagnostic);
                self.refused.insert(name.to_owned());
            }
            return None;
        };
        self.may_begin(&Active::Macro(index), name, call)?;
        self.body(index, arguments, call)
    }

    /// None where an expansion would be one of itself, or one too many.
    fn may_begin(&mut self, next: &Active, name: &str, call: Span) -> Option<()> {
        if let Some(at) = self.chain.iter().position(|active| active == next) {
            let names: Vec<&str> = self.chain[at..]
                .iter()
                .map(|active| match active {
                    Active::Macro(index) => self.macros[*index].name.name.as_str(),
                    Active::Define(name) => name,
                })
                .collect();
            let circle = if names.len() > 1 { format!(": {} -> {name}", names.join(" -> ")) } else { String::new() };
            let what = if matches!(next, Active::Macro(_)) { "Macro" } else { "The definition of" };
            // Each of a circle leads into it: one message is enough for all of them.
            let told = names.iter().any(|it| self.circular.contains(*it));
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            self.circular.extend(names);
            if !told {
                self.report(Diagnostic::error("macro-recursion", call, format!("{what} '{name}' uses itself{circle}")));
            }
            self.refused.insert(name.to_owned());
            return None;
        }
        if self.chain.len() >= MAX_CHAIN {
            let message = format!("Macros use each other more than {MAX_CHAIN} deep");
            self.stop(Diagnostic::error("nesting-too-deep", call, message));
            return None;
        }
        Some(())
    }

    /// The body of a macro with its parameters replaced, its locals renamed, and its own uses of macros expanded.
    fn body(&mut self, index: usize, arguments: &[Argument], call: Span) -> Option<Expr> {
        let it = &self.macros[index];
        let Some(shift) = self.expansions.add(it.span, call, &it.name.name, self.text_end) else {
            let message = "The macros of this script become too large";
            self.stop(Diagnostic::error("too-many-nodes", call, message));
            return None;
        };
        self.text = self.text.saturating_add(it.span.end - it.span.start);
        let mut block = it.body.clone();
        Shift(shift).block(&mut block);
        self.renamed += 1;
        let mut bindings = Bindings::new(&it.parameters, arguments, self.renamed);
        bindings.block(&mut block);
        self.text = self.text.saturating_add(bindings.text);
        self.count(bindings.nodes, call);
        for diagnostic in bindings.problems {
            self.report(diagnostic);
        }
        self.chain.push(Active::Macro(index));
        self.block(&mut block);
        self.chain.pop();
        Some(match block {
            // Without statements of its own it is an expression like any other: a literal stays one.
            Block { statements, value: Some(value), .. } if statements.is_empty() => *value,
            block => Expr { kind: ExprKind::Block(block), span: call },
        })
    }
}

impl Transform for Expander<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        if !self.enter(expr.span) {
            return;
        }
        let span = expr.span;
        self.rename_function(expr);
        let expansion = match &mut expr.kind {
            ExprKind::Identifier(name) if self.c.defines.contains_key(name.as_str()) => {
                let name = name.clone();
                self.definition(&name, span)
            }
            ExprKind::Call { function, arguments } if self.by_name.contains_key(function.name.as_str()) => {
                arguments.iter_mut().for_each(|argument| self.argument(argument));
                if self.stopped { None } else { self.expansion(&function.name, arguments, span, true) }
            }
            ExprKind::Identifier(name) if self.by_name.contains_key(name.as_str()) => {
                self.expansion(name, &[], span, false)
            }
            ExprKind::Call { function, arguments } if self.function_define(&function.name).is_some() => {
                arguments.iter_mut().for_each(|argument| self.argument(argument));
                if self.stopped { None } else { self.call_define(&function.name, arguments, span) }
            }
            _ => {
                walk_expr(self, expr);
                None
            }
        };
        if let Some(expansion) = expansion {
            *expr = expansion;
        }
        self.leave();
    }

    fn type_argument(&mut self, argument: &mut TypeArgument) {
        match argument {
            TypeArgument::Type(ty) => match self.value_of_type(ty) {
                Some(value) => *argument = TypeArgument::Expr(value),
                None => self.type_name(ty),
            },
            TypeArgument::Expr(expr) => self.expr(expr),
        }
    }

    fn block(&mut self, block: &mut Block) {
        if self.enter(block.span) {
            walk_block(self, block);
            self.leave();
        }
    }

    fn statement(&mut self, statement: &mut Stmt) {
        if self.enter(statement.span) {
            walk_statement(self, statement);
            self.leave();
        }
    }
}
