//! Blocks and statements.

use pest::iterators::Pair;

use super::expression::{binary_op, ident, place};
use super::{Converter, Rule, broken, literal, parts, span_of};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Block, Else, Expr, ExprKind, Import, PlaceKind, Stmt, StmtKind};

/// A statement, or an expression that nothing ends.
enum Item {
    Statement(StmtKind),
    /// Without `;`: the value of the block when it is the last item, a statement otherwise.
    Open(Expr),
}

impl Converter<'_> {
    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Result<Block, Diagnostic> {
        let span = span_of(&pair);
        self.below(1, span, |this| {
            let mut statements = Vec::new();
            let mut open: Option<Expr> = None;
            for part in parts(pair) {
                if let Some(expr) = open.take() {
                    statements.push(statement_of(expr));
                }
                let end = tight_end(&part);
                let start = span_of(&part);
                this.node(start)?;
                match this.statement(part)? {
                    Item::Open(expr) => open = Some(expr),
                    Item::Statement(kind) => {
                        let end = end.unwrap_or_else(|| end_of(&kind).unwrap_or(start));
                        statements.push(Stmt { kind, span: Span { end: end.end, ..start } });
                    }
                }
            }
            let value = match open {
                Some(expr) if has_value(&expr) => Some(Box::new(expr)),
                Some(expr) => {
                    statements.push(statement_of(expr));
                    None
                }
                None => None,
            };
            Ok(Block { statements, value, span })
        })
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Result<Item, Diagnostic> {
        let span = span_of(&pair);
        let rule = pair.as_rule();
        let is_closed = pair.clone().into_inner().any(|part| part.as_rule() == Rule::semicolon);
        let mut inner = parts(pair);
        let mut next = || inner.next().ok_or_else(|| broken(span));
        let kind = match rule {
            Rule::let_statement => {
                let variable = ident(&next()?);
                let (mut ty, mut value) = (None, None);
                for part in inner {
                    match part.as_rule() {
                        Rule::type_name => ty = Some(self.type_name(part)?),
                        _ => value = Some(self.expr(part)?),
                    }
                }
                StmtKind::Let { variable, ty, value }
            }
            Rule::break_statement => StmtKind::Break,
            Rule::continue_statement => StmtKind::Continue,
            Rule::return_statement => StmtKind::Return(inner.next().map(|part| self.expr(part)).transpose()?),
            Rule::while_statement => {
                let condition = self.expr(next()?)?;
                StmtKind::While { condition, body: self.block(next()?)? }
            }
            Rule::unroll_statement => {
                let count = self.expr(next()?)?;
                StmtKind::Unroll { count, body: self.block(next()?)? }
            }
            Rule::for_statement => self.for_statement(inner.collect(), span)?,
            Rule::import_statement => {
                let path = next()?;
                let path = literal::string(path.as_str(), span_of(&path))?;
                StmtKind::Import(Import { path, span })
            }
            Rule::if_statement => {
                let expr = self.if_expr(next()?)?;
                return Ok(if is_closed { Item::Statement(StmtKind::Expr(expr)) } else { Item::Open(expr) });
            }
            Rule::block_statement => {
                let block = self.block(next()?)?;
                if is_closed {
                    return Ok(Item::Statement(StmtKind::Block(block)));
                }
                return Ok(Item::Open(Expr { span: block.span, kind: ExprKind::Block(block) }));
            }
            Rule::expr_statement => {
                let left = self.expr(next()?)?;
                match inner.next() {
                    Some(operator) => {
                        let value = inner.next().ok_or_else(|| broken(span))?;
                        let value = self.expr(value)?;
                        assignment(left, operator.as_str(), value)?
                    }
                    None if is_closed => StmtKind::Expr(left),
                    None => return Ok(Item::Open(left)),
                }
            }
            _ => return Err(broken(span)),
        };
        Ok(Item::Statement(kind))
    }

    /// `for $i : a..b {}` and `for $kv : @m {}`, given their parts.
    fn for_statement(&mut self, parts: Vec<Pair<'_, Rule>>, span: Span) -> Result<StmtKind, Diagnostic> {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().ok_or_else(|| broken(span));
        let variable = ident(&next()?);
        let start = self.primary(next()?)?;
        let part = next()?;
        if part.as_rule() == Rule::range {
            let end = self.primary(next()?)?;
            return Ok(StmtKind::ForRange { variable, start, end, body: self.block(next()?)? });
        }
        let body = self.block(part)?;
        let message = "A loop runs over a map or over a range such as 0..10";
        match place(start, message)?.kind {
            PlaceKind::Map { name, .. } => Ok(StmtKind::ForMap { variable, map: name, body }),
            PlaceKind::Variable(variable) => Err(Diagnostic::error("syntax", variable.span, message)),
        }
    }
}

fn assignment(left: Expr, operator: &str, value: Expr) -> Result<StmtKind, Diagnostic> {
    let compound = operator.strip_suffix('=').and_then(binary_op);
    if compound.is_none() && matches!(&left.kind, ExprKind::Identifier(name) if name == "_") {
        return Ok(StmtKind::Discard(value));
    }
    let target = place(left, "Only variables and maps can be assigned to")?;
    Ok(StmtKind::Assign { target, operator: compound, value })
}

/// An `if` or block that nothing uses has a value only when one of its blocks ends in one.
fn has_value(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Block(block) => block.value.is_some(),
        ExprKind::If(branch) => {
            branch.then.value.is_some()
                || match &branch.otherwise {
                    Some(Else::Block(block)) => block.value.is_some(),
                    Some(Else::If(expr)) => has_value(expr),
                    None => false,
                }
        }
        _ => true,
    }
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
    let last = pair.clone().into_inner().last()?;
    (!matches!(last.as_rule(), Rule::expr | Rule::type_name)).then(|| span_of(&last))
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
