//! Expressions: flat chains of the grammar become trees with precedence.

use pest::iterators::{Pair, Pairs};

use super::{Converter, Parsed, Rule, broken, error, literal, parts, span_of};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{
    Argument, BinaryOp, Block, Else, Expr, ExprKind, Ident, If, Place, PlaceKind, Step, TypeArgument, TypeBase,
    TypeName, UnaryOp, WordInParentheses,
};

/// A prefix operator.
enum Prefix {
    Step(Step),
    Unary(UnaryOp),
    AddressOf,
    Comptime,
    Cast(Box<TypeName>),
}

/// An `if` or `else if` with its condition and block, before they become a chain.
struct Arm {
    begin: Span,
    condition: Box<Expr>,
    then: Box<Block>,
}

/// A condition before `?`, and what stands between `?` and `:`.
type Case = (Box<Expr>, Option<Box<Expr>>);

impl Converter<'_> {
    /// `a + b ? c : d + e ? f : g`, flat in the grammar.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        let parts = pair.into_inner();
        let levels = 1 + count(&parts, |rule| matches!(rule, Rule::binary_op | Rule::question));
        self.enter(levels, span)?;
        // The last operand is what follows the last colon.
        let mut cases: Vec<Case> = Vec::new();
        let mut middle = None;
        let mut binary = BinaryChain::default();
        for part in parts {
            match part.as_rule() {
                Rule::unary => {
                    let operand = self.unary(part, &mut binary)?;
                    binary.operands.push(operand);
                }
                Rule::binary_op => {
                    self.node(span)?;
                    let operator = binary_op(part.as_str()).ok_or_else(|| broken(span))?;
                    binary.operator(operator).ok_or_else(|| broken(span))?;
                }
                Rule::question => self.node(span)?,
                Rule::expr => middle = Some(self.expr(part)?),
                _ => cases.push((binary.finish().ok_or_else(|| broken(span))?, middle.take())),
            }
        }
        self.leave(levels);
        let last = binary.finish().ok_or_else(|| broken(span))?;
        Ok(cases.into_iter().rev().fold(last, ternary))
    }

    /// Prefix operators, an operand, postfix operators. What looks like casts of words that are values, `(a) - (b) * c`,
    /// is a part of the chain of binary operators around it.
    fn unary(&mut self, pair: Pair<'_, Rule>, binary: &mut BinaryChain) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        let parts = pair.into_inner();
        let levels = parts.len() - 1;
        self.enter(levels, span)?;
        let mut prefixes = Vec::new();
        let mut operand: Option<Box<Expr>> = None;
        let mut is_bare_map = false;
        for part in parts {
            operand = match operand {
                Some(base) => Some(self.postfix(base, part, std::mem::take(&mut is_bare_map))?),
                None if is_prefix(part.as_rule()) => {
                    self.node(span)?;
                    prefixes.push((span_of(&part), self.prefix(part)?));
                    None
                }
                None => {
                    is_bare_map = part.as_rule() == Rule::map;
                    Some(self.primary(part)?)
                }
            };
        }
        self.leave(levels);
        let operand = operand.ok_or_else(|| broken(span))?;
        let mut rest = prefixes.into_iter().peekable();
        let mut pending = Vec::new();
        while let Some((at, prefix)) = rest.next() {
            let follower = rest.peek().and_then(|(_, next)| next.as_binary());
            if let (Prefix::Cast(ty), Some(operator)) = (&prefix, follower)
                && let (TypeBase::Name(word), true) = (&ty.base, ty.suffixes.is_empty())
            {
                let at_hand = self.macro_around.as_ref().filter(|(_, parameters)| parameters.contains(word));
                let parameter_of = at_hand.map(|(name, _)| name.clone());
                let in_parentheses = WordInParentheses { word: word.clone(), parameter_of };
                if self.values.contains(&in_parentheses) {
                    let value = boxed(ExprKind::Identifier(word.clone()), ty.span);
                    binary.operands.push(apply_prefixes(value, std::mem::take(&mut pending))?);
                    binary.operator(operator).ok_or_else(|| broken(span))?;
                    rest.next();
                    continue;
                }
                self.words_in_parentheses.push(in_parentheses);
            }
            pending.push((at, prefix));
        }
        apply_prefixes(operand, pending)
    }

    fn prefix(&mut self, pair: Pair<'_, Rule>) -> Parsed<Prefix> {
        Ok(match pair.as_rule() {
            Rule::step => Prefix::Step(step(pair.as_str())),
            Rule::kw_comptime => Prefix::Comptime,
            Rule::cast => {
                let span = span_of(&pair);
                let ty = parts(pair).next().ok_or_else(|| broken(span))?;
                Prefix::Cast(Box::new(self.type_name(ty)?))
            }
            _ => match pair.as_str() {
                "!" => Prefix::Unary(UnaryOp::Not),
                "~" => Prefix::Unary(UnaryOp::BitNot),
                "-" => Prefix::Unary(UnaryOp::Neg),
                "*" => Prefix::Unary(UnaryOp::Deref),
                _ => Prefix::AddressOf,
            },
        })
    }

    fn postfix(&mut self, base: Box<Expr>, pair: Pair<'_, Rule>, is_bare_map: bool) -> Parsed<Box<Expr>> {
        self.node(base.span)?;
        match pair.as_rule() {
            Rule::step => {
                let step = step(pair.as_str());
                let span = base.span.to(span_of(&pair));
                let target = place(*base, step_message(step))?;
                Ok(boxed(ExprKind::Step { target, step, prefix: false }, span))
            }
            Rule::member => member(base, pair),
            _ => self.index(base, pair, is_bare_map),
        }
    }

    /// `[...]`: a map's key directly after its name, an index after anything else.
    fn index(&mut self, base: Box<Expr>, pair: Pair<'_, Rule>, is_bare_map: bool) -> Parsed<Box<Expr>> {
        let brackets = span_of(&pair);
        let mut keys = Vec::new();
        for key in parts(pair) {
            keys.push(*self.expr(key)?);
        }
        let span = base.span.to(brackets);
        if let ExprKind::Place(Place { kind: PlaceKind::Map { name, .. }, .. }) = &base.kind
            && is_bare_map
        {
            let kind = PlaceKind::Map { name: name.clone(), key: keys };
            return Ok(boxed(ExprKind::Place(Place { kind, span }), span));
        }
        let index = Box::new(keys.pop().ok_or_else(|| broken(brackets))?);
        if !keys.is_empty() {
            return Err(error("syntax", brackets, "Only a map takes several values between '[' and ']'"));
        }
        Ok(boxed(ExprKind::Index { base, index }, span))
    }

    pub(super) fn primary(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        self.node(span)?;
        match pair.as_rule() {
            Rule::paren => self.paren(pair),
            Rule::record => self.record(pair),
            Rule::block => {
                let block = self.block(pair)?;
                Ok(boxed(ExprKind::Block(*block), span))
            }
            Rule::if_expr => self.if_expr(pair),
            Rule::reference => self.reference(pair),
            Rule::sizeof | Rule::typeinfo | Rule::offsetof => self.about_type(pair),
            _ => literal_or_place(&pair),
        }
    }

    /// `(a)`, `()`, `(a,)`, `(a, b)`. Parentheses around one expression only widen its span.
    fn paren(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        let inner = pair.into_inner();
        let has_comma = count(&inner, |rule| rule == Rule::comma) > 0;
        let mut items = Vec::new();
        for part in inner {
            if part.as_rule() == Rule::expr {
                let mut item = self.expr(part)?;
                if !has_comma {
                    item.span = span;
                    return Ok(item);
                }
                items.push(*item);
            }
        }
        Ok(boxed(ExprKind::Tuple(items), span))
    }

    fn record(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        let mut fields: Vec<(Ident, Expr)> = Vec::new();
        for field in parts(pair) {
            let mut inner = parts(field);
            let (Some(name), Some(value)) = (inner.next(), inner.next()) else { return Err(broken(span)) };
            let name = ident(&name);
            if let Some((first, _)) = fields.iter().find(|(first, _)| first.name == name.name) {
                let message = format!("Field '{}' occurs twice in this record", name.name);
                let diagnostic = Diagnostic::error("duplicate-field", name.span, message);
                return Err(Box::new(diagnostic.with_label(first.span, "It is already given here")));
            }
            let value = self.expr(value)?;
            fields.push((name, *value));
        }
        Ok(boxed(ExprKind::Record(fields), span))
    }

    /// A word, with arguments if it is a call.
    fn reference(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let whole = span_of(&pair);
        let mut inner = pair.into_inner();
        let name = inner.next().ok_or_else(|| broken(whole))?;
        let function = ident(&name);
        let span = function.span;
        let Some(list) = inner.next() else { return Ok(boxed(ExprKind::Identifier(function.name), span)) };
        let span = span.to(span_of(&list));
        let mut arguments = Vec::new();
        for part in parts(list) {
            arguments.push(match self.type_argument(part)? {
                TypeArgument::Type(ty) => Argument::Type(ty),
                TypeArgument::Expr(expr) => Argument::Expr(expr),
            });
        }
        Ok(boxed(ExprKind::Call { function, arguments }, span))
    }

    /// `sizeof`, `typeinfo`, `offsetof`.
    fn about_type(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let (rule, span) = (pair.as_rule(), span_of(&pair));
        let mut inner = parts(pair);
        let argument = inner.next().ok_or_else(|| broken(span))?;
        let argument = Box::new(self.type_argument(argument)?);
        let kind = match rule {
            Rule::sizeof => ExprKind::SizeOf(argument),
            Rule::typeinfo => ExprKind::TypeInfo(argument),
            _ => ExprKind::OffsetOf { of: argument, path: inner.map(|name| ident(&name)).collect() },
        };
        Ok(boxed(kind, span))
    }

    /// An `if` with its chain of `else if`, which is flat in the grammar and nested in the tree.
    pub(super) fn if_expr(&mut self, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
        let span = span_of(&pair);
        let inner = pair.into_inner();
        let levels = count(&inner, |rule| rule == Rule::kw_if);
        self.enter(levels, span)?;
        let mut arms: Vec<Arm> = Vec::new();
        let mut otherwise = None;
        let mut condition = None;
        let mut begin = span;
        for part in inner {
            match part.as_rule() {
                Rule::kw_if => begin = span_of(&part),
                Rule::expr => condition = Some(self.expr(part)?),
                Rule::block => {
                    self.node(begin)?;
                    let then = self.block(part)?;
                    match condition.take() {
                        Some(condition) => arms.push(Arm { begin, condition, then }),
                        None => otherwise = Some(then),
                    }
                }
                _ => {}
            }
        }
        self.leave(levels);
        if_chain(arms, otherwise).ok_or_else(|| broken(span))
    }
}

fn boxed(kind: ExprKind, span: Span) -> Box<Expr> {
    Box::new(Expr { kind, span })
}

fn count(pairs: &Pairs<'_, Rule>, which: impl Fn(Rule) -> bool) -> usize {
    pairs.clone().filter(|pair| which(pair.as_rule())).count()
}

fn is_prefix(rule: Rule) -> bool {
    matches!(rule, Rule::step | Rule::cast | Rule::prefix_op | Rule::kw_comptime)
}

fn literal_or_place(pair: &Pair<'_, Rule>) -> Parsed<Box<Expr>> {
    let (text, span) = (pair.as_str(), span_of(pair));
    let kind = match pair.as_rule() {
        Rule::integer => ExprKind::Integer { value: literal::integer(text, span)?, text: text.to_owned() },
        Rule::string => ExprKind::String(literal::string(text, span)?),
        Rule::boolean => ExprKind::Bool(text == "true"),
        Rule::positional => ExprKind::Positional(positional(text, span)?),
        Rule::positional_count => ExprKind::PositionalCount,
        Rule::variable => ExprKind::Place(Place { kind: PlaceKind::Variable(ident(pair)), span }),
        Rule::map => ExprKind::Place(Place { kind: PlaceKind::Map { name: ident(pair), key: Vec::new() }, span }),
        _ => return Err(broken(span)),
    };
    Ok(boxed(kind, span))
}

/// `base.field`, `base->field`, `base.0`
fn member(base: Box<Expr>, pair: Pair<'_, Rule>) -> Parsed<Box<Expr>> {
    let arrow = pair.as_str().starts_with("->");
    let name = parts(pair).next().ok_or_else(|| broken(base.span))?;
    let span = base.span.to(span_of(&name));
    if name.as_rule() == Rule::field_name {
        return Ok(boxed(ExprKind::Field { base, field: ident(&name), arrow }, span));
    }
    match name.as_str().parse() {
        Ok(index) => Ok(boxed(ExprKind::TupleField { base, index }, span)),
        Err(_) => {
            let message = format!("Tuple index '{}' is too large", name.as_str());
            Err(error("integer-too-large", span_of(&name), message))
        }
    }
}

fn ternary(otherwise: Box<Expr>, (condition, then): Case) -> Box<Expr> {
    let span = condition.span.to(otherwise.span);
    boxed(ExprKind::Ternary { condition, then, otherwise }, span)
}

/// The arms of an `if`, from the last to the first; `None` without any arm.
fn if_chain(mut arms: Vec<Arm>, last: Option<Box<Block>>) -> Option<Box<Expr>> {
    let mut end = last.as_ref().map(|block| block.span);
    let mut otherwise = last.map(|block| Else::Block(*block));
    while let Some(Arm { begin, condition, then }) = arms.pop() {
        let end = *end.get_or_insert(then.span);
        let (condition, comptime) = match *condition {
            Expr { kind: ExprKind::Comptime(inner), .. } => (*inner, true),
            condition => (condition, false),
        };
        let expr = boxed(ExprKind::If(Box::new(If { condition, comptime, then: *then, otherwise })), begin.to(end));
        if arms.is_empty() {
            return Some(expr);
        }
        otherwise = Some(Else::If(expr));
    }
    None
}

fn apply_prefixes(mut operand: Box<Expr>, mut prefixes: Vec<(Span, Prefix)>) -> Parsed<Box<Expr>> {
    while let Some((at, prefix)) = prefixes.pop() {
        operand = apply_prefix(operand, prefix, at)?;
    }
    Ok(operand)
}

impl Prefix {
    /// The binary operator that is written like this prefix operator.
    fn as_binary(&self) -> Option<BinaryOp> {
        match self {
            Self::Unary(UnaryOp::Neg) => Some(BinaryOp::Sub),
            Self::Unary(UnaryOp::Deref) => Some(BinaryOp::Mul),
            Self::AddressOf => Some(BinaryOp::BitAnd),
            _ => None,
        }
    }
}

fn apply_prefix(operand: Box<Expr>, prefix: Prefix, at: Span) -> Parsed<Box<Expr>> {
    let span = at.to(operand.span);
    let kind = match prefix {
        Prefix::Unary(operator) => ExprKind::Unary { operator, operand },
        Prefix::Comptime => ExprKind::Comptime(operand),
        Prefix::Cast(ty) => ExprKind::Cast { ty: *ty, operand },
        Prefix::AddressOf => {
            ExprKind::AddressOf(place(*operand, "Only the address of a variable or a map can be taken")?)
        }
        Prefix::Step(step) => ExprKind::Step { target: place(*operand, step_message(step))?, step, prefix: true },
    };
    Ok(boxed(kind, span))
}

/// The variable or map that an expression is.
pub(super) fn place(expr: Expr, message: &str) -> Parsed<Place> {
    match expr.kind {
        ExprKind::Place(place) => Ok(place),
        _ => Err(error("not-assignable", expr.span, message)),
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

fn positional(text: &str, span: Span) -> Parsed<u32> {
    match text[1..].parse() {
        Ok(0) => Err(error("invalid-positional", span, "There is no parameter $0; the first one is $1")),
        Ok(number) => Ok(number),
        Err(_) => Err(error("integer-too-large", span, format!("The number of parameter '{text}' is too large"))),
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
#[expect(clippy::vec_box, reason = "operands come as boxes and leave as boxes")]
struct BinaryChain {
    operands: Vec<Box<Expr>>,
    operators: Vec<BinaryOp>,
}

impl BinaryChain {
    fn operator(&mut self, operator: BinaryOp) -> Option<()> {
        while self.operators.last().is_some_and(|last| last.precedence() >= operator.precedence()) {
            self.reduce()?;
        }
        self.operators.push(operator);
        Some(())
    }

    /// The whole chain; leaves it empty.
    fn finish(&mut self) -> Option<Box<Expr>> {
        while !self.operators.is_empty() {
            self.reduce()?;
        }
        self.operands.pop()
    }

    fn reduce(&mut self) -> Option<()> {
        let (operator, right, left) = (self.operators.pop()?, self.operands.pop()?, self.operands.pop()?);
        let span = left.span.to(right.span);
        self.operands.push(boxed(ExprKind::Binary { operator, left, right }, span));
        Some(())
    }
}
