//! Expressions: flat chains of the grammar become trees with precedence.

use pest::iterators::{Pair, Pairs};

use super::{Converter, Rule, broken, literal, parts, span_of};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{
    Argument, BinaryOp, Block, Else, Expr, ExprKind, Ident, If, Place, PlaceKind, Step, TypeName, UnaryOp,
};

/// A prefix operator with its span.
enum Prefix {
    Step(Step),
    Unary(UnaryOp),
    AddressOf,
    Comptime,
    Cast(TypeName),
}

impl Converter<'_> {
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let span = span_of(&pair);
        let parts: Pairs<'_, Rule> = pair.into_inner();
        let operators = parts.clone().filter(|part| matches!(part.as_rule(), Rule::binary_op | Rule::question)).count();
        self.below(1 + operators, span, |this| this.chain(parts, span))
    }

    /// `a + b ? c : d + e ? f : g`, still flat.
    fn chain(&mut self, parts: Pairs<'_, Rule>, span: Span) -> Result<Expr, Diagnostic> {
        // Conditions with their middle parts; the last operand is what follows the last colon.
        let mut conditions: Vec<(Expr, Option<Box<Expr>>)> = Vec::new();
        let mut middle = None;
        let mut binary = BinaryChain::default();
        for part in parts {
            match part.as_rule() {
                Rule::unary => binary.operand(self.unary(part)?),
                Rule::binary_op => {
                    let operator = binary_op(part.as_str()).ok_or_else(|| broken(span_of(&part)))?;
                    self.node(span_of(&part))?;
                    binary.operator(operator).ok_or_else(|| broken(span))?;
                }
                Rule::question => self.node(span_of(&part))?,
                Rule::expr => middle = Some(Box::new(self.expr(part)?)),
                Rule::colon => {
                    let condition = std::mem::take(&mut binary).finish().ok_or_else(|| broken(span))?;
                    conditions.push((condition, middle.take()));
                }
                _ => return Err(broken(span_of(&part))),
            }
        }
        let mut result = binary.finish().ok_or_else(|| broken(span))?;
        for (condition, then) in conditions.into_iter().rev() {
            let span = condition.span.to(result.span);
            let kind = ExprKind::Ternary { condition: Box::new(condition), then, otherwise: Box::new(result) };
            result = Expr { kind, span };
        }
        Ok(result)
    }

    /// Prefix operators, an operand, postfix operators.
    fn unary(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let span = span_of(&pair);
        let inner = pair.into_inner();
        let operators = inner.len() - 1;
        self.below(operators, span, |this| {
            let mut prefixes = Vec::new();
            let mut operand: Option<Expr> = None;
            let mut is_bare_map = false;
            for part in inner {
                let part_span = span_of(&part);
                match operand.take() {
                    None => match this.prefix(&part)? {
                        Some(prefix) => {
                            this.node(part_span)?;
                            prefixes.push((prefix, part_span));
                        }
                        None => {
                            is_bare_map = part.as_rule() == Rule::map;
                            operand = Some(this.primary(part)?);
                        }
                    },
                    Some(base) => {
                        this.node(part_span)?;
                        operand = Some(this.postfix(base, part, std::mem::take(&mut is_bare_map))?);
                    }
                }
            }
            let operand = operand.ok_or_else(|| broken(span))?;
            prefixes.into_iter().rev().try_fold(operand, apply_prefix)
        })
    }

    fn prefix(&mut self, pair: &Pair<'_, Rule>) -> Result<Option<Prefix>, Diagnostic> {
        Ok(Some(match pair.as_rule() {
            Rule::step => Prefix::Step(step(pair.as_str())),
            Rule::kw_comptime => Prefix::Comptime,
            Rule::cast => {
                let ty = parts(pair.clone()).next().ok_or_else(|| broken(span_of(pair)))?;
                Prefix::Cast(self.type_name(ty)?)
            }
            Rule::prefix_op => match pair.as_str() {
                "!" => Prefix::Unary(UnaryOp::Not),
                "~" => Prefix::Unary(UnaryOp::BitNot),
                "-" => Prefix::Unary(UnaryOp::Neg),
                "*" => Prefix::Unary(UnaryOp::Deref),
                _ => Prefix::AddressOf,
            },
            _ => return Ok(None),
        }))
    }

    fn postfix(&mut self, base: Expr, pair: Pair<'_, Rule>, is_bare_map: bool) -> Result<Expr, Diagnostic> {
        let pair_span = span_of(&pair);
        let span = base.span.to(pair_span);
        let kind = match pair.as_rule() {
            Rule::step => {
                let step = step(pair.as_str());
                ExprKind::Step { target: place(base, step_message(step))?, step, prefix: false }
            }
            Rule::member => {
                let arrow = pair.as_str().starts_with("->");
                let name = parts(pair).next().ok_or_else(|| broken(pair_span))?;
                let base = Box::new(base);
                match name.as_rule() {
                    Rule::tuple_index => {
                        let index = name.as_str().parse().map_err(|_| {
                            let message = format!("Tuple index '{}' is too large", name.as_str());
                            Diagnostic::error("integer-too-large", span_of(&name), message)
                        })?;
                        ExprKind::TupleField { base, index }
                    }
                    _ => ExprKind::Field { base, field: ident(&name), arrow },
                }
            }
            Rule::index => {
                let mut keys = self.exprs(parts(pair))?;
                match base.kind {
                    ExprKind::Place(Place { kind: PlaceKind::Map { name, .. }, .. }) if is_bare_map => {
                        ExprKind::Place(Place { kind: PlaceKind::Map { name, key: keys }, span })
                    }
                    kind => {
                        let base = Box::new(Expr { kind, span: base.span });
                        let index = Box::new(keys.pop().ok_or_else(|| broken(pair_span))?);
                        if !keys.is_empty() {
                            let message = "Only a map takes several values between '[' and ']'";
                            return Err(Diagnostic::error("syntax", pair_span, message));
                        }
                        ExprKind::Index { base, index }
                    }
                }
            }
            _ => return Err(broken(pair_span)),
        };
        Ok(Expr { kind, span })
    }

    pub(super) fn primary(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let span = span_of(&pair);
        self.node(span)?;
        let text = pair.as_str();
        let kind = match pair.as_rule() {
            Rule::integer => ExprKind::Integer { value: literal::integer(text, span)?, text: text.to_owned() },
            Rule::string => ExprKind::String(literal::string(text, span)?),
            Rule::boolean => ExprKind::Bool(text == "true"),
            Rule::positional => ExprKind::Positional(positional(text, span)?),
            Rule::positional_count => ExprKind::PositionalCount,
            Rule::variable => ExprKind::Place(Place { kind: PlaceKind::Variable(ident(&pair)), span }),
            Rule::map => ExprKind::Place(Place { kind: PlaceKind::Map { name: ident(&pair), key: Vec::new() }, span }),
            Rule::paren => return self.paren(pair),
            Rule::record => ExprKind::Record(self.record(pair)?),
            Rule::block => ExprKind::Block(self.block(pair)?),
            Rule::if_expr => return self.if_expr(pair),
            Rule::reference => return self.reference(pair),
            Rule::sizeof => ExprKind::SizeOf(Box::new(self.only_type_argument(pair)?)),
            Rule::typeinfo => ExprKind::TypeInfo(Box::new(self.only_type_argument(pair)?)),
            Rule::offsetof => {
                let mut inner = parts(pair);
                let of = inner.next().ok_or_else(|| broken(span))?;
                let of = Box::new(self.type_argument(of)?);
                ExprKind::OffsetOf { of, path: inner.map(|name| ident(&name)).collect() }
            }
            _ => return Err(broken(span)),
        };
        Ok(Expr { kind, span })
    }

    fn only_type_argument(&mut self, pair: Pair<'_, Rule>) -> Result<crate::syntax::ast::TypeArgument, Diagnostic> {
        let span = span_of(&pair);
        let argument = parts(pair).next().ok_or_else(|| broken(span))?;
        self.type_argument(argument)
    }

    /// `(a)`, `()`, `(a,)`, `(a, b)`. Parentheses around one expression only widen its span.
    fn paren(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let span = span_of(&pair);
        let has_comma = pair.clone().into_inner().any(|part| part.as_rule() == Rule::comma);
        let mut items = self.exprs(parts(pair))?;
        match items.pop() {
            Some(only) if items.is_empty() && !has_comma => Ok(Expr { span, ..only }),
            last => {
                items.extend(last);
                Ok(Expr { kind: ExprKind::Tuple(items), span })
            }
        }
    }

    fn record(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<(Ident, Expr)>, Diagnostic> {
        let mut fields: Vec<(Ident, Expr)> = Vec::new();
        for field in parts(pair) {
            let span = span_of(&field);
            let mut inner = parts(field);
            let (Some(name), Some(value)) = (inner.next(), inner.next()) else { return Err(broken(span)) };
            let name = ident(&name);
            if let Some((first, _)) = fields.iter().find(|(first, _)| first.name == name.name) {
                let message = format!("Field '{}' occurs twice in this record", name.name);
                return Err(Diagnostic::error("duplicate-field", name.span, message)
                    .with_label(first.span, "It is already given here"));
            }
            fields.push((name, self.expr(value)?));
        }
        Ok(fields)
    }

    fn reference(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let whole = span_of(&pair);
        let mut inner = pair.into_inner();
        let name = inner.next().ok_or_else(|| broken(whole))?;
        let function = ident(&name);
        let Some(list) = inner.next() else {
            return Ok(Expr { span: function.span, kind: ExprKind::Identifier(function.name) });
        };
        let span = function.span.to(span_of(&list));
        let arguments = parts(list)
            .map(|part| match part.as_rule() {
                Rule::type_name => self.below(1, span, |this| this.type_name(part)).map(Argument::Type),
                _ => self.expr(part).map(Argument::Expr),
            })
            .collect::<Result<_, _>>()?;
        Ok(Expr { kind: ExprKind::Call { function, arguments }, span })
    }

    /// An `if` with its chain of `else if`, which is flat in the grammar and nested in the tree.
    pub(super) fn if_expr(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Diagnostic> {
        let span = span_of(&pair);
        let inner = pair.into_inner();
        let links = inner.clone().filter(|part| part.as_rule() == Rule::kw_if).count();
        self.below(links, span, |this| {
            let mut arms: Vec<(Span, Expr, Block)> = Vec::new();
            let mut otherwise = None;
            let mut condition = None;
            let mut begin = span;
            for part in inner {
                match part.as_rule() {
                    Rule::kw_if => begin = span_of(&part),
                    Rule::expr => condition = Some(this.expr(part)?),
                    Rule::block => {
                        let block = this.block(part)?;
                        match condition.take() {
                            Some(condition) => {
                                this.node(begin)?;
                                arms.push((begin, condition, block));
                            }
                            None => otherwise = Some(Else::Block(block)),
                        }
                    }
                    _ => {}
                }
            }
            while let Some((begin, condition, then)) = arms.pop() {
                let end = match &otherwise {
                    Some(Else::Block(block)) => block.span,
                    Some(Else::If(expr)) => expr.span,
                    None => then.span,
                };
                let (condition, comptime) = match condition.kind {
                    ExprKind::Comptime(inner) => (*inner, true),
                    kind => (Expr { kind, span: condition.span }, false),
                };
                let kind = ExprKind::If(Box::new(If { condition, comptime, then, otherwise }));
                let expr = Expr { kind, span: begin.to(end) };
                if arms.is_empty() {
                    return Ok(expr);
                }
                otherwise = Some(Else::If(Box::new(expr)));
            }
            Err(broken(span))
        })
    }

    fn exprs<'i>(&mut self, pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Result<Vec<Expr>, Diagnostic> {
        pairs.map(|pair| self.expr(pair)).collect()
    }
}

fn apply_prefix(operand: Expr, (prefix, at): (Prefix, Span)) -> Result<Expr, Diagnostic> {
    let span = at.to(operand.span);
    let kind = match prefix {
        Prefix::Unary(operator) => ExprKind::Unary { operator, operand: Box::new(operand) },
        Prefix::Comptime => ExprKind::Comptime(Box::new(operand)),
        Prefix::Cast(ty) => ExprKind::Cast { ty, operand: Box::new(operand) },
        Prefix::AddressOf => {
            ExprKind::AddressOf(place(operand, "Only the address of a variable or a map can be taken")?)
        }
        Prefix::Step(step) => ExprKind::Step { target: place(operand, step_message(step))?, step, prefix: true },
    };
    Ok(Expr { kind, span })
}

/// The variable or map that an expression is.
pub(super) fn place(expr: Expr, message: &str) -> Result<Place, Diagnostic> {
    match expr.kind {
        ExprKind::Place(place) => Ok(place),
        _ => Err(Diagnostic::error("not-assignable", expr.span, message)),
    }
}

pub(super) fn ident(pair: &Pair<'_, Rule>) -> Ident {
    Ident { name: pair.as_str().to_owned(), span: span_of(pair) }
}

fn step(text: &str) -> Step {
    if text == "++" { Step::Increment } else { Step::Decrement }
}

fn step_message(step: Step) -> &'static str {
    match step {
        Step::Increment => "Only variables and maps can be incremented",
        Step::Decrement => "Only variables and maps can be decremented",
    }
}

fn positional(text: &str, span: Span) -> Result<u32, Diagnostic> {
    match text[1..].parse() {
        Ok(0) => {
            let message = "There is no parameter $0; the first one is $1";
            Err(Diagnostic::error("invalid-positional", span, message))
        }
        Ok(number) => Ok(number),
        Err(_) => {
            Err(Diagnostic::error("integer-too-large", span, format!("The number of parameter '{text}' is too large")))
        }
    }
}

pub(super) fn binary_op(text: &str) -> Option<BinaryOp> {
    use BinaryOp::*;
    [Add, Sub, Mul, Div, Mod, BitAnd, BitOr, BitXor, Shl, Shr, Eq, Ne, Lt, Le, Gt, Ge, And, Or]
        .into_iter()
        .find(|operator| operator.symbol() == text)
}

/// Operator precedence by two stacks; all binary operators group to the left.
#[derive(Default)]
struct BinaryChain {
    operands: Vec<Expr>,
    operators: Vec<BinaryOp>,
}

impl BinaryChain {
    fn operand(&mut self, operand: Expr) {
        self.operands.push(operand);
    }

    fn operator(&mut self, operator: BinaryOp) -> Option<()> {
        while self.operators.last().is_some_and(|last| last.precedence() >= operator.precedence()) {
            self.reduce()?;
        }
        self.operators.push(operator);
        Some(())
    }

    fn finish(mut self) -> Option<Expr> {
        while !self.operators.is_empty() {
            self.reduce()?;
        }
        self.operands.pop()
    }

    fn reduce(&mut self) -> Option<()> {
        let (operator, right, left) = (self.operators.pop()?, self.operands.pop()?, self.operands.pop()?);
        let span = left.span.to(right.span);
        let kind = ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
        self.operands.push(Expr { kind, span });
        Some(())
    }
}
