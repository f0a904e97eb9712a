//! Expressions and types as source text.

use super::trivia::Origin;
use super::{Level, Printer, quote};
use crate::syntax::ast::{
    Argument, Block, Else, Expr, ExprKind, If, Place, PlaceKind, TypeArgument, TypeBase, TypeName, TypeSuffix,
};
use crate::syntax::dump::{step_symbol, unary_symbol};

impl Printer<'_> {
    /// An expression where nothing around it can bind.
    pub(super) fn whole(&mut self, expr: &Expr) -> String {
        self.expr(expr, Level::TERNARY)
    }

    /// An expression in the one pair of parentheses that a head has.
    pub(super) fn condition(&mut self, expr: &Expr) -> String {
        let is_verbatim =
            |origin: &Origin<'_>| origin.has_comment(origin.tight(expr.span)) && origin.is_parenthesised(expr);
        let has_its_own = self.origin.as_ref().is_some_and(is_verbatim);
        let text = self.whole(expr);
        if has_its_own { text } else { format!("({text})") }
    }

    pub(super) fn list(&mut self, exprs: &[Expr]) -> String {
        exprs.iter().map(|expr| self.whole(expr)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn place(&mut self, place: &Place) -> String {
        match &place.kind {
            PlaceKind::Variable(name) => name.name.clone(),
            PlaceKind::Map { name, key } if key.is_empty() => name.name.clone(),
            PlaceKind::Map { name, key } => format!("{}[{}]", name.name, self.list(key)),
        }
    }

    /// An expression, in parentheses if it binds less tightly than its place asks for.
    pub(super) fn expr(&mut self, expr: &Expr, at_least: Level) -> String {
        let mut keeps_parentheses = false;
        if let Some(origin) = &self.origin {
            // Comments inside: as it was written, with the parentheses that belong to it.
            if origin.has_comment(origin.tight(expr.span)) {
                return self.verbatim(origin.tight(expr.span));
            }
            let is_operation = matches!(expr.kind, ExprKind::Binary { .. } | ExprKind::Ternary { .. });
            keeps_parentheses = is_operation && at_least > Level::TERNARY && origin.is_parenthesised(expr);
        }
        let (text, level) = self.bare(expr);
        if level < at_least || keeps_parentheses { format!("({text})") } else { text }
    }

    /// An expression without parentheses, and how tightly it binds.
    fn bare(&mut self, expr: &Expr) -> (String, Level) {
        let primary = |text: String| (text, Level::PRIMARY);
        match &expr.kind {
            ExprKind::Integer { value, text } if text.is_empty() => primary(value.to_string()),
            ExprKind::Integer { text, .. } => primary(text.clone()),
            ExprKind::String(bytes) => {
                let written = self.origin.as_ref().and_then(|origin| origin.literal(expr.span));
                primary(written.map_or_else(|| quote(bytes), str::to_owned))
            }
            ExprKind::Bool(value) => primary(value.to_string()),
            ExprKind::Positional(number) => primary(format!("${number}")),
            ExprKind::PositionalCount => primary("$#".to_owned()),
            ExprKind::Identifier(name) => primary(name.clone()),
            ExprKind::Place(place) => {
                let keyed = matches!(&place.kind, PlaceKind::Map { key, .. } if !key.is_empty());
                (self.place(place), if keyed { Level::POSTFIX } else { Level::PRIMARY })
            }
            ExprKind::Call { function, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(|argument| self.argument(argument)).collect();
                primary(format!("{}({})", function.name, arguments.join(", ")))
            }
            // As operands, `if` and blocks always stand in parentheses, so that no statement begins with them by accident.
            ExprKind::If(branch) => (self.if_expr(branch, Self::value_block), Level::TERNARY),
            ExprKind::Block(block) => (self.value_block(block), Level::TERNARY),
            ExprKind::Tuple(items) if items.len() == 1 => primary(format!("({},)", self.list(items))),
            ExprKind::Tuple(items) => primary(format!("({})", self.list(items))),
            ExprKind::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{} = {}", name.name, self.whole(value))).collect();
                primary(format!("({})", fields.join(", ")))
            }
            ExprKind::SizeOf(argument) => primary(format!("sizeof({})", self.type_argument(argument))),
            ExprKind::TypeInfo(argument) => primary(format!("typeinfo({})", self.type_argument(argument))),
            ExprKind::OffsetOf { of, path } => {
                let path: Vec<&str> = path.iter().map(|name| name.name.as_str()).collect();
                primary(format!("offsetof({}, {})", self.type_argument(of), path.join(".")))
            }
            ExprKind::Unary { .. }
            | ExprKind::Comptime(_)
            | ExprKind::Cast { .. }
            | ExprKind::AddressOf(_)
            | ExprKind::Step { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Ternary { .. }
            | ExprKind::Field { .. }
            | ExprKind::TupleField { .. }
            | ExprKind::Index { .. } => self.operation(expr),
        }
    }

    pub(super) fn argument(&mut self, argument: &Argument) -> String {
        match argument {
            Argument::Expr(expr) => self.whole(expr),
            Argument::Type(ty) => self.ty(ty),
        }
    }

    /// An expression that is made of operators: those that `bare` hands over.
    fn operation(&mut self, expr: &Expr) -> (String, Level) {
        match &expr.kind {
            ExprKind::Unary { operator, operand } => (self.prefixed(unary_symbol(*operator), operand), Level::PREFIX),
            ExprKind::Comptime(operand) => (format!("comptime {}", self.expr(operand, Level::PREFIX)), Level::PREFIX),
            ExprKind::Cast { ty, operand } => {
                (format!("({}){}", self.ty(ty), self.expr(operand, Level::PREFIX)), Level::PREFIX)
            }
            ExprKind::AddressOf(place) => (format!("&{}", self.place(place)), Level::PREFIX),
            ExprKind::Step { target, step, prefix: true } => {
                (format!("{}{}", step_symbol(*step), self.place(target)), Level::PREFIX)
            }
            ExprKind::Step { target, step, prefix: false } => {
                (format!("{}{}", self.place(target), step_symbol(*step)), Level::POSTFIX)
            }
            ExprKind::Binary { operator, left, right } => {
                let level = Level::of(*operator);
                let (left, right) = (self.expr(left, level), self.expr(right, Level(level.0 + 1)));
                (format!("{left} {} {right}", operator.symbol()), level)
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                let condition = self.expr(condition, Level(Level::TERNARY.0 + 1));
                let otherwise = match otherwise.kind {
                    ExprKind::If(_) | ExprKind::Block(_) => self.expr(otherwise, Level::PRIMARY),
                    _ => self.whole(otherwise),
                };
                let text = match then {
                    Some(then) => format!("{condition} ? {} : {otherwise}", self.whole(then)),
                    None => format!("{condition} ?: {otherwise}"),
                };
                (text, Level::TERNARY)
            }
            ExprKind::Field { base, field, arrow } => {
                let sign = if *arrow { "->" } else { "." };
                (format!("{}{sign}{}", self.expr(base, Level::POSTFIX), field.name), Level::POSTFIX)
            }
            ExprKind::TupleField { base, index } => {
                (format!("{}.{index}", self.expr(base, Level::POSTFIX)), Level::POSTFIX)
            }
            ExprKind::Index { base, index } => {
                // `@m[k]` is a map and its key; `(@m)[k]` indexes the value of a scalar map.
                let is_map = matches!(&base.kind, ExprKind::Place(Place { kind: PlaceKind::Map { key, .. }, .. }) if key.is_empty());
                let base = if is_map { format!("({})", self.whole(base)) } else { self.expr(base, Level::POSTFIX) };
                (format!("{base}[{}]", self.whole(index)), Level::POSTFIX)
            }
            _ => self.bare(expr),
        }
    }

    /// An operator and its operand; a space keeps `-` and `-x` from becoming `--x`.
    fn prefixed(&mut self, symbol: &str, operand: &Expr) -> String {
        let operand = self.expr(operand, Level::PREFIX);
        let space = if symbol == "-" && operand.starts_with('-') { " " } else { "" };
        format!("{symbol}{space}{operand}")
    }

    pub(super) fn if_expr(&mut self, branch: &If, print_block: fn(&mut Self, &Block) -> String) -> String {
        let comptime = if branch.comptime { "comptime " } else { "" };
        let condition = self.condition(&branch.condition);
        let mut out = format!("if {comptime}{condition} {}", print_block(self, &branch.then));
        match &branch.otherwise {
            Some(Else::Block(block)) => out.push_str(&format!(" else {}", print_block(self, block))),
            Some(Else::If(next)) => match &next.kind {
                ExprKind::If(next) => {
                    out.push_str(" else ");
                    out.push_str(&self.if_expr(next, print_block));
                }
                _ => out.push_str(&format!(" else {{ {} }}", self.whole(next))),
            },
            None => {}
        }
        out
    }

    pub(super) fn ty(&mut self, ty: &TypeName) -> String {
        let mut out = match &ty.base {
            TypeBase::Name(name) => name.clone(),
            TypeBase::Tagged { keyword, name } => format!("{keyword} {name}"),
            TypeBase::TypeOf(argument) => format!("typeof({})", self.type_argument(argument)),
            TypeBase::Tuple(parts) => {
                let texts: Vec<String> = parts.iter().map(|part| self.ty(part)).collect();
                format!("({}{})", texts.join(", "), if texts.len() == 1 { "," } else { "" })
            }
        };
        let mut after_pointer = false;
        for suffix in &ty.suffixes {
            match suffix {
                TypeSuffix::Pointer => out.push_str(if after_pointer { "*" } else { " *" }),
                TypeSuffix::Array(Some(length)) => out.push_str(&format!("[{length}]")),
                TypeSuffix::Array(None) => out.push_str("[]"),
            }
            after_pointer = matches!(suffix, TypeSuffix::Pointer);
        }
        out
    }

    fn type_argument(&mut self, argument: &TypeArgument) -> String {
        match argument {
            TypeArgument::Type(ty) => self.ty(ty),
            // A bare word would be read as a type.
            TypeArgument::Expr(expr) if reads_as_type(expr) => format!("({})", self.whole(expr)),
            TypeArgument::Expr(expr) => self.whole(expr),
        }
    }
}

/// `word`, `word[4]`, `word[4][2]`
fn reads_as_type(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Identifier(_) => true,
        ExprKind::Index { base, .. } => reads_as_type(base),
        _ => false,
    }
}
