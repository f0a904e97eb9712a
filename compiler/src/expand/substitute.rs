//! The body of a macro for one use: parameters become arguments, and locals get names that nobody else has.

use std::collections::HashMap;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{
    Argument, Block, Expr, ExprKind, Ident, MacroParameter, Place, PlaceKind, Stmt, TypeArgument, TypeBase, TypeName,
};
use crate::syntax::transform::{Transform, walk_block, walk_expr, walk_statement, walk_type_name};

/// Parts of a tree; no tree may have more, so neither may a macro copy more.
const MOST_NODES: usize = 1 << 20;

/// What stands behind the parameters.
pub struct Bindings<'a> {
    /// Parameters by reference, with their sigil, and the name that the caller gives.
    references: HashMap<&'a str, &'a str>,
    /// Parameters that stand for an expression or a type.
    values: HashMap<&'a str, Value<'a>>,
    /// What makes the names of locals differ from those of all other expansions.
    suffix: String,
    /// Parts of arguments that were copied, and bytes of their text.
    pub nodes: usize,
    pub text: u32,
    pub problems: Vec<Diagnostic>,
}

struct Value<'a> {
    argument: &'a Argument,
    nodes: usize,
}

impl<'a> Bindings<'a> {
    pub fn new(parameters: &'a [MacroParameter], arguments: &'a [Argument], number: u32) -> Self {
        let (mut references, mut values) = (HashMap::new(), HashMap::new());
        for (parameter, argument) in parameters.iter().zip(arguments) {
            match parameter {
                MacroParameter::Variable(name) | MacroParameter::Map(name) => {
                    if let Some(given) = reference(argument) {
                        references.insert(name.name.as_str(), given);
                    }
                }
                MacroParameter::Expression(name) => {
                    values.insert(name.name.as_str(), Value { argument, nodes: size(argument) });
                }
            }
        }
        Self { references, values, suffix: format!("#{number}"), nodes: 0, text: 0, problems: Vec::new() }
    }

    /// The argument that a word stands for, counted.
    fn argument(&mut self, word: &str) -> Option<&'a Argument> {
        let value = self.values.get(word)?;
        self.nodes += value.nodes;
        let span = span_of(value.argument);
        self.text = self.text.saturating_add(span.end.saturating_sub(span.start));
        (self.nodes < MOST_NODES).then_some(value.argument)
    }
}

impl Transform for Bindings<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        let ExprKind::Identifier(word) = &expr.kind else { return walk_expr(self, expr) };
        match self.argument(word) {
            Some(Argument::Expr(value)) => *expr = by_value(value),
            Some(Argument::Type(_)) => {
                let message = format!("'{word}' is a type here, not a value");
                self.problems.push(Diagnostic::error("macro-arguments", expr.span, message));
            }
            None => {}
        }
    }

    fn argument(&mut self, argument: &mut Argument) {
        match argument {
            Argument::Expr(Expr { kind: ExprKind::Identifier(word), .. }) => {
                if let Some(given) = Bindings::argument(self, word) {
                    *argument = match given {
                        Argument::Expr(value) => Argument::Expr(by_value(value)),
                        Argument::Type(ty) => Argument::Type(ty.clone()),
                    };
                }
            }
            Argument::Expr(expr) => self.expr(expr),
            Argument::Type(ty) => self.type_name(ty),
        }
    }

    fn type_argument(&mut self, argument: &mut TypeArgument) {
        match argument {
            TypeArgument::Type(TypeName { base: TypeBase::Name(word), suffixes, .. }) if suffixes.is_empty() => {
                match Bindings::argument(self, word) {
                    Some(Argument::Expr(value)) => *argument = TypeArgument::Expr(value.clone()),
                    Some(Argument::Type(ty)) => *argument = TypeArgument::Type(ty.clone()),
                    None => {}
                }
            }
            TypeArgument::Type(ty) => self.type_name(ty),
            TypeArgument::Expr(expr) => self.expr(expr),
        }
    }

    fn type_name(&mut self, ty: &mut TypeName) {
        let TypeBase::Name(word) = &ty.base else { return walk_type_name(self, ty) };
        ty.base = match Bindings::argument(self, word) {
            Some(Argument::Type(given)) => TypeBase::TypeOf(Box::new(TypeArgument::Type(given.clone()))),
            Some(Argument::Expr(value)) => TypeBase::TypeOf(Box::new(TypeArgument::Expr(value.clone()))),
            None => return,
        };
    }

    fn name(&mut self, name: &mut Ident) {
        if let Some(given) = self.references.get(name.name.as_str()) {
            name.name = (*given).to_owned();
        } else if name.name.starts_with('$') {
            name.name.push_str(&self.suffix);
        }
    }

    fn block(&mut self, block: &mut Block) {
        walk_block(self, block);
    }

    fn statement(&mut self, statement: &mut Stmt) {
        walk_statement(self, statement);
    }
}

/// The name of a variable or map that is passed as a whole.
pub fn reference(argument: &Argument) -> Option<&str> {
    let Argument::Expr(Expr { kind: ExprKind::Place(Place { kind, .. }), .. }) = argument else { return None };
    match kind {
        PlaceKind::Variable(name) => Some(&name.name),
        PlaceKind::Map { name, key } if key.is_empty() => Some(&name.name),
        PlaceKind::Map { .. } => None,
    }
}

/// A map that is passed for an expression is its value: a block keeps functions from taking it for the map.
fn by_value(value: &Expr) -> Expr {
    let is_map = matches!(&value.kind, ExprKind::Place(Place { kind: PlaceKind::Map { .. }, .. }));
    if !is_map {
        return value.clone();
    }
    let block = Block { statements: Vec::new(), value: Some(Box::new(value.clone())), span: value.span };
    Expr { kind: ExprKind::Block(block), span: value.span }
}

pub fn span_of(argument: &Argument) -> Span {
    match argument {
        Argument::Expr(expr) => expr.span,
        Argument::Type(ty) => ty.span,
    }
}

/// How many parts an argument has.
fn size(argument: &Argument) -> usize {
    struct Count(usize);
    impl Transform for Count {
        fn expr(&mut self, expr: &mut Expr) {
            self.0 += 1;
            walk_expr(self, expr);
        }
    }
    let mut count = Count(1);
    count.argument(&mut argument.clone());
    count.0
}
