//! What is wrong with the definition of a macro, and which of several definitions a use means.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Argument, Block, Expr, ExprKind, Ident, Macro, MacroParameter, Stmt, StmtKind};
use crate::syntax::transform::{Transform, walk_block, walk_expr, walk_statement};

use super::substitute::reference;

/// Says what a word means already that no parameter may be called: `a builtin`, `a type`.
pub type Reserved<'a> = &'a dyn Fn(&str) -> Option<&'static str>;

/// Reports what is wrong with macros, also with those that nothing uses.
pub fn check(macros: &[Macro], reserved: Reserved<'_>, diagnostics: &mut Diagnostics) {
    for (index, it) in macros.iter().enumerate() {
        if let Some(first) = macros[..index].iter().find(|first| same_signature(first, it)) {
            let message = format!("Macro '{}' is defined twice with the same parameters", it.name.name);
            diagnostics.push(
                Diagnostic::error("duplicate-macro", it.name.span, message)
                    .with_label(first.name.span, "the first definition"),
            );
        }
        let mut names = HashSet::new();
        for name in it.parameters.iter().map(name_of) {
            if !names.insert(name.name.as_str()) {
                let message = format!("Parameter '{}' occurs twice", name.name);
                diagnostics.push(Diagnostic::error("macro-parameter", name.span, message));
            } else if let Some(meaning) = reserved(&name.name) {
                let message = format!("A parameter cannot be called '{}': that is {meaning}", name.name);
                diagnostics.push(Diagnostic::error("macro-parameter", name.span, message));
            }
        }
        let mut body = it.body.clone();
        Body { name: &it.name.name, parameters: &names, loops: 0, diagnostics }.block(&mut body);
    }
}

fn same_signature(first: &Macro, second: &Macro) -> bool {
    let kinds = |it: &Macro| it.parameters.iter().map(std::mem::discriminant).collect::<Vec<_>>();
    first.name.name == second.name.name && kinds(first) == kinds(second)
}

fn name_of(parameter: &MacroParameter) -> &Ident {
    parameter.name()
}

/// Looks for what may not stand in a macro.
struct Body<'a> {
    name: &'a str,
    parameters: &'a HashSet<&'a str>,
    loops: usize,
    diagnostics: &'a mut Diagnostics,
}

impl Body<'_> {
    fn leaves(&mut self, word: &str, span: Span) {
        let message = format!("{word} would leave the macro '{}'", self.name);
        let diagnostic = Diagnostic::error("macro-control", span, message)
            .with_help("A macro ends at its last expression: let it yield a value, and decide where it is used");
        self.diagnostics.push(diagnostic);
    }
}

impl Transform for Body<'_> {
    fn name(&mut self, name: &mut Ident) {
        if name.name.starts_with('@') && !self.parameters.contains(name.name.as_str()) {
            let message = format!("Undefined map: {}. A macro reaches only maps that are passed to it", name.name);
            let parameter = if name.name == "@" { "@map" } else { &name.name };
            let diagnostic = Diagnostic::error("undefined-map", name.span, message)
                .with_help(format!("Make it a parameter: macro {}(..., {parameter})", self.name));
            self.diagnostics.push(diagnostic);
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Call { function, .. } = &expr.kind
            && function.name == "exit"
        {
            self.leaves("exit()", expr.span);
        }
        walk_expr(self, expr);
    }

    fn block(&mut self, block: &mut Block) {
        walk_block(self, block);
    }

    fn statement(&mut self, statement: &mut Stmt) {
        match &statement.kind {
            StmtKind::Return(_) => self.leaves("return", statement.span),
            StmtKind::Break if self.loops == 0 => self.leaves("break", statement.span),
            StmtKind::Continue if self.loops == 0 => self.leaves("continue", statement.span),
            _ => {}
        }
        let is_loop = matches!(
            statement.kind,
            StmtKind::While { .. } | StmtKind::Unroll { .. } | StmtKind::ForMap { .. } | StmtKind::ForRange { .. }
        );
        self.loops += usize::from(is_loop);
        walk_statement(self, statement);
        self.loops -= usize::from(is_loop);
    }
}

/// Whether an argument can stand for a parameter; how well.
fn fits(parameter: &MacroParameter, argument: &Argument) -> Option<usize> {
    match parameter {
        MacroParameter::Variable(_) => reference(argument).filter(|name| name.starts_with('$')).map(|_| 1),
        MacroParameter::Map(_) => reference(argument).filter(|name| name.starts_with('@')).map(|_| 1),
        MacroParameter::Expression(_) => Some(0),
    }
}

/// The definition that takes these arguments, by their number and kinds: exact kinds come first.
pub fn choose(macros: &[Macro], candidates: &[usize], arguments: &[Argument]) -> Option<usize> {
    let score = |index: usize| -> Option<usize> {
        let parameters = &macros[index].parameters;
        if parameters.len() != arguments.len() {
            return None;
        }
        parameters.iter().zip(arguments).map(|(parameter, argument)| fits(parameter, argument)).sum()
    };
    // The first of the best.
    candidates.iter().rev().filter_map(|index| Some((score(*index)?, *index))).max_by_key(|it| it.0).map(|it| it.1)
}

/// Why no definition takes these arguments.
pub fn mismatch(
    macros: &[Macro],
    candidates: &[usize],
    arguments: &[Argument],
    call: Span,
    called: bool,
) -> Diagnostic {
    let signatures: Vec<String> = candidates.iter().map(|index| signature(&macros[*index])).collect();
    let by_count = candidates.iter().map(|index| &macros[*index]).find(|it| it.parameters.len() == arguments.len());
    let name = candidates.first().map_or("", |index| macros[*index].name.name.as_str());
    let diagnostic = match by_count {
        Some(it) => {
            let wrong = it.parameters.iter().zip(arguments).enumerate().find(|(_, (p, a))| fits(p, a).is_none());
            let (number, what, span) = match wrong {
                Some((index, (MacroParameter::Variable(_), argument))) => {
                    (index + 1, "a variable", super::substitute::span_of(argument))
                }
                Some((index, (_, argument))) => (index + 1, "a map", super::substitute::span_of(argument)),
                None => (0, "something else", call),
            };
            let message = format!("Argument {number} of macro '{name}' must be {what}: it is passed by reference");
            Diagnostic::error("macro-arguments", span, message)
        }
        None if !called => {
            Diagnostic::error("function-without-call", call, format!("'{name}' is a macro that needs arguments"))
        }
        None => {
            let count = arguments.len();
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("Macro '{name}' does not take {count} argument{plural}");
            Diagnostic::error("macro-arguments", call, message)
        }
    };
    diagnostic.with_help(format!("It is defined as {}", signatures.join(", ")))
}

fn signature(it: &Macro) -> String {
    let parameters: Vec<&str> = it.parameters.iter().map(|parameter| name_of(parameter).name.as_str()).collect();
    format!("{}({})", it.name.name, parameters.join(", "))
}
