//! Operators: the type of an operation follows from its operands; conversions become explicit; literals fold.

use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind, UnaryOp};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp};
use crate::types::Type;

use super::build;
use super::evidence::{common_type, flexible, literal};
use super::fold;
use super::typer::Typer;

impl Typer<'_> {
    pub fn binary_expr(
        &mut self,
        operator: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        if operator.is_logical() {
            let left = self.condition(left);
            let right = self.condition(right);
            return Some(build::binary(operator, left?, right?, Type::Bool, span));
        }
        let left = self.operand(left);
        let right = self.operand(right);
        self.binary(operator, left?, right?, span)
    }

    /// An operation on typed operands, other than `&&` and `||`.
    pub fn binary(&mut self, operator: BinaryOp, left: hir::Expr, right: hir::Expr, span: Span) -> Option<hir::Expr> {
        if let (Some(a), Some(b)) = (literal(&left), literal(&right)) {
            let free = flexible(&left).is_some() && flexible(&right).is_some();
            return match fold::binary(operator, a, b) {
                Ok(fold::Folded::Number(value)) if free => build::number(value, span),
                // A constant of a given type makes the result one of the type that the operation has at run time.
                Ok(fold::Folded::Number(value)) => {
                    let signed = self.is_signed_result(operator, &left, &right);
                    Some(build::typed(value, Type::Int { bytes: 8, signed }, span))
                }
                Ok(fold::Folded::Bool(value)) => Some(build::boolean(value, span)),
                Err(fault) => self.error_with(fault.code(), span, fault.message(operator, a, b), fault.help()),
            };
        }
        if operator.is_comparison() {
            return self.comparison(operator, left, right, span);
        }
        match (&left.ty, &right.ty) {
            (Type::Pointer { .. }, ty) if ty.is_int() => self.pointer_offset(operator, left, right, span),
            (ty, Type::Pointer { .. }) if ty.is_int() && operator == BinaryOp::Add => {
                self.pointer_offset(operator, right, left, span)
            }
            (a, b) if a.is_int() && b.is_int() => self.arithmetic(operator, left, right, span),
            (Type::String { .. }, _) => self.string_operation(operator, left, right, span),
            _ => self.operand_types(operator, &left, &right, span),
        }
    }

    fn operand_types<T>(&mut self, operator: BinaryOp, left: &hir::Expr, right: &hir::Expr, span: Span) -> Option<T> {
        let message = format!(
            "The {} operator cannot be used on expressions of types '{}' and '{}'",
            operator.symbol(),
            left.ty,
            right.ty
        );
        self.error_with("operator-type", span, message, how_to_operate(operator, &left.ty, &right.ty))
    }

    /// `+ - * / % & | ^ << >>` of integers: 64 bits, signed if an operand is.
    fn arithmetic(&mut self, operator: BinaryOp, left: hir::Expr, right: hir::Expr, span: Span) -> Option<hir::Expr> {
        if matches!(operator, BinaryOp::Div | BinaryOp::Mod) && literal(&right) == Some(0) {
            let fault = fold::Fault::DivisionByZero;
            return self.error_with(fault.code(), right.span, fault.message(operator, 0, 0), fault.help());
        }
        let is_shift = matches!(operator, BinaryOp::Shl | BinaryOp::Shr);
        if let (true, Some(bits)) = (is_shift, literal(&right))
            && !(0..64).contains(&bits)
        {
            let fault = fold::Fault::ShiftCount;
            return self.error_with(fault.code(), right.span, fault.message(operator, 0, bits), fault.help());
        }
        let ty = Type::Int { bytes: 8, signed: self.is_signed_result(operator, &left, &right) };
        let (left, right) = (self.widen(left, &ty), self.widen(right, &ty));
        Some(build::binary(operator, left, right, ty, span))
    }

    fn is_signed_result(&self, operator: BinaryOp, left: &hir::Expr, right: &hir::Expr) -> bool {
        match operator {
            BinaryOp::Sub => true,
            BinaryOp::Shl | BinaryOp::Shr => left.ty.is_signed(),
            _ => is_signed_beside(left, right) || is_signed_beside(right, left),
        }
    }

    /// To 64 bits by the operand's own sign, then of the wanted sign.
    fn widen(&mut self, expr: hir::Expr, to: &Type) -> hir::Expr {
        match self.convert(expr.clone(), to) {
            Some(converted) => converted,
            None => build::cast(expr, to.clone()),
        }
    }

    fn comparison(&mut self, operator: BinaryOp, left: hir::Expr, right: hir::Expr, span: Span) -> Option<hir::Expr> {
        let is_equality = matches!(operator, BinaryOp::Eq | BinaryOp::Ne);
        let compare = |left, right| Some(build::binary(operator, left, right, Type::Bool, span));
        match (&left.ty, &right.ty) {
            (a, b) if a.is_int() && b.is_int() => {
                let Some(ty) = common_type(&left, &right) else {
                    return self.operand_types(operator, &left, &right, span);
                };
                self.warn_of_signs(&left, &right, &ty, span);
                let (left, right) = (self.widen(left, &ty), self.widen(right, &ty));
                compare(left, right)
            }
            (Type::String { .. }, Type::String { .. }) if is_equality => match (&left.kind, &right.kind) {
                (ExprKind::String(a), ExprKind::String(b)) => {
                    Some(build::boolean((a == b) == (operator == BinaryOp::Eq), span))
                }
                _ => compare(left, right),
            },
            (Type::String { .. }, Type::String { .. }) => self.string_operation(operator, left, right, span),
            (Type::Pointer { to: a, .. }, Type::Pointer { to: b, .. }) => {
                if a != b && **a != Type::Void && **b != Type::Void {
                    let message = format!("Comparison of distinct pointer types: '{}' and '{}'", left.ty, right.ty);
                    let warning = Diagnostic::warning("distinct-pointers", span, message)
                        .with_help(format!("Cast one to the type of the other: ({})...", left.ty));
                    self.report(warning);
                }
                let (a, b) = (left.ty.clone(), right.ty.clone());
                self.warn_of_spaces(&b, &a, span);
                compare(build::cast(left, Type::UINT64), build::cast(right, Type::UINT64))
            }
            (Type::Pointer { .. }, b) if b.is_int() => {
                let right = self.widen(right, &Type::UINT64);
                compare(build::cast(left, Type::UINT64), right)
            }
            (a, Type::Pointer { .. }) if a.is_int() => {
                let left = self.widen(left, &Type::UINT64);
                compare(left, build::cast(right, Type::UINT64))
            }
            (Type::Array { .. }, Type::Array { .. }) if left.ty != right.ty => {
                let message = format!("Only arrays of the same type can be compared: '{}' and '{}'", left.ty, right.ty);
                let help = format!("Where both have the same bytes, cast one: ({})...", left.ty);
                self.error_with("comparison-types", span, message, help)
            }
            (Type::Array { .. }, Type::Array { .. }) | (Type::Mac, Type::Mac) | (Type::Inet, Type::Inet)
                if is_equality =>
            {
                compare(left, right)
            }
            (Type::Tuple(_), Type::Tuple(_)) | (Type::Record(_), Type::Record(_)) if is_equality => {
                let (a, b) = (left.ty.clone(), right.ty.clone());
                let common = common_type(&left, &right);
                let both = common.and_then(|ty| Some((self.convert(left, &ty)?, self.convert(right, &ty)?)));
                match both {
                    Some((left, right)) => compare(left, right),
                    None => {
                        let message = format!("Type mismatch: comparing '{a}' with '{b}'");
                        self.error_with("comparison-types", span, message, "Both need the same parts")
                    }
                }
            }
            (a, b) if is_equality && std::mem::discriminant(a) != std::mem::discriminant(b) => {
                let message = format!("Type mismatch for '{}': comparing '{a}' with '{b}'", operator.symbol());
                let help = how_to_compare(&left, &right).unwrap_or_else(|| how_to_operate(operator, a, b).to_owned());
                self.error_with("comparison-types", span, message, help)
            }
            _ => self.operand_types(operator, &left, &right, span),
        }
    }

    /// Warns where 64-bit values of both signs are compared: huge values then count as negative.
    fn warn_of_signs(&mut self, left: &hir::Expr, right: &hir::Expr, ty: &Type, span: Span) {
        let is_huge = |expr: &hir::Expr| expr.ty == Type::UINT64 && literal(expr).is_none();
        if *ty == Type::INT64 && (is_huge(left) || is_huge(right)) {
            let message = format!("Comparison of integers of different signs: '{}' and '{}'", left.ty, right.ty);
            let warning = Diagnostic::warning("mixed-signs", span, message)
                .with_help("Cast one to the type of the other: huge unsigned numbers count as negative here");
            self.report(warning);
        }
    }

    /// Strings know `==` and `!=`; literals can be joined and cut at compile time.
    fn string_operation(
        &mut self,
        operator: BinaryOp,
        left: hir::Expr,
        right: hir::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        if operator == BinaryOp::Add {
            match (&left.kind, &right.kind, literal(&right)) {
                (ExprKind::String(a), ExprKind::String(b), _) => {
                    return Some(build::string([a.as_slice(), b].concat(), span));
                }
                (ExprKind::String(text), _, Some(skip)) => {
                    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                    if let Some(rest) = text.get(skip..) {
                        return Some(build::string(rest.to_vec(), span));
                    }
                    let message = format!("The string has only {} bytes", text.len());
                    let help = format!("From 0 to {} bytes can be skipped", text.len());
                    return self.error_with("index-out-of-range", span, message, help);
                }
                _ => {}
            }
        }
        let message = format!("The {} operator cannot be used on strings", operator.symbol());
        let diagnostic = Diagnostic::error("operator-type", span, message).with_help("Strings know == and != only");
        self.fail(diagnostic)
    }

    /// `p + n`, `n + p`, `p - n`.
    fn pointer_offset(
        &mut self,
        operator: BinaryOp,
        pointer: hir::Expr,
        index: hir::Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let scale = match operator {
            BinaryOp::Add => 1,
            BinaryOp::Sub => -1,
            _ => return self.operand_types(operator, &pointer, &index, span),
        };
        Some(self.offset_pointer(pointer, index, scale, span))
    }

    /// A pointer moved by `index` elements, `direction` times their size.
    pub fn offset_pointer(&mut self, pointer: hir::Expr, index: hir::Expr, direction: i64, span: Span) -> hir::Expr {
        let ty = pointer.ty.clone();
        let size = match &ty {
            Type::Pointer { to, .. } => i64::from(to.size().max(1)),
            _ => 1,
        };
        let index = self.widen(index, &Type::INT64);
        let kind =
            ExprKind::PointerOffset { pointer: Box::new(pointer), index: Box::new(index), scale: direction * size };
        hir::Expr { kind, ty, span }
    }

    /// `!`, `~` and `-`.
    pub fn unary(&mut self, operator: ast::UnaryOp, operand: &ast::Expr, span: Span) -> Option<hir::Expr> {
        // The most negative number has no positive counterpart: fold before the sign is known.
        if let (ast::UnaryOp::Neg, ast::ExprKind::Integer { value, .. }) = (operator, &operand.kind) {
            return match build::number(-i128::from(*value), span) {
                Some(number) => Some(number),
                None => {
                    let message = format!("-{value} does not fit 64 bits");
                    self.error_with("number-too-big", span, message, fold::Fault::Overflow.help())
                }
            };
        }
        if operator == ast::UnaryOp::Not {
            let condition = self.condition(operand)?;
            if let ExprKind::Integer(value) = condition.kind {
                return Some(build::boolean(value == 0, span));
            }
            let kind = ExprKind::Unary { operator: UnaryOp::Not, operand: Box::new(condition) };
            return Some(hir::Expr { kind, ty: Type::Bool, span });
        }
        let value = self.operand(operand)?;
        if let Some(number) = literal(&value) {
            if flexible(&value).is_none() {
                let signed = operator == ast::UnaryOp::Neg || value.ty.is_signed();
                let folded = if operator == ast::UnaryOp::Neg { -number } else { !number };
                return Some(build::typed(folded, Type::Int { bytes: 8, signed }, span));
            }
            let folded = if operator == ast::UnaryOp::Neg { -number } else { !number };
            return match build::number(folded, span) {
                Some(number) => Some(number),
                None => {
                    let message = format!("{folded} does not fit 64 bits");
                    self.error_with("number-too-big", span, message, fold::Fault::Overflow.help())
                }
            };
        }
        let symbol = if operator == ast::UnaryOp::Neg { "-" } else { "~" };
        if !value.ty.is_int() {
            let message = format!("The {symbol} operator cannot be used on type '{}'", value.ty);
            let help = how_to_operate(BinaryOp::Sub, &value.ty, &value.ty);
            return self.error_with("operator-type", span, message, help);
        }
        let (operator, signed) = match operator {
            ast::UnaryOp::Neg => (UnaryOp::Neg, true),
            _ => (UnaryOp::BitNot, value.ty.is_signed()),
        };
        let ty = Type::Int { bytes: 8, signed };
        let operand = Box::new(self.widen(value, &ty));
        Some(hir::Expr { kind: ExprKind::Unary { operator, operand }, ty, span })
    }
}

/// What is missing where text is compared with something that could be text.
fn how_to_compare(left: &hir::Expr, right: &hir::Expr) -> Option<String> {
    for (text, other) in [(left, right), (right, left)] {
        match (&text.kind, &text.ty, &other.ty) {
            (ExprKind::String(text), _, Type::Int { .. }) => {
                let text = String::from_utf8_lossy(text);
                if text.parse::<i128>().is_ok() {
                    return Some(format!("Leave the quotes out: {text}"));
                }
            }
            (_, Type::String { .. }, Type::Pointer { to, .. }) if to.size() == 1 => {
                return Some("A pointer is an address; its text is str(p)".to_owned());
            }
            (_, Type::String { .. }, Type::Int { .. }) => {
                if let Some(number) = literal(other) {
                    return Some(format!("Text stands in quotes: \"{number}\""));
                }
            }
            _ => {}
        }
    }
    None
}

/// What to do instead of an operation that two types do not have.
fn how_to_operate(operator: BinaryOp, left: &Type, right: &Type) -> &'static str {
    let either = |is: fn(&Type) -> bool| is(left) || is(right);
    if either(|ty| matches!(ty, Type::String { .. })) && either(Type::is_int) {
        "A number never equals text: use str(p) for the text at an address, and \"...\" for text"
    } else if either(|ty| matches!(ty, Type::String { .. })) {
        "Strings know == and != only"
    } else if either(|ty| matches!(ty, Type::Pointer { .. })) {
        "Pointers can be compared, and moved by integers; for other arithmetic cast them: (uint64)p"
    } else if either(|ty| matches!(ty, Type::Struct { .. })) {
        "Use the fields of a struct: s.field"
    } else if either(|ty| matches!(ty, Type::Tuple(_) | Type::Record(_) | Type::Array { .. })) {
        if operator.is_comparison() {
            "They know == and != only, with values of the same type"
        } else {
            "Use their parts: t.0, r.name, a[0]"
        }
    } else if either(|ty| matches!(ty, Type::Timestamp)) {
        "strftime() is text only when it is printed: compute with the nanoseconds it is given"
    } else if either(|ty| matches!(ty, Type::Username)) {
        "The name is looked up when it is printed: compare uid"
    } else {
        "Only integers can be used here"
    }
}

/// Whether an operand makes the result signed: a literal that is not negative adapts to an unsigned neighbour.
fn is_signed_beside(expr: &hir::Expr, other: &hir::Expr) -> bool {
    match flexible(expr) {
        Some(value) if value >= 0 && other.ty.is_int() && !other.ty.is_signed() => false,
        Some(value) => value <= i128::from(i64::MAX),
        None => expr.ty.is_signed(),
    }
}
