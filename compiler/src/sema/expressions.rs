//! Expressions: literals, names, conditionals, tuples, compile-time forms.

use crate::builtins::{self, Kind};
use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, Else, Ident, Place, PlaceKind, Step};
use crate::types::{RecordField, Type};

use super::build;
use super::calls::CallSite;
use super::evidence::{Evidence, common_type, literal};
use super::meant::how_to_add;
use super::typer::{MAX_PARTS, Typer, count_parts};
use super::unsupported;

impl Typer<'_> {
    /// An expression with a value.
    pub fn operand(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        let value = self.value(expr)?;
        if value.ty == Type::Void {
            let help = "A call such as print() is a statement of its own";
            return self.error_with("no-value", expr.span, "This expression has no value", help);
        }
        Some(value)
    }

    /// An expression that may be a call without a value. None where it has errors, or where its type is not known yet.
    pub fn value(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        self.value_in(expr, true)
    }

    /// An expression whose value nobody uses.
    pub fn statement_value(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        self.value_in(expr, false)
    }

    fn value_in(&mut self, expr: &ast::Expr, used: bool) -> Option<hir::Expr> {
        use ast::ExprKind as E;
        let span = expr.span;
        match &expr.kind {
            E::Integer { value, .. } => build::number(i128::from(*value), span),
            E::String(bytes) => self.string_literal(bytes, span),
            E::Bool(value) => Some(build::boolean(*value, span)),
            E::Positional(number) => self.positional(*number, span),
            E::PositionalCount => build::number(self.options.positional.len() as i128, span),
            E::Identifier(name) => self.identifier(name, span, used),
            E::Place(place) => self.read_place(place),
            E::Call { function, arguments } => self.call(function, arguments, span, used),
            E::Unary { operator: ast::UnaryOp::Deref, .. }
            | E::Field { .. }
            | E::TupleField { .. }
            | E::Index { .. } => self.member(expr),
            E::Unary { operator, operand } => self.unary(*operator, operand, span),
            E::Binary { operator, left, right } => self.binary_expr(*operator, left, right, span),
            E::Ternary { condition, then, otherwise } => self.ternary(condition, then.as_deref(), otherwise, span),
            E::If(it) => self.if_expr(it, span),
            E::Block(block) => self.block_expr(block, span),
            E::Step { target, step, prefix } => self.step(target, *step, *prefix, span),
            E::AddressOf(place) => self.address_of(place, span),
            E::Cast { ty, operand } => self.cast_expr(ty, operand, span),
            E::Tuple(parts) => self.tuple(parts, span),
            E::Record(fields) => self.record(fields, span),
            E::SizeOf(of) => self.size_of(of, span),
            E::OffsetOf { of, path } => self.offset_of(of, path, span),
            E::TypeInfo(of) => self.type_info(of, span),
            E::Comptime(operand) => {
                let value = self.operand(operand)?;
                if !matches!(value.kind, ExprKind::Integer(_) | ExprKind::String(_)) {
                    let message = "comptime needs an expression that is constant";
                    let help = "Literals, sizeof, offsetof and typeinfo are constant, and what is computed from them";
                    return self.error_with("not-constant", operand.span, message, help);
                }
                Some(value)
            }
        }
    }

    fn string_literal(&mut self, bytes: &[u8], span: Span) -> Option<hir::Expr> {
        let capacity = self.config.max_strlen as usize;
        if bytes.len() >= capacity {
            let message = format!("String is too long: {} bytes and a NUL, the limit is {capacity}", bytes.len());
            return self.fail(
                Diagnostic::error("string-too-long", span, message).with_help("Raise 'max_strlen' in the config block"),
            );
        }
        Some(build::string(bytes.to_vec(), span))
    }

    /// `$1`: a number where its text is one, otherwise a string.
    fn positional(&mut self, number: u32, span: Span) -> Option<hir::Expr> {
        let text = self.positional_text(number, span);
        match text {
            None => build::number(0, span),
            Some(text) => match parse_number(&text) {
                Some(value) => match build::number(value, span) {
                    Some(value) => Some(value),
                    None => {
                        self.error("number-too-big", span, format!("Parameter ${number} does not fit 64 bits: {text}"))
                    }
                },
                None => self.string_literal(text.as_bytes(), span),
            },
        }
    }

    /// The text of `$N`; warns where there is none.
    pub fn positional_text(&mut self, number: u32, span: Span) -> Option<String> {
        let text = self.options.positional.get((number as usize).wrapping_sub(1)).cloned();
        if text.is_none() {
            self.warn("missing-parameter", span, format!("Parameter ${number} is missing: it is 0 or \"\""));
        }
        text
    }

    /// A bare word: a builtin, an enum constant. Macros and definitions were replaced before.
    fn identifier(&mut self, name: &str, span: Span, used: bool) -> Option<hir::Expr> {
        if let Some(builtin) = builtins::find(name) {
            if builtin.kind != Kind::Value {
                let message = format!("{name} is a function: call it as {}", builtin.signature);
                let diagnostic = Diagnostic::error("function-without-call", span, message);
                return self.fail(match self.with_sign(name) {
                    Some(meant) => diagnostic.with_help(format!("Did you mean '{meant}'?")),
                    None => diagnostic,
                });
            }
            let function = Ident { name: name.to_owned(), span };
            return self.builtin(&CallSite { builtin, function: &function, arguments: &[], span, used, called: false });
        }
        if let Some((ty, value)) = self.kernel.enum_constant(name) {
            return Some(build::constant(value as u64, ty, span));
        }
        if self.names.is_reported(name) {
            return None;
        }
        if self.find_function(name).is_some() {
            let message = format!("{name} is a function: call it as {name}(...)");
            return self.error("function-without-call", span, message);
        }
        if let Some(diagnostic) = unsupported::builtin(span, name, name) {
            return self.fail(diagnostic);
        }
        if self.names.defines.iter().any(|define| define == name) {
            let message = format!("'{name}' is defined as something that is no expression");
            return self.error("unknown-identifier", span, message);
        }
        if let Some(meant) = self.meant(name) {
            let message = format!("Unknown identifier: '{name}'");
            return self.error_with("unknown-identifier", span, message, format!("Did you mean '{meant}'?"));
        }
        let names: Vec<&str> = builtins::ALL
            .iter()
            .filter(|builtin| builtin.kind == Kind::Value)
            .map(|builtin| builtin.name)
            .chain(self.names.iter())
            .collect();
        let diagnostic = Diagnostic::error("unknown-identifier", span, format!("Unknown identifier: '{name}'"));
        let is_stack_argument = name.strip_prefix("sarg").is_some_and(|digits| digits.parse::<u32>().is_ok());
        self.fail(match is_stack_argument {
            true => diagnostic
                .with_help("Arguments on the stack are read through its pointer: *(uint64 *)(reg(\"sp\") + 8)"),
            false => diagnostic.with_suggestion(name, names),
        })
    }

    fn read_place(&mut self, place: &Place) -> Option<hir::Expr> {
        match &place.kind {
            PlaceKind::Variable(name) => self.read_variable(name),
            PlaceKind::Map { name, key } => {
                let access = self.map_access(name, key, place.span);
                let id = self.maps.named(name);
                let value = self.map_value_type(id, place.span)?;
                let (map, key) = access?;
                self.map_read(map, key, &value, place.span)
            }
        }
    }

    /// Reads a value of a map; an aggregation as its integer.
    pub fn map_read(
        &mut self,
        map: crate::manifest::MapId,
        key: Option<hir::Expr>,
        value: &Type,
        span: Span,
    ) -> Option<hir::Expr> {
        let Some(ty) = super::statements::read_type(value) else {
            let message = format!(
                "{} holds '{value}', which has no value in an expression: print the map",
                self.maps.get(map).name
            );
            return self.error("aggregation-misuse", span, message);
        };
        let keyed_aggregation = key.is_some() && matches!(value, Type::Aggregate(_));
        if keyed_aggregation && !self.kernel.has(crate::kernel::Feature::LookupPerCpuElement) {
            let message = format!(
                "Reading {} in a probe needs bpf_map_lookup_percpu_elem (Linux 5.19), which this kernel lacks: print the map instead",
                self.maps.get(map).name
            );
            return self.error("missing-kernel-feature", span, message);
        }
        Some(hir::Expr { kind: ExprKind::MapRead { map, key: key.map(Box::new) }, ty, span })
    }

    /// A condition: bool as it is, other scalars compared with zero.
    pub fn condition(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        let value = self.operand(expr)?;
        self.as_condition(value)
    }

    pub fn as_condition(&mut self, value: hir::Expr) -> Option<hir::Expr> {
        match (&value.ty, literal(&value)) {
            (Type::Bool, _) => Some(value),
            (_, Some(number)) => Some(build::boolean(number != 0, value.span)),
            (Type::Int { .. } | Type::Enum { .. } | Type::Pointer { .. }, _) => Some(build::not_zero(value)),
            (Type::Record(fields), _) if fields.len() == 1 => {
                let message = "'=' does not compare: this is a record with one field, which is no condition";
                self.error_with("condition-type", value.span, message, "Use '==' to compare")
            }
            (ty, _) => {
                let message = format!("Invalid condition: an integer, bool or pointer is needed, not '{ty}'");
                let help = match ty {
                    Type::String { .. } => "Compare it: text != \"\"",
                    _ => "Compare it, or one of its parts, with something",
                };
                self.error_with("condition-type", value.span, message, help)
            }
        }
    }

    /// A condition that must be known now.
    pub fn constant_condition(&mut self, expr: &ast::Expr) -> Option<bool> {
        match self.condition(expr)?.kind {
            ExprKind::Integer(value) => Some(value != 0),
            _ => self.error("not-constant", expr.span, "if comptime needs a condition that is constant"),
        }
    }

    fn ternary(
        &mut self,
        condition: &ast::Expr,
        then: Option<&ast::Expr>,
        otherwise: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let Some(then) = then else {
            // `a ?: b` is a where a is true: a is evaluated once, into a variable that has no name in the script.
            let value = self.operand(condition);
            let otherwise = self.operand(otherwise);
            let (value, otherwise) = (value?, otherwise?);
            return self.default_value(value, otherwise, span);
        };
        let condition = self.condition(condition);
        let then = self.operand(then);
        let otherwise = self.operand(otherwise);
        self.conditional(condition?, then?, otherwise?, span)
    }

    fn default_value(&mut self, value: hir::Expr, otherwise: hir::Expr, span: Span) -> Option<hir::Expr> {
        if matches!(value.kind, ExprKind::Integer(_) | ExprKind::Variable(_)) {
            let condition = self.as_condition(value.clone())?;
            return self.conditional(condition, value, otherwise, span);
        }
        let (assign, read) = self.temporary(value);
        let condition = self.as_condition(read.clone())?;
        let chosen = self.conditional(condition, read, otherwise, span)?;
        let ty = chosen.ty.clone();
        let block = hir::Block { statements: vec![assign] };
        Some(hir::Expr { kind: ExprKind::Block { block, value: Box::new(chosen) }, ty, span })
    }

    /// Keeps a value in a variable without a name: the assignment, and how to read it.
    pub fn temporary(&mut self, value: hir::Expr) -> (hir::Stmt, hir::Expr) {
        let (span, ty) = (value.span, value.ty.clone());
        let id = hir::VariableId(self.program.variables.len() as u32);
        // Keys of declared variables are places in the script; these count down from the end.
        let key = (self.program.index, u32::MAX - id.0);
        self.program.variables.push(super::typer::Variable {
            name: format!("$temporary{}", id.0),
            declared: span,
            key,
            assigned: true,
            read: Some(span),
        });
        self.pin(id, ty.clone());
        let assign = hir::Stmt { kind: hir::StmtKind::AssignVariable { variable: id, value }, span };
        (assign, hir::Expr { kind: ExprKind::Variable(id), ty, span })
    }

    /// One of two values of a common type.
    fn conditional(
        &mut self,
        condition: hir::Expr,
        then: hir::Expr,
        otherwise: hir::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let (left, right) = (then.ty.clone(), otherwise.ty.clone());
        let common = common_type(&then, &otherwise);
        let arms = common.and_then(|ty| Some((self.convert(then, &ty)?, self.convert(otherwise, &ty)?, ty)));
        let Some((then, otherwise, ty)) = arms else {
            let message = format!("Both values must have compatible types: have '{left}' and '{right}'");
            let help = "Make both the same kind of value, for example with a cast";
            return self.error_with("branch-types", span, message, help);
        };
        let kind = ExprKind::Conditional {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Some(hir::Expr { kind, ty, span })
    }

    /// `if` with a value.
    fn if_expr(&mut self, it: &ast::If, span: Span) -> Option<hir::Expr> {
        if it.comptime {
            let chosen = self.constant_condition(&it.condition)?;
            return match (chosen, &it.otherwise) {
                (true, _) => self.block_expr(&it.then, span),
                (false, Some(Else::Block(block))) => self.block_expr(block, span),
                (false, Some(Else::If(expr))) => self.value(expr),
                (false, None) => self.error("no-value", span, "This if has no value: it has no else"),
            };
        }
        let condition = self.condition(&it.condition);
        let then = self.block_expr(&it.then, it.then.span);
        let otherwise = match &it.otherwise {
            Some(Else::Block(block)) => self.block_expr(block, block.span),
            Some(Else::If(expr)) => self.operand(expr),
            None => return self.error("no-value", span, "This if has no value: it has no else"),
        };
        self.conditional(condition?, then?, otherwise?, span)
    }

    /// `{ ...; value }`
    fn block_expr(&mut self, block: &ast::Block, span: Span) -> Option<hir::Expr> {
        let (statements, value) = self.block_value(block)?;
        let Some(value) = value.filter(|value| value.ty != Type::Void) else {
            return self.error("no-value", span, "This block has no value: it does not end in an expression");
        };
        if statements.statements.is_empty() {
            return Some(value);
        }
        let ty = value.ty.clone();
        Some(hir::Expr { kind: ExprKind::Block { block: statements, value: Box::new(value) }, ty, span })
    }

    /// `++` and `--` on variables and maps.
    fn step(&mut self, target: &Place, step: Step, prefix: bool, span: Span) -> Option<hir::Expr> {
        let stepped = |ty: &Type| match (step, ty) {
            (_, Type::Pointer { .. }) => ty.clone(),
            (Step::Increment, ty) if !ty.is_signed() && *ty != Type::Bool => Type::UINT64,
            _ => Type::INT64,
        };
        match &target.kind {
            PlaceKind::Variable(name) => {
                let read = self.read_variable(name)?;
                let id = self.lookup(&name.name)?;
                self.check_steppable(&read.ty, span)?;
                self.program.variables[id.0 as usize].assigned = true;
                self.learn_variable(id, Evidence::of_type(&stepped(&read.ty)));
                let kind = ExprKind::StepVariable { variable: id, step, prefix };
                Some(hir::Expr { kind, ty: read.ty, span })
            }
            PlaceKind::Map { name, key } => {
                self.will_assign(name);
                let (map, key) = self.map_access(name, key, target.span)?;
                let ty = self.maps.get(map).value.ty().unwrap_or(Type::INT64);
                if let Type::Aggregate(aggregate) = &ty {
                    let message = format!("{} holds '{ty}': it can only be assigned to", name.name);
                    let help = format!("Each use adds to it: {} = {}", name.name, how_to_add(aggregate));
                    return self.error_with("aggregation-misuse", span, message, help);
                }
                self.check_steppable(&ty, span)?;
                self.maps.get_mut(map).value.learn(Evidence::of_type(&stepped(&ty)));
                let kind = ExprKind::StepMap { map, key: key.map(Box::new), step, prefix };
                Some(hir::Expr { kind, ty, span })
            }
        }
    }

    fn check_steppable(&mut self, ty: &Type, span: Span) -> Option<()> {
        if matches!(ty, Type::Int { .. } | Type::Bool | Type::Pointer { .. }) {
            return Some(());
        }
        let message = format!("++ and -- need an integer or a pointer, not '{ty}'");
        self.error_with("operator-type", span, message, "Assign a new value instead")
    }

    pub fn tuple(&mut self, parts: &[ast::Expr], span: Span) -> Option<hir::Expr> {
        let parts: Vec<_> = parts.iter().map(|part| self.operand(part)).collect();
        let parts: Vec<hir::Expr> = parts.into_iter().collect::<Option<_>>()?;
        for part in &parts {
            if !self.storable(part, "part of a tuple") {
                return None;
            }
        }
        let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
        self.check_parts(&ty, span)?;
        Some(hir::Expr { kind: ExprKind::Tuple(parts), ty, span })
    }

    fn check_parts(&mut self, ty: &Type, span: Span) -> Option<()> {
        let count = count_parts(ty);
        if count <= MAX_PARTS {
            return Some(());
        }
        let message = format!("A tuple or record has at most {MAX_PARTS} parts, not {count}");
        self.error_with("too-many-parts", span, message, "Split it in several, or keep parts in maps of their own")
    }

    fn record(&mut self, fields: &[(Ident, ast::Expr)], span: Span) -> Option<hir::Expr> {
        let mut typed = Vec::new();
        let mut parts = Vec::new();
        let mut whole = true;
        for (index, (name, value)) in fields.iter().enumerate() {
            if fields[..index].iter().any(|(other, _)| other.name == name.name) {
                self.error::<()>("duplicate-field", name.span, format!("Field '{}' is given twice", name.name));
                whole = false;
            }
            match self.operand(value).filter(|value| self.storable(value, "part of a record")) {
                Some(value) => {
                    typed.push(RecordField { name: name.name.clone(), ty: value.ty.clone() });
                    parts.push(value);
                }
                None => whole = false,
            }
        }
        let ty = Type::Record(typed.into());
        self.check_parts(&ty, span)?;
        whole.then_some(hir::Expr { kind: ExprKind::Record(parts), ty, span })
    }
}

/// A number as positional parameters may write it: sign, decimal, `0x`, `0b`, octal with a leading 0.
pub fn parse_number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn parameters_are_numbers_in_any_base() {
        assert_eq!(["42", "-0x10", "010", "0b11"].map(parse_number), [Some(42), Some(-16), Some(8), Some(3)]);
        assert_eq!(["", "12a", "nginx", "0x", "--1"].map(parse_number), [None; 5]);
    }
}
