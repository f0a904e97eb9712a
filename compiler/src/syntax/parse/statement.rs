//! Blocks and statements.

use pest::iterators::Pair;

use super::expression::{binary_op, ident, place};
use super::{Converter, Parsed, Rule, broken, error, literal, parts, span_of};
use crate::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind, Import, Place, PlaceKind, Stmt, StmtKind};

/// A statement, or an expression that nothing ends.
enum Item {
    Statement(Box<StmtKind>),
    /// Without `;`: the value of the block when it is the last item, a statement otherwise.
    Open(Box<Expr>),
}

impl Converter<'_> {
    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Block>> {
        let span = span_of(&pair);
        self.enter(1, span)?;
        let mut statements = Vec::new();
        let mut open: Option<Box<Expr>> = None;
        for part in parts(pair) {
            statements.extend(open.take().map(|expr| statement_of(*expr)));
            let (start, end) = (span_of(&part), tight_end(&part));
            self.node(start)?;
            match self.statement(part)? {
                Item::Open(expr) => open = Some(expr),
                Item::Statement(kind) => statements.push(spanned(kind, start, end)),
            }
        }
        self.leave(1);
        let value = open.take_if(|expr| has_value(expr));
        statements.extend(open.map(|expr| statement_of(*expr)));
        Ok(Box::new(Block { statements, value, span }))
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Parsed<Item> {
        let is_closed = pair.clone().into_inner().next_back().is_some_and(|last| last.as_rule() == Rule::semicolon);
        match pair.as_rule() {
            Rule::expr_statement => self.expr_statement(pair, is_closed),
            Rule::if_statement => self.if_statement(pair, is_closed),
            Rule::block_statement => self.block_statement(pair, is_closed),
            Rule::let_statement => self.let_statement(pair),
            Rule::while_statement | Rule::unroll_statement => self.loop_statement(pair),
            Rule::for_statement => self.for_statement(pair),
            Rule::return_statement => self.return_statement(pair),
            _ => simple_statement(pair),
        }
    }

    fn expr_statement(&mut self, pair: Pair<'_, Rule>, is_closed: bool) -> Parsed<Item> {
        let span = span_of(&pair);
        let mut inner = parts(pair);
        let left = self.expr(inner.next().ok_or_else(|| broken(span))?)?;
        match inner.next() {
            Some(operator) => {
                let value = self.expr(inner.next().ok_or_else(|| broken(span))?)?;
                assignment(*left, operator.as_str(), *value)
            }
            None if is_closed => Ok(item(StmtKind::Expr(*left))),
            None => Ok(Item::Open(left)),
        }
    }

    fn if_statement(&mut self, pair: Pair<'_, Rule>, is_closed: bool) -> Parsed<Item> {
        let span = span_of(&pair);
        let expr = self.if_expr(parts(pair).next().ok_or_else(|| broken(span))?)?;
        Ok(if is_closed { item(StmtKind::Expr(*expr)) } else { Item::Open(expr) })
    }

    fn block_statement(&mut self, pair: Pair<'_, Rule>, is_closed: bool) -> Parsed<Item> {
        let span = span_of(&pair);
        let block = self.block(parts(pair).next().ok_or_else(|| broken(span))?)?;
        if is_closed {
            return Ok(item(StmtKind::Block(*block)));
        }
        Ok(Item::Open(Box::new(Expr { span: block.span, kind: ExprKind::Block(*block) })))
    }

    fn let_statement(&mut self, pair: Pair<'_, Rule>) -> Parsed<Item> {
        let span = span_of(&pair);
        let mut inner = parts(pair);
        let variable = ident(&inner.next().ok_or_else(|| broken(span))?);
        let (mut ty, mut value) = (None, None);
        for part in inner {
            match part.as_rule() {
                Rule::type_name | Rule::tuple_type => ty = Some(self.type_name(part)?),
                _ => value = Some(*self.expr(part)?),
            }
        }
        Ok(item(StmtKind::Let { variable, ty, value }))
    }

    fn return_statement(&mut self, pair: Pair<'_, Rule>) -> Parsed<Item> {
        let value = match parts(pair).next() {
            Some(part) => Some(*self.expr(part)?),
            None => None,
        };
        Ok(item(StmtKind::Return(value)))
    }

    fn loop_statement(&mut self, pair: Pair<'_, Rule>) -> Parsed<Item> {
        let (rule, span) = (pair.as_rule(), span_of(&pair));
        let mut inner = parts(pair);
        let (Some(head), Some(body)) = (inner.next(), inner.next()) else { return Err(broken(span)) };
        let head = self.expr(head)?;
        let body = self.block(body)?;
        Ok(item(match rule {
            Rule::while_statement => StmtKind::While { condition: *head, body: *body },
            _ => StmtKind::Unroll { count: *head, body: *body },
        }))
    }

    /// `for $i : a..b {}` and `for $kv : @m {}`
    fn for_statement(&mut self, pair: Pair<'_, Rule>) -> Parsed<Item> {
        let span = span_of(&pair);
        let mut inner = parts(pair);
        let mut next = || inner.next().ok_or_else(|| broken(span));
        let variable = ident(&next()?);
        let start = self.primary(next()?)?;
        let part = next()?;
        if part.as_rule() == Rule::range {
            let end = self.primary(next()?)?;
            let body = self.block(next()?)?;
            return Ok(item(StmtKind::ForRange { variable, start: *start, end: *end, body: *body }));
        }
        let body = self.block(part)?;
        let message = "A loop runs over a map or over a range such as 0..10";
        let span = start.span;
        match place(*start, message)?.kind {
            PlaceKind::Map { name, key } if key.is_empty() => {
                Ok(item(StmtKind::ForMap { variable, map: name, body: *body }))
            }
            _ => Err(error("syntax", span, message)),
        }
    }
}

fn item(kind: StmtKind) -> Item {
    Item::Statement(Box::new(kind))
}

/// Statements that hold no expressions.
fn simple_statement(pair: Pair<'_, Rule>) -> Parsed<Item> {
    let span = span_of(&pair);
    Ok(item(match pair.as_rule() {
        Rule::break_statement => StmtKind::Break,
        Rule::continue_statement => StmtKind::Continue,
        Rule::import_statement => {
            let path = parts(pair).next().ok_or_else(|| broken(span))?;
            let path_span = span_of(&path);
            StmtKind::Import(Import { path: literal::string(path.as_str(), path_span)?, span: path_span })
        }
        _ => return Err(broken(span)),
    }))
}

fn assignment(left: Expr, operator: &str, value: Expr) -> Parsed<Item> {
    let compound = operator.strip_suffix('=').and_then(binary_op);
    if compound.is_none() && matches!(&left.kind, ExprKind::Identifier(name) if name == "_") {
        return Ok(item(StmtKind::Discard(value)));
    }
    if let ExprKind::Index { base, .. } = &left.kind
        && let ExprKind::Place(Place { kind: PlaceKind::Variable(name), .. }) = &base.kind
    {
        let map = name.name.replacen('$', "@", 1);
        let error = error("not-assignable", left.span, "A part of a variable cannot be assigned to");
        return Err(Box::new(error.with_help(format!("Values by key are kept in a map: {map}[...] = ..."))));
    }
    let target = place(left, "Only variables and maps can be assigned to")?;
    Ok(item(StmtKind::Assign { target, operator: compound, value }))
}

/// An `if` or block that nothing uses has a value only when one of its blocks ends in one.
fn has_value(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Block(block) => block.value.is_some(),
        ExprKind::If(branch) => branch.has_value(),
        _ => true,
    }
}

fn spanned(kind: Box<StmtKind>, start: Span, end: Option<Span>) -> Stmt {
    let end = end.or_else(|| end_of(&kind)).unwrap_or(start).end;
    Stmt { kind: *kind, span: Span { end, ..start } }
}

fn statement_of(expr: Expr) -> Stmt {
    let span = expr.span;
    let kind = match expr.kind {
        ExprKind::Block(block) => StmtKind::Block(block),
        kind => StmtKind::Expr(Expr { kind, span }),
    };
    Stmt { kind, span }
}

/// The end of a statement that ends in a token.
fn tight_end(pair: &Pair<'_, Rule>) -> Option<Span> {
    let last = pair.clone().into_inner().next_back()?;
    (!matches!(last.as_rule(), Rule::expr | Rule::type_name | Rule::tuple_type)).then(|| span_of(&last))
}

/// The end of a statement whose `;` is missing: that of its last expression.
fn end_of(kind: &StmtKind) -> Option<Span> {
    match kind {
        StmtKind::Let { value, ty, variable } => {
            Some(value.as_ref().map_or_else(|| ty.as_ref().map_or(variable.span, |ty| ty.span), |value| value.span))
        }
        StmtKind::Assign { value, .. } | StmtKind::Discard(value) | StmtKind::Return(Some(value)) => Some(value.span),
        _ => None,
    }
}
