//! Walking a tree to change it: what expands macros and moves spans.

use super::ast::{
    Argument, Block, Else, Expr, ExprKind, Function, Ident, If, Macro, MacroParameter, Place, PlaceKind, Probe, Root,
    Script, Stmt, StmtKind, TypeArgument, TypeBase, TypeName,
};
use crate::source::Span;

/// Changes nodes in place. Every method walks on by default; what is overridden calls the `walk_…` function of its node
/// where the parts are to be changed as well.
pub trait Transform {
    fn expr(&mut self, expr: &mut Expr) {
        walk_expr(self, expr);
    }

    fn block(&mut self, block: &mut Block) {
        walk_block(self, block);
    }

    fn statement(&mut self, statement: &mut Stmt) {
        walk_statement(self, statement);
    }

    fn argument(&mut self, argument: &mut Argument) {
        match argument {
            Argument::Expr(expr) => self.expr(expr),
            Argument::Type(ty) => self.type_name(ty),
        }
    }

    fn type_argument(&mut self, argument: &mut TypeArgument) {
        match argument {
            TypeArgument::Expr(expr) => self.expr(expr),
            TypeArgument::Type(ty) => self.type_name(ty),
        }
    }

    fn type_name(&mut self, ty: &mut TypeName) {
        walk_type_name(self, ty);
    }

    /// A name with its place: of a variable or map (with its sigil), of a field, of a function.
    fn name(&mut self, name: &mut Ident) {
        self.span(&mut name.span);
    }

    fn span(&mut self, _: &mut Span) {}
}

pub fn walk_script<T: Transform + ?Sized>(it: &mut T, script: &mut Script) {
    for line in &mut script.preprocessor {
        it.span(&mut line.span);
    }
    for definition in &mut script.c_definitions {
        it.span(&mut definition.span);
        it.name(&mut definition.keyword);
        definition.name.iter_mut().for_each(|name| it.name(name));
    }
    if let Some(config) = &mut script.config {
        it.span(&mut config.span);
        for setting in &mut config.settings {
            it.span(&mut setting.span);
            it.name(&mut setting.key);
        }
    }
    for import in &mut script.imports {
        it.span(&mut import.span);
    }
    for root in &mut script.roots {
        walk_root(it, root);
    }
}

fn walk_root<T: Transform + ?Sized>(it: &mut T, root: &mut Root) {
    match root {
        Root::Probe(probe) => walk_probe(it, probe),
        Root::Function(function) => walk_function(it, function),
        Root::Macro(Macro { name, parameters, body, span }) => {
            it.span(span);
            it.name(name);
            for parameter in parameters {
                let (MacroParameter::Variable(name) | MacroParameter::Map(name) | MacroParameter::Expression(name)) =
                    parameter;
                it.name(name);
            }
            it.block(body);
        }
        Root::MapDeclaration(declaration) => {
            it.span(&mut declaration.span);
            it.name(&mut declaration.map);
            it.name(&mut declaration.kind);
        }
    }
}

pub fn walk_probe<T: Transform + ?Sized>(it: &mut T, probe: &mut Probe) {
    it.span(&mut probe.span);
    for point in &mut probe.attach_points {
        it.span(&mut point.span);
        point.label.iter_mut().for_each(|label| it.name(label));
    }
    probe.predicate.iter_mut().for_each(|predicate| it.expr(predicate));
    it.block(&mut probe.body);
}

pub fn walk_function<T: Transform + ?Sized>(it: &mut T, function: &mut Function) {
    it.span(&mut function.span);
    it.name(&mut function.name);
    for (name, ty) in &mut function.parameters {
        it.name(name);
        it.type_name(ty);
    }
    it.type_name(&mut function.returns);
    it.block(&mut function.body);
}

pub fn walk_block<T: Transform + ?Sized>(it: &mut T, block: &mut Block) {
    it.span(&mut block.span);
    block.statements.iter_mut().for_each(|statement| it.statement(statement));
    block.value.iter_mut().for_each(|value| it.expr(value));
}

pub fn walk_statement<T: Transform + ?Sized>(it: &mut T, statement: &mut Stmt) {
    it.span(&mut statement.span);
    match &mut statement.kind {
        StmtKind::Let { variable, ty, value } => {
            it.name(variable);
            ty.iter_mut().for_each(|ty| it.type_name(ty));
            value.iter_mut().for_each(|value| it.expr(value));
        }
        StmtKind::Assign { target, value, .. } => {
            place(it, target);
            it.expr(value);
        }
        StmtKind::Discard(expr) | StmtKind::Expr(expr) => it.expr(expr),
        StmtKind::Return(value) => value.iter_mut().for_each(|value| it.expr(value)),
        StmtKind::Break | StmtKind::Continue => {}
        StmtKind::While { condition: head, body } | StmtKind::Unroll { count: head, body } => {
            it.expr(head);
            it.block(body);
        }
        StmtKind::ForMap { variable, map, body } => {
            it.name(variable);
            it.name(map);
            it.block(body);
        }
        StmtKind::ForRange { variable, start, end, body } => {
            it.name(variable);
            it.expr(start);
            it.expr(end);
            it.block(body);
        }
        StmtKind::Import(import) => it.span(&mut import.span),
        StmtKind::Block(block) => it.block(block),
    }
}

fn place<T: Transform + ?Sized>(it: &mut T, place: &mut Place) {
    it.span(&mut place.span);
    match &mut place.kind {
        PlaceKind::Variable(name) => it.name(name),
        PlaceKind::Map { name, key } => {
            it.name(name);
            key.iter_mut().for_each(|part| it.expr(part));
        }
    }
}

pub fn walk_type_name<T: Transform + ?Sized>(it: &mut T, ty: &mut TypeName) {
    it.span(&mut ty.span);
    match &mut ty.base {
        TypeBase::TypeOf(of) => it.type_argument(of),
        TypeBase::Tuple(parts) => parts.iter_mut().for_each(|part| it.type_name(part)),
        TypeBase::Name(_) | TypeBase::Tagged { .. } => {}
    }
}

pub fn walk_expr<T: Transform + ?Sized>(it: &mut T, expr: &mut Expr) {
    it.span(&mut expr.span);
    match &mut expr.kind {
        ExprKind::Integer { .. }
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::Positional(_)
        | ExprKind::PositionalCount
        | ExprKind::Identifier(_) => {}
        ExprKind::Place(target) | ExprKind::Step { target, .. } | ExprKind::AddressOf(target) => place(it, target),
        ExprKind::Call { function, arguments } => {
            it.name(function);
            arguments.iter_mut().for_each(|argument| it.argument(argument));
        }
        ExprKind::Unary { operand, .. } | ExprKind::TupleField { base: operand, .. } | ExprKind::Comptime(operand) => {
            it.expr(operand);
        }
        ExprKind::Cast { ty, operand } => {
            it.type_name(ty);
            it.expr(operand);
        }
        ExprKind::Field { base, field, .. } => {
            it.expr(base);
            it.name(field);
        }
        ExprKind::Binary { left, right, .. } | ExprKind::Index { base: left, index: right } => {
            it.expr(left);
            it.expr(right);
        }
        ExprKind::Ternary { condition, then, otherwise } => {
            it.expr(condition);
            then.iter_mut().for_each(|then| it.expr(then));
            it.expr(otherwise);
        }
        ExprKind::If(branch) => walk_if(it, branch),
        ExprKind::Block(block) => it.block(block),
        ExprKind::Tuple(parts) => parts.iter_mut().for_each(|part| it.expr(part)),
        ExprKind::Record(fields) => {
            for (name, value) in fields {
                it.name(name);
                it.expr(value);
            }
        }
        ExprKind::SizeOf(of) | ExprKind::TypeInfo(of) => it.type_argument(of),
        ExprKind::OffsetOf { of, path } => {
            it.type_argument(of);
            path.iter_mut().for_each(|name| it.name(name));
        }
    }
}

fn walk_if<T: Transform + ?Sized>(it: &mut T, branch: &mut If) {
    it.expr(&mut branch.condition);
    it.block(&mut branch.then);
    match &mut branch.otherwise {
        Some(Else::Block(block)) => it.block(block),
        Some(Else::If(expr)) => it.expr(expr),
        None => {}
    }
}

/// Moves all spans by as many bytes.
pub struct Shift(pub i64);

impl Transform for Shift {
    fn span(&mut self, span: &mut Span) {
        let moved = |offset: u32| u32::try_from(i64::from(offset) + self.0).unwrap_or(u32::MAX);
        *span = Span { start: moved(span.start), end: moved(span.end) };
    }
}
