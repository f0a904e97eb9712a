//! Integers by the rules of the language: widths, signs, literals that adapt.

use super::Expr;
use super::values::{Type, Value, wrap};

/// What uses of one place say together; the order does not matter.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    signed: Option<u32>,
    unsigned: Option<u32>,
    least: i128,
    most: i128,
}

fn uses(expr: &Expr) -> Uses {
    let mut uses = Uses::default();
    match (&expr.ty, expr.literal) {
        (_, true) => (uses.least, uses.most) = (expr.value.number().min(0), expr.value.number().max(0)),
        (Type::Int { bytes, signed: true }, _) => uses.signed = Some(*bytes),
        (ty, _) => uses.unsigned = Some(ty.bytes()),
    }
    uses
}

fn signed_bytes(least: i128, most: i128) -> u32 {
    [1, 2, 4]
        .into_iter()
        .find(|bytes| wrap(least, *bytes, true) == least && wrap(most, *bytes, true) == most)
        .unwrap_or(8)
}

/// The type of a literal that stands alone.
pub fn literal_type(value: i128) -> Type {
    if value > i128::from(i64::MAX) {
        return Type::Int { bytes: 8, signed: false };
    }
    Type::Int { bytes: signed_bytes(value, value), signed: true }
}

/// The type that holds two integers.
pub fn common(left: &Expr, right: &Expr) -> Type {
    if left.ty == Type::Bool && right.ty == Type::Bool {
        return Type::Bool;
    }
    let (a, b) = (uses(left), uses(right));
    let (least, most) = (a.least.min(b.least), a.most.max(b.most));
    match (a.signed.max(b.signed), a.unsigned.max(b.unsigned)) {
        (None, None) if most > i128::from(i64::MAX) => Type::Int { bytes: 8, signed: least < 0 },
        (None, Some(bytes)) if least == 0 => {
            let literals = [1, 2, 4].into_iter().find(|bytes| wrap(most, *bytes, false) == most).unwrap_or(8);
            Type::Int { bytes: bytes.max(literals), signed: false }
        }
        (signed, unsigned) => {
            let double = unsigned.map_or(1, |bytes| (bytes * 2).min(8));
            Type::Int { bytes: signed.unwrap_or(1).max(double).max(signed_bytes(least, most)), signed: true }
        }
    }
}

/// Whether an operand makes the result of arithmetic signed.
fn makes_signed(expr: &Expr, other: &Expr) -> bool {
    if expr.literal {
        let adapts = expr.value.number() >= 0 && !other.ty.is_signed();
        return !adapts && expr.value.number() <= i128::from(i64::MAX);
    }
    expr.ty.is_signed()
}

pub const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"];
pub const COMPARISONS: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

/// The type and value of `left operator right`; literals on both sides fold elsewhere.
pub fn arithmetic(operator: &str, left: &Expr, right: &Expr) -> (Type, Value) {
    let signed = match operator {
        "-" => true,
        "<<" | ">>" => left.ty.is_signed(),
        _ => makes_signed(left, right) || makes_signed(right, left),
    };
    let (a, b) = (wrap(left.value.number(), 8, signed), wrap(right.value.number(), 8, signed));
    let count = b & 63;
    let value = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => (a as u128).wrapping_mul(b as u128) as i128,
        "/" | "%" if b == 0 => 1,
        "/" => a / b,
        "%" => a % b,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "<<" => ((a as u64) << count) as i128,
        _ => a >> count,
    };
    (Type::Int { bytes: 8, signed }, Value::Int(wrap(value, 8, signed)))
}

pub fn compare(operator: &str, left: &Expr, right: &Expr) -> bool {
    let ty = common(left, right);
    let (a, b) =
        (wrap(left.value.number(), ty.bytes(), ty.is_signed()), wrap(right.value.number(), ty.bytes(), ty.is_signed()));
    match operator {
        "==" => a == b,
        "!=" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }
}
