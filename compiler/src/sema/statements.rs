//! Statements: blocks and scopes, assignments, branches and loops.

use std::collections::HashMap;

use crate::builtins::{self, Kind};
use crate::diagnostic::Diagnostic;
use crate::hir::{self, StmtKind};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Else, ExprKind, Ident, PlaceKind};
use crate::types::{Aggregate, Type};

use super::build;
use super::evidence::literal;
use super::meant::how_to_add;
use super::typer::{Loop, Typer};

/// The most copies that `unroll` makes.
const MAX_UNROLL: i128 = 100;
/// Loops around a `while` up to which its passes may be functions of their own.
const MAX_DETACHED: usize = 5;
/// Bytes of script text that a body may become when `unroll`s within each other have copied it.
const MAX_UNROLLED_TEXT: u64 = 256 << 10;

impl Typer<'_> {
    /// A block with a scope of its own; its value, if any, is discarded. None where a statement had errors.
    pub fn block(&mut self, block: &ast::Block) -> Option<hir::Block> {
        self.block_with(block, |_| Some(()))
    }

    /// A block whose scope `prepare` fills first.
    pub fn block_with(
        &mut self,
        block: &ast::Block,
        prepare: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<hir::Block> {
        self.program.scopes.push(HashMap::new());
        let prepared = prepare(self);
        let statements = self.statements(block);
        let value = match &block.value {
            Some(value) => {
                let mut out = Vec::new();
                self.expression_statement(value, value.span, &mut out).map(|()| out)
            }
            None => Some(Vec::new()),
        };
        self.program.scopes.pop();
        let (mut statements, value, ()) = (statements?, value?, prepared?);
        statements.extend(value);
        Some(hir::Block { statements })
    }

    /// A block with a value: its statements and the value. The scope ends with the value.
    pub fn block_value(&mut self, block: &ast::Block) -> Option<(hir::Block, Option<hir::Expr>)> {
        self.program.scopes.push(HashMap::new());
        let statements = self.statements(block);
        let value = block.value.as_ref().map(|value| self.value(value));
        self.program.scopes.pop();
        let statements = statements?;
        Some((hir::Block { statements }, value.map_or(Some(None), |value| value.map(Some))?))
    }

    fn statements(&mut self, block: &ast::Block) -> Option<Vec<hir::Stmt>> {
        let (mut out, mut whole, mut reported) = (Vec::new(), true, false);
        for statement in &block.statements {
            if ends(&out) && !reported {
                reported = true;
                self.warn("unreachable", statement.span, "Unreachable code");
            }
            whole &= self.statement(statement, &mut out).is_some();
        }
        if let (Some(value), true, false) = (&block.value, ends(&out), reported) {
            self.warn("unreachable", value.span, "Unreachable code");
        }
        whole.then_some(out)
    }

    fn statement(&mut self, statement: &ast::Stmt, out: &mut Vec<hir::Stmt>) -> Option<()> {
        let span = statement.span;
        let kind = match &statement.kind {
            ast::StmtKind::Let { variable, ty, value } => self.declaration(variable, ty.as_ref(), value.as_ref())?,
            ast::StmtKind::Assign { target, operator: None, value } => self.assignment(target, value, span)?,
            ast::StmtKind::Assign { target, operator: Some(operator), value } => {
                self.compound_assignment(target, *operator, value, span)?
            }
            ast::StmtKind::Discard(value) => StmtKind::Expr(self.value(value)?),
            ast::StmtKind::Expr(expr) => return self.expression_statement(expr, span, out),
            ast::StmtKind::Break => self.leave_loop("break", StmtKind::Break, span)?,
            ast::StmtKind::Continue => self.leave_loop("continue", StmtKind::Continue, span)?,
            ast::StmtKind::Return(value) if self.program.function.is_some() => {
                self.function_return(value.as_ref(), span)?
            }
            ast::StmtKind::Return(value) => self.return_statement(value.as_ref(), span)?,
            ast::StmtKind::While { condition, body } => {
                self.report(
                    Diagnostic::warning("deprecated-while", span, "while is deprecated")
                        .with_help("Write for $i : 0..100 { ... }, which break leaves early"),
                );
                self.while_statement(condition, body)?
            }
            ast::StmtKind::Unroll { count, body } => self.unroll(count, body)?,
            ast::StmtKind::ForMap { variable, map, body } => self.for_map(variable, map, body)?,
            ast::StmtKind::ForRange { variable, start, end, body } => self.for_range(variable, start, end, body)?,
            ast::StmtKind::Import(_) => {
                let message = "import stands before the first probe, not in a block";
                return self.error("import", span, message);
            }
            ast::StmtKind::Block(block) => StmtKind::Block(self.block(block)?),
        };
        out.push(hir::Stmt { kind, span });
        Some(())
    }

    fn declaration(
        &mut self,
        variable: &Ident,
        ty: Option<&ast::TypeName>,
        value: Option<&ast::Expr>,
    ) -> Option<StmtKind> {
        let pinned = ty.map(|ty| self.type_name(ty));
        let value = value.map(|value| self.operand(value));
        let id = self.declare(variable);
        if let (Some(id), Some(_)) = (id, &value) {
            self.program.variables[id.0 as usize].assigned = true;
        }
        if let Some(pinned) = pinned {
            let pinned = pinned?;
            if matches!(pinned, Type::Void | Type::Aggregate(_)) {
                self.program.variables[id?.0 as usize].assigned = true;
                let message = format!("A variable cannot have the type '{pinned}'");
                let help = match pinned {
                    Type::Void => "A pointer to anything is void *",
                    _ => "Aggregations are kept in maps: @x = count()",
                };
                return self.error_with("variable-type", variable.span, message, help);
            }
            self.pin(id?, pinned);
        }
        match value {
            Some(value) => {
                let id = id?;
                let value = self.variable_value(id, value?)?;
                Some(StmtKind::AssignVariable { variable: id, value })
            }
            None => Some(StmtKind::Declare(id?)),
        }
    }

    fn assignment(&mut self, target: &ast::Place, value: &ast::Expr, span: Span) -> Option<StmtKind> {
        match &target.kind {
            PlaceKind::Variable(name) => {
                let value = self.operand(value);
                let id = match self.lookup(&name.name) {
                    Some(id) => id,
                    None => self.declare(name)?,
                };
                self.program.variables[id.0 as usize].assigned = true;
                let value = self.variable_value(id, value?)?;
                Some(StmtKind::AssignVariable { variable: id, value })
            }
            PlaceKind::Map { name, key } => {
                if let Some(aggregation) = aggregation_call(value) {
                    return self.aggregation(name, key, aggregation, target.span, span);
                }
                self.will_assign(name);
                let access = self.map_access(name, key, target.span);
                let value = self.operand(value);
                let (map, key) = access?;
                let value = self.map_value(map, value?)?;
                Some(StmtKind::AssignMap { map, key, value })
            }
        }
    }

    /// Something is stored in the map, whatever that turns out to be: reading it is no mistake.
    pub fn will_assign(&mut self, name: &Ident) {
        let id = self.maps.named(name);
        self.maps.get_mut(id).assigned = true;
    }

    /// `@m = count()` and the like.
    fn aggregation(
        &mut self,
        name: &Ident,
        key: &[ast::Expr],
        call: &ast::Expr,
        target: Span,
        span: Span,
    ) -> Option<StmtKind> {
        self.will_assign(name);
        let access = self.map_access(name, key, target);
        let typed = self.aggregation_call(call);
        let ((map, key), (aggregate, argument)) = (access?, typed?);
        self.map_aggregate(map, aggregate, span)?;
        Some(StmtKind::Aggregate { map, key, argument })
    }

    fn compound_assignment(
        &mut self,
        target: &ast::Place,
        operator: BinaryOp,
        value: &ast::Expr,
        span: Span,
    ) -> Option<StmtKind> {
        match &target.kind {
            PlaceKind::Variable(name) => {
                let left = self.read_variable(name);
                let right = self.operand(value);
                let id = self.lookup(&name.name)?;
                let value = self.binary(operator, left?, right?, span)?;
                self.program.variables[id.0 as usize].assigned = true;
                let value = self.variable_value(id, value)?;
                Some(StmtKind::AssignVariable { variable: id, value })
            }
            PlaceKind::Map { name, key } => {
                self.will_assign(name);
                let access = self.map_access(name, key, target.span);
                let right = self.operand(value);
                let (map, key) = access?;
                let (operand, arithmetic) = self.map_update(map, operator, right?, span)?;
                Some(StmtKind::UpdateMap { map, key, operator, operand, arithmetic })
            }
        }
    }

    /// The operand and the type of the arithmetic of `@m op= operand`.
    fn map_update(
        &mut self,
        map: crate::manifest::MapId,
        operator: BinaryOp,
        right: hir::Expr,
        span: Span,
    ) -> Option<(hir::Expr, Type)> {
        let known = self.maps.get(map).value.ty();
        if let Some(ty @ Type::Aggregate(aggregate)) = &known {
            let message = format!("{} holds '{ty}': it can only be assigned to", self.maps.get(map).name);
            let help = format!("Each use adds to it: {} = {}", self.maps.get(map).name, how_to_add(aggregate));
            return self.error_with("aggregation-misuse", span, message, help);
        }
        // A map that nothing else says anything about starts as what is added to it.
        let start = known.unwrap_or_else(|| {
            let unsigned = matches!(right.ty, Type::Int { signed: false, .. }) && literal(&right).is_none();
            if unsigned { Type::UINT64 } else { Type::INT64 }
        });
        if !start.is_int() {
            let message = format!("The {}= operator cannot be used on a map of '{start}'", operator.symbol());
            let help = format!(
                "Assign a new value: {name} = {name} {} ...",
                operator.symbol(),
                name = self.maps.get(map).name
            );
            return self.error_with("operator-type", span, message, &help);
        }
        let left = hir::Expr { kind: hir::ExprKind::MapRead { map, key: None }, ty: start, span };
        let updated = self.binary(operator, left, right, span)?;
        let arithmetic = updated.ty.clone();
        let hir::ExprKind::Binary { right, .. } = updated.kind else { return None };
        let value = hir::Expr { kind: hir::ExprKind::MapRead { map, key: None }, ty: arithmetic.clone(), span };
        self.map_value(map, value)?;
        Some((*right, arithmetic))
    }

    /// An expression for its effect.
    pub fn expression_statement(&mut self, expr: &ast::Expr, span: Span, out: &mut Vec<hir::Stmt>) -> Option<()> {
        let kind = match &expr.kind {
            ExprKind::If(it) => return self.if_statement(it, span, out),
            ExprKind::Block(block) => StmtKind::Block(self.block(block)?),
            ExprKind::Ternary { condition, then: Some(then), otherwise } => {
                let condition = self.condition(condition);
                let arm = |typer: &mut Self, expr: &ast::Expr| {
                    let mut out = Vec::new();
                    typer.arm_statement(expr, &mut out).map(|()| hir::Block { statements: out })
                };
                let then = arm(self, then);
                let otherwise = arm(self, otherwise);
                StmtKind::If { condition: condition?, then: then?, otherwise: otherwise? }
            }
            _ => {
                let value = self.statement_value(expr)?;
                // What has an effect beside its value; a `delete` that finds nothing is told at run time.
                let has_effect = match &value.kind {
                    hir::ExprKind::Call(call) => std::ptr::eq(call.builtin, &crate::builtins::maps::DELETE),
                    hir::ExprKind::StepVariable { .. } | hir::ExprKind::StepMap { .. } => true,
                    _ => false,
                };
                let discarded = value.ty != Type::Void && !has_effect;
                if discarded {
                    let warning = Diagnostic::warning("discarded-value", expr.span, "Return value discarded")
                        .with_help("Assign it, or write _ = ... to discard it");
                    self.report(warning);
                }
                let ends = is_exit(&value);
                out.push(hir::Stmt { kind: StmtKind::Expr(value), span });
                if ends {
                    // exit() leaves the program at once.
                    out.push(hir::Stmt { kind: StmtKind::Return(None), span });
                }
                return Some(());
            }
        };
        out.push(hir::Stmt { kind, span });
        Some(())
    }

    /// An arm of `c ? a : b` whose value nobody uses.
    fn arm_statement(&mut self, expr: &ast::Expr, out: &mut Vec<hir::Stmt>) -> Option<()> {
        self.expression_statement(expr, expr.span, out)
    }

    fn if_statement(&mut self, it: &ast::If, span: Span, out: &mut Vec<hir::Stmt>) -> Option<()> {
        if it.comptime {
            if self.constant_condition(&it.condition)? {
                let block = self.block(&it.then)?;
                out.push(hir::Stmt { kind: StmtKind::Block(block), span });
                return Some(());
            }
            return match &it.otherwise {
                Some(Else::Block(block)) => {
                    let block = self.block(block)?;
                    out.push(hir::Stmt { kind: StmtKind::Block(block), span });
                    Some(())
                }
                Some(Else::If(expr)) => self.expression_statement(expr, expr.span, out),
                None => Some(()),
            };
        }
        let condition = self.condition(&it.condition);
        let then = self.block(&it.then);
        let otherwise = match &it.otherwise {
            None => Some(hir::Block::default()),
            Some(Else::Block(block)) => self.block(block),
            Some(Else::If(expr)) => {
                let mut statements = Vec::new();
                self.expression_statement(expr, expr.span, &mut statements).map(|()| hir::Block { statements })
            }
        };
        let kind = StmtKind::If { condition: condition?, then: then?, otherwise: otherwise? };
        out.push(hir::Stmt { kind, span });
        Some(())
    }

    fn leave_loop(&mut self, word: &str, kind: StmtKind, span: Span) -> Option<StmtKind> {
        if self.program.loops.is_empty() {
            return self.error("outside-loop", span, format!("{word} statement outside of a loop"));
        }
        Some(kind)
    }

    fn return_statement(&mut self, value: Option<&ast::Expr>, span: Span) -> Option<StmtKind> {
        if self.program.loops.contains(&Loop::Callback) {
            let (first, has_value) = *self.program.loop_return.get_or_insert((span, value.is_some()));
            if has_value != value.is_some() {
                let (message, label) = if has_value {
                    ("A return in this loop has a value, this one has none", "the one with a value")
                } else {
                    ("A return in this loop has no value, this one has one", "the one without a value")
                };
                let diagnostic = Diagnostic::error("return-type", span, message)
                    .with_label(first, label)
                    .with_help("Give all returns of a loop a value, or none of them");
                return self.fail(diagnostic);
            }
        }
        let Some(value) = value else { return Some(StmtKind::Return(None)) };
        let value = self.operand(value)?;
        if !value.ty.is_int() {
            let message = format!("A probe returns an integer, not '{}'", value.ty);
            return self.error_with("return-type", value.span, message, "Leave the value out, or return a number");
        }
        Some(StmtKind::Return(Some(build::cast(value, Type::INT64))))
    }

    fn loop_body(
        &mut self,
        kind: Loop,
        body: &ast::Block,
        prepare: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<hir::Block> {
        self.program.loops.push(kind);
        let body = self.block_with(body, prepare);
        self.program.loops.pop();
        if !self.program.loops.contains(&Loop::Callback) {
            self.program.loop_return = None;
        }
        body
    }

    fn while_statement(&mut self, condition: &ast::Expr, body: &ast::Block) -> Option<StmtKind> {
        let reads_before = self.program.context_reads;
        // The kernel allows 8 calls inside each other.
        let is_deep = self.program.loops.len() >= MAX_DETACHED;
        let span = condition.span;
        let condition = self.condition(condition);
        let body = self.loop_body(Loop::Inline, body, |_| Some(()));
        let detached = self.program.context_reads == reads_before && !is_deep;
        let (condition, body) = (condition?, body?);
        if matches!(condition.kind, hir::ExprKind::Integer(1..)) && !leaves(&body) {
            let diagnostic = Diagnostic::error("endless-loop", span, "This loop never ends")
                .with_help("Let break or return leave it, or a variable decide: while ($i < 100) { $i++; }");
            return self.fail(diagnostic);
        }
        Some(StmtKind::While { condition, body, detached })
    }

    fn unroll(&mut self, count: &ast::Expr, body: &ast::Block) -> Option<StmtKind> {
        let span = count.span;
        let typed = self.operand(count);
        let count = typed.as_ref().and_then(literal);
        let copies = self.program.copies;
        self.program.copies = copies.saturating_mul(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(1));
        let text = self.program.copies.saturating_mul(u64::from(body.span.end - body.span.start));
        let body = self.loop_body(Loop::Inline, body, |_| Some(()));
        self.program.copies = copies;
        typed?;
        let Some(count) = count else {
            return self.error("literal-required", span, "unroll needs a literal or a positional parameter");
        };
        if !(1..=MAX_UNROLL).contains(&count) {
            let message = format!("unroll repeats from 1 to {MAX_UNROLL} times, not {count}");
            return self.error("unroll-count", span, message);
        }
        let body = body?;
        if text > MAX_UNROLLED_TEXT {
            return self.error("unroll-count", span, "The unrolled body is too large: use a for or while loop");
        }
        Some(StmtKind::Unroll { count: count as u32, body })
    }

    fn for_range(
        &mut self,
        variable: &Ident,
        start: &ast::Expr,
        end: &ast::Expr,
        body: &ast::Block,
    ) -> Option<StmtKind> {
        let start = self.range_bound(start);
        let end = self.range_bound(end);
        let mut id = None;
        let body = self.loop_body(Loop::Callback, body, |typer| {
            id = typer.declare(variable);
            typer.pin(id?, Type::INT64);
            typer.program.variables[id?.0 as usize].assigned = true;
            Some(())
        });
        Some(StmtKind::ForRange { variable: id?, start: start?, end: end?, body: body? })
    }

    fn range_bound(&mut self, bound: &ast::Expr) -> Option<hir::Expr> {
        let bound = self.operand(bound)?;
        if !matches!(bound.ty, Type::Int { .. } | Type::Enum { .. }) {
            let message = format!("The bound of a range must be an integer, not '{}'", bound.ty);
            return self.error("range-bound", bound.span, message);
        }
        let fallback = build::cast(bound.clone(), Type::INT64);
        Some(self.convert(bound, &Type::INT64).unwrap_or(fallback))
    }

    fn for_map(&mut self, variable: &Ident, map: &Ident, body: &ast::Block) -> Option<StmtKind> {
        let id = self.map_as_whole(map);
        self.maps.get_mut(id).keyed.get_or_insert(map.span);
        let types = self.for_map_types(id, map);
        let mut variable_id = None;
        let body = self.loop_body(Loop::Callback, body, |typer| {
            variable_id = typer.declare(variable);
            typer.program.variables[variable_id?.0 as usize].assigned = true;
            if let Some(ty) = types {
                typer.learn_variable(variable_id?, super::evidence::Evidence::of_type(&ty));
            }
            Some(())
        });
        Some(StmtKind::ForMap { variable: variable_id?, map: id, body: body? })
    }

    /// The type of the variable that walks over a map: (key, value).
    fn for_map_types(&mut self, id: crate::manifest::MapId, name: &Ident) -> Option<Type> {
        if let Some(scalar) = self.maps.get(id).scalar {
            if map_use_comes_first(name.span, scalar) {
                return None;
            }
            let message = format!("{} has no keys to iterate over", name.name);
            let diagnostic =
                Diagnostic::error("iteration", name.span, message).with_label(scalar, "used without a key here");
            return self.fail(diagnostic);
        }
        let value = self.map_value_type(id, name.span)?;
        let Some(value) = read_type(&value) else {
            let message = format!("Iteration over a map of '{value}' is not possible");
            return self.error("iteration", name.span, message);
        };
        let key = self.maps.get(id).key.ty()?;
        Some(Type::tuple([key, value]))
    }
}

/// The type that reading a value yields: an integer for an aggregation that has one, None for the others.
pub fn read_type(value: &Type) -> Option<Type> {
    match value {
        Type::Aggregate(Aggregate::Count) => Some(Type::INT64),
        Type::Aggregate(
            Aggregate::Sum { signed }
            | Aggregate::Min { signed }
            | Aggregate::Max { signed }
            | Aggregate::Avg { signed },
        ) => Some(Type::Int { bytes: 8, signed: *signed }),
        Type::Aggregate(_) => None,
        plain => Some(plain.clone()),
    }
}

/// The call, if an expression is a call of an aggregation.
fn aggregation_call(expr: &ast::Expr) -> Option<&ast::Expr> {
    let (ExprKind::Call { function: Ident { name, .. }, .. } | ExprKind::Identifier(name)) = &expr.kind else {
        return None;
    };
    builtins::find(name).filter(|builtin| builtin.kind == Kind::Aggregation).map(|_| expr)
}

/// Whether something in the body of a loop leaves that loop.
fn leaves(body: &hir::Block) -> bool {
    fn search(block: &hir::Block, inner_loop: bool) -> bool {
        block.statements.iter().any(|statement| match &statement.kind {
            StmtKind::Return(_) => true,
            StmtKind::Break => !inner_loop,
            StmtKind::While { body, .. }
            | StmtKind::ForRange { body, .. }
            | StmtKind::ForMap { body, .. }
            | StmtKind::Unroll { body, .. } => search(body, true),
            _ => {
                let mut found = false;
                statement.for_each_block(&mut |block| found |= search(block, inner_loop));
                found
            }
        })
    }
    search(body, false)
}

/// The later of two uses that do not fit is the mistake.
fn map_use_comes_first(span: Span, other: Span) -> bool {
    span.start < other.start
}

pub fn is_exit(value: &hir::Expr) -> bool {
    matches!(&value.kind, hir::ExprKind::Call(call) if call.builtin.name == "exit")
}

/// Whether control never gets past these statements.
fn ends(statements: &[hir::Stmt]) -> bool {
    statements
        .last()
        .is_some_and(|last| matches!(last.kind, StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue))
}
