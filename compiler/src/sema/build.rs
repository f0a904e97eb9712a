//! Small expressions that several passes make.

use crate::hir::{Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::types::Type;

use super::evidence::literal_type;

/// An integer literal that adapts to what stands beside it; None outside of 64 bits.
pub fn number(value: i128, span: Span) -> Option<Expr> {
    if !(i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value) {
        return None;
    }
    Some(Expr { kind: ExprKind::Integer(value as u64), ty: literal_type(value), span })
}

/// A constant of a given type.
pub fn constant(bits: u64, ty: Type, span: Span) -> Expr {
    Expr { kind: ExprKind::Integer(bits), ty, span }
}

/// A number as a constant of an integer type, cut to its width.
pub fn typed(value: i128, ty: Type, span: Span) -> Expr {
    let bits = u32::from(ty.size() as u8) * 8;
    let unused = 64 - bits.clamp(1, 64);
    let moved = (value as u64) << unused;
    let bits = if ty.is_signed() { ((moved as i64) >> unused) as u64 } else { moved >> unused };
    constant(bits, ty, span)
}

pub fn boolean(value: bool, span: Span) -> Expr {
    constant(u64::from(value), Type::Bool, span)
}

/// A string literal, as large as its text and its NUL.
pub fn string(bytes: Vec<u8>, span: Span) -> Expr {
    let ty = Type::String { capacity: bytes.len() as u32 + 1 };
    Expr { kind: ExprKind::String(bytes), ty, span }
}

/// The expression as `ty`, unless it has that type already.
pub fn cast(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty {
        return expr;
    }
    let span = expr.span;
    Expr { kind: ExprKind::Cast(Box::new(expr)), ty, span }
}

pub fn binary(operator: BinaryOp, left: Expr, right: Expr, ty: Type, span: Span) -> Expr {
    Expr { kind: ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) }, ty, span }
}

/// Whether a value is not zero.
pub fn not_zero(expr: Expr) -> Expr {
    let span = expr.span;
    let zero = constant(0, expr.ty.clone(), span);
    binary(BinaryOp::Ne, expr, zero, Type::Bool, span)
}
