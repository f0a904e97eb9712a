//! Operators: the type of an operation follows from its operands; conversions become explicit; literals fold.

use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind, UnaryOp};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp};
use crate::types::Type;

use super::build;
use super::evidence::{common_type, literal};
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
            return match fold::binary(operator, a, b) {
                Ok(fold::Folded::Number(value)) => build::number(value, span),
                Ok(fold::Folded::Bool(value)) => Some(build::boolean(value, span)),
                Err(fault) => self.error(fault.code(), span, fault.message(operator, a, b)),
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
        self.error("operator-type", span, message)
    }

    /// `+ - * / % & | ^ << >>` of integers: 64 bits, signed if an operand is.
    fn arithmetic(&mut self, operator: BinaryOp, left: hir::Expr, right: hir::Expr, span: Span) -> Option<hir::Expr> {
        if matches!(operator, BinaryOp::Div | BinaryOp::Mod) && literal(&right) == Some(0) {
            return self.error("division-by-zero", right.span, "Division by zero");
        }
        let is_shift = matches!(operator, BinaryOp::Shl | BinaryOp::Shr);
        if let (true, Some(bits)) = (is_shift, literal(&right))
            && !(0..64).contains(&bits)
        {
            return self.error("shift-count", right.span, format!("A shift by {bits} bits is outside of 0 to 63"));
        }
        let signed = match operator {
            BinaryOp::Sub => true,
            _ if is_shift => left.ty.is_signed(),
            _ => is_signed_beside(&left, &right) || is_signed_beside(&right, &left),
        };
        let ty = Type::Int { bytes: 8, signed };
        let (left, right) = (self.widen(left, &ty), self.widen(right, &ty));
        Some(build::binary(operator, left, right, ty, span))
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
            (Type::String { .. }, Type::String { .. }) if is_equality => compare(left, right),
            (Type::String { .. }, Type::String { .. }) => self.string_operation(operator, left, right, span),
            (Type::Pointer { to: a, .. }, Type::Pointer { to: b, .. }) => {
                if a != b && **a != Type::Void && **b != Type::Void {
                    let message = format!("Comparison of distinct pointer types: '{}' and '{}'", left.ty, right.ty);
                    self.warn("distinct-pointers", span, message);
                }
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
                self.error("comparison-types", span, message)
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
                    None => self.error("comparison-types", span, format!("Type mismatch: comparing '{a}' with '{b}'")),
                }
            }
            (a, b) if is_equality && std::mem::discriminant(a) != std::mem::discriminant(b) => {
                let message = format!("Type mismatch for '{}': comparing '{a}' with '{b}'", operator.symbol());
                self.error("comparison-types", span, message)
            }
            _ => self.operand_types(operator, &left, &right, span),
        }
    }

    /// Warns where 64-bit values of both signs are compared: huge values then count as negative.
    fn warn_of_signs(&mut self, left: &hir::Expr, right: &hir::Expr, ty: &Type, span: Span) {
        let is_huge = |expr: &hir::Expr| expr.ty == Type::UINT64 && literal(expr).is_none();
        if *ty == Type::INT64 && (is_huge(left) || is_huge(right)) {
            let message = format!("Comparison of integers of different signs: '{}' and '{}'", left.ty, right.ty);
            self.warn("mixed-signs", span, message);
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
                    return self.error("index-out-of-range", span, format!("The string has only {} bytes", text.len()));
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
                None => self.error("number-too-big", span, format!("-{value} does not fit 64 bits")),
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
            let folded = if operator == ast::UnaryOp::Neg { -number } else { !number };
            return match build::number(folded, span) {
                Some(number) => Some(number),
                None => self.error("number-too-big", span, format!("{folded} does not fit 64 bits")),
            };
        }
        let symbol = if operator == ast::UnaryOp::Neg { "-" } else { "~" };
        if !value.ty.is_int() {
            let message = format!("The {symbol} operator cannot be used on type '{}'", value.ty);
            return self.error("operator-type", span, message);
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

/// Whether an operand makes the result signed: a literal that is not negative adapts to an unsigned neighbour.
fn is_signed_beside(expr: &hir::Expr, other: &hir::Expr) -> bool {
    match literal(expr) {
        Some(value) if value >= 0 && other.ty.is_int() && !other.ty.is_signed() => false,
        Some(value) => value <= i128::from(i64::MAX),
        None => expr.ty.is_signed(),
    }
}
