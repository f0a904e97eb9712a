//! Functions of the script (`fn`): what is wrong with their definitions, their calls, and their bodies.
//!
//! A body is typed for every program that calls it, as its own probe type: pointers then belong where the probe's do.

use std::collections::HashMap;

use crate::builtins;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::{self, FunctionId, StmtKind};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Expr, ExprKind, Function, Ident, Stmt};
use crate::syntax::transform::{Transform, walk_expr, walk_statement};
use crate::types::Type;

use super::convert::how_to_fit;
use super::typer::Typer;

/// Calls of functions and loops within each other: the kernel allows 8 frames. One is the program's own, one is left for
/// what works on strings.
const MAX_FRAMES: usize = 6;

/// The calls in a body, with the loops around each.
#[derive(Default)]
struct Calls {
    found: Vec<(String, Span, usize)>,
    loops: usize,
    deepest_loop: usize,
}

impl Calls {
    fn of(function: &Function) -> Self {
        let mut calls = Self::default();
        calls.block(&mut function.body.clone());
        calls
    }
}

impl Transform for Calls {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Call { function, .. } = &expr.kind {
            self.found.push((function.name.clone(), function.span, self.loops));
        }
        walk_expr(self, expr);
    }

    fn statement(&mut self, statement: &mut Stmt) {
        use ast::StmtKind as S;
        let is_loop = matches!(statement.kind, S::While { .. } | S::ForMap { .. } | S::ForRange { .. });
        self.loops += usize::from(is_loop);
        self.deepest_loop = self.deepest_loop.max(self.loops);
        walk_statement(self, statement);
        self.loops -= usize::from(is_loop);
    }
}

/// Reports what is wrong with functions, also with those that nothing calls. Returns those that can be typed.
pub fn check<'s>(functions: &[&'s Function], diagnostics: &mut Diagnostics) -> Vec<&'s Function> {
    let mut good: Vec<&Function> = Vec::new();
    for it in functions {
        let name = &it.name.name;
        if let Some(first) = good.iter().find(|first| first.name.name == *name) {
            diagnostics.push(
                Diagnostic::error("duplicate-function", it.name.span, format!("Function '{name}' is defined twice"))
                    .with_label(first.name.span, "the first definition"),
            );
        } else if builtins::find(name).is_some() {
            let message = format!("A function cannot be called '{name}': that is a builtin");
            diagnostics.push(Diagnostic::error("duplicate-function", it.name.span, message));
        } else {
            good.push(it);
        }
    }
    let calls: Vec<Calls> = good.iter().map(|it| Calls::of(it)).collect();
    let index_of: HashMap<&str, usize> = good.iter().enumerate().map(|(at, it)| (it.name.name.as_str(), at)).collect();
    let mut frames = vec![None; good.len()];
    for index in 0..good.len() {
        depth(index, &calls, &index_of, &mut Vec::new(), &mut frames, &good, diagnostics);
    }
    good
}

/// How many frames a call of a function takes; reports functions that call themselves.
fn depth(
    index: usize,
    calls: &[Calls],
    index_of: &HashMap<&str, usize>,
    chain: &mut Vec<usize>,
    frames: &mut [Option<usize>],
    functions: &[&Function],
    diagnostics: &mut Diagnostics,
) -> usize {
    if let Some(known) = frames[index] {
        return known;
    }
    chain.push(index);
    let mut most = calls[index].deepest_loop;
    for (name, span, loops) in &calls[index].found {
        let Some(callee) = index_of.get(name.as_str()).copied() else { continue };
        if let Some(at) = chain.iter().position(|active| *active == callee) {
            let names: Vec<&str> = chain[at..].iter().map(|it| functions[*it].name.name.as_str()).collect();
            let circle = if names.len() > 1 { format!(": {} -> {name}", names.join(" -> ")) } else { String::new() };
            let message = format!("Function '{name}' calls itself{circle}");
            diagnostics.push(
                Diagnostic::error("function-recursion", *span, message)
                    .with_help("The kernel runs no recursive programs: use a loop"),
            );
            continue;
        }
        // A chain this long is refused below; going on would only cost stack.
        if chain.len() <= 2 * MAX_FRAMES {
            most = most.max(loops + depth(callee, calls, index_of, chain, frames, functions, diagnostics));
        }
    }
    chain.pop();
    frames[index] = Some(most + 1);
    if most + 1 == MAX_FRAMES + 1 {
        let message = format!(
            "Function '{}' leads to {} calls and loops inside each other; the kernel allows {MAX_FRAMES}",
            functions[index].name.name,
            most + 1
        );
        diagnostics.push(
            Diagnostic::error("call-depth", functions[index].name.span, message)
                .with_help("Make some of the functions macros"),
        );
    }
    most + 1
}

impl<'a> Typer<'a> {
    /// Whether a word is a function of the script.
    pub fn find_function(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|function| function.name.name == name)
    }

    /// A call of a function of the script.
    pub fn function_call(&mut self, index: usize, arguments: &[Argument], span: Span) -> Option<hir::Expr> {
        let function = self.functions[index];
        let name = &function.name.name;
        let values: Vec<Option<hir::Expr>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Expr(expr) => self.operand(expr),
                Argument::Type(ty) => self.error("argument-type", ty.span, format!("{name}() takes values, no types")),
            })
            .collect();
        if arguments.len() != function.parameters.len() {
            let expected = function.parameters.len();
            let plural = if expected == 1 { "" } else { "s" };
            let message = format!("{name}() takes {expected} argument{plural} ({} given)", arguments.len());
            let diagnostic =
                Diagnostic::error("argument-count", span, message).with_label(function.name.span, "it is defined here");
            return self.fail(diagnostic);
        }
        let types: Option<Vec<Type>> = function.parameters.iter().map(|(_, ty)| self.type_name(ty)).collect();
        let returns = self.type_name(&function.returns);
        let (values, types) = (values.into_iter().collect::<Option<Vec<_>>>()?, types?);
        let typed: Vec<Option<hir::Expr>> = values
            .into_iter()
            .zip(types)
            .enumerate()
            .map(|(number, (value, ty))| {
                let (span, known) = (value.span, super::evidence::literal(&value).is_some());
                self.store_else(value, &ty, true, |_, from| bad_argument(function, number, span, known, from, &ty))
            })
            .collect();
        let arguments = typed.into_iter().collect::<Option<Vec<_>>>()?;
        let called = &mut self.program.called;
        let id = called.iter().position(|other| *other == index).unwrap_or_else(|| {
            called.push(index);
            called.len() - 1
        });
        let kind = hir::ExprKind::CallFunction { function: FunctionId(id as u32), arguments };
        Some(hir::Expr { kind, ty: returns?, span })
    }

    /// Types the functions that the program at hand calls, and those that they call.
    pub fn called_functions(&mut self) -> Option<Vec<hir::Function>> {
        let (mut typed, mut whole) = (Vec::new(), true);
        while let Some(index) = self.program.called.get(typed.len()).copied() {
            let function = self.function_body(index);
            whole &= function.is_some();
            typed.push(function);
        }
        if self.program.index == 0 {
            // Mistakes in functions that nothing calls are mistakes as well.
            for index in 0..self.functions.len() {
                if !self.program.called.contains(&index) {
                    whole &= self.function_body(index).is_some();
                }
            }
        }
        if whole { typed.into_iter().collect() } else { None }
    }

    fn function_body(&mut self, index: usize) -> Option<hir::Function> {
        let function = self.functions[index];
        self.program.scopes.clear();
        self.program.loops.clear();
        self.program.loop_return = None;
        self.program.scopes.push(HashMap::new());
        let returns = self.type_name(&function.returns);
        if let Some(ty @ Type::Aggregate(_)) = &returns {
            let message = format!("A function cannot return '{ty}'");
            self.error::<()>("variable-type", function.returns.span, message);
        }
        let parameters: Vec<_> = function.parameters.iter().map(|(name, ty)| self.parameter(name, ty)).collect();
        self.program.function = Some((index, returns.clone()));
        let body = self.block(&function.body);
        self.program.function = None;
        self.program.scopes.clear();
        let (body, returns) = (body?, returns?);
        let parameters = parameters.into_iter().collect::<Option<Vec<_>>>()?;
        if returns != Type::Void && !returns_always(&body) {
            let message = format!("Function '{}' may end without a return of '{returns}'", function.name.name);
            let end = Span { start: function.span.end.saturating_sub(1), end: function.span.end };
            let diagnostic = Diagnostic::error("missing-return", end, message)
                .with_help("Its last statement must be a return, or an if with a return in every branch");
            return self.fail(diagnostic);
        }
        let name = function.name.name.clone();
        Some(hir::Function { name, parameters, returns, body, span: function.span })
    }

    fn parameter(&mut self, name: &Ident, ty: &ast::TypeName) -> Option<hir::VariableId> {
        let ty = self.type_name(ty);
        let id = self.declare(name)?;
        self.program.variables[id.0 as usize].assigned = true;
        let ty = ty?;
        if matches!(ty, Type::Void | Type::Aggregate(_)) {
            return self.error("variable-type", name.span, format!("A parameter cannot have the type '{ty}'"));
        }
        self.pin(id, ty);
        Some(id)
    }

    /// `return` in a function.
    pub fn function_return(&mut self, value: Option<&ast::Expr>, span: Span) -> Option<StmtKind> {
        let (index, returns) = self.program.function.clone()?;
        let name = &self.functions[index].name.name;
        match (value, returns?) {
            (None, Type::Void) => Some(StmtKind::Return(None)),
            (None, ty) => {
                let message = format!("Function '{name}' returns '{ty}': a value is missing here");
                self.error("return-type", span, message)
            }
            (Some(value), Type::Void) => {
                let message = format!("Function '{name}' is void: it returns no value");
                self.error("return-type", value.span, message)
            }
            (Some(value), ty) => {
                let value = self.operand(value)?;
                let value =
                    self.store(value, &ty, true, |_, from| format!("Function '{name}' returns '{ty}', not '{from}'"))?;
                Some(StmtKind::Return(Some(value)))
            }
        }
    }
}

/// The error for an argument that is not of the parameter's type.
fn bad_argument(
    function: &Function,
    number: usize,
    span: Span,
    known: bool,
    given: &Type,
    expected: &Type,
) -> Diagnostic {
    let (name, parameter) = (&function.name.name, &function.parameters[number].0);
    let message =
        format!("Argument {} of {name}(), {}, must be '{expected}', not '{given}'", number + 1, parameter.name);
    let help = match how_to_fit(given, expected, known) {
        Some(help) if help.starts_with("Write a cast") => help,
        _ => format!("Pass a value of '{expected}', or declare it as {} : {given}", parameter.name),
    };
    Diagnostic::error("argument-type", span, message).with_help(help).with_label(parameter.span, "the parameter")
}

/// Whether control never runs off the end of a block.
fn returns_always(block: &hir::Block) -> bool {
    block.statements.iter().any(|statement| match &statement.kind {
        StmtKind::Return(_) => true,
        StmtKind::Block(block) => returns_always(block),
        StmtKind::If { then, otherwise, .. } => returns_always(then) && returns_always(otherwise),
        _ => false,
    })
}
