//! Arithmetic of literals at compile time, with errors where the result does not fit.

use crate::syntax::ast::BinaryOp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    Number(i128),
    Bool(bool),
}

/// Why two literals have no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Overflow,
    DivisionByZero,
    ShiftCount,
}

impl Fault {
    pub fn code(self) -> &'static str {
        match self {
            Self::Overflow => "number-too-big",
            Self::DivisionByZero => "division-by-zero",
            Self::ShiftCount => "shift-count",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Self::Overflow => "Numbers are from -9223372036854775808 to 18446744073709551615",
            Self::DivisionByZero => "A divisor that turns out to be 0 when the script runs gives 1 and a warning",
            Self::ShiftCount => "A number has 64 bits: a shift by more leaves nothing of it",
        }
    }

    pub fn message(self, operator: BinaryOp, left: i128, right: i128) -> String {
        match self {
            Self::Overflow => format!("{left} {} {right} does not fit 64 bits", operator.symbol()),
            Self::DivisionByZero => "Division by zero".to_owned(),
            Self::ShiftCount => format!("A shift by {right} bits is outside of 0 to 63"),
        }
    }
}

/// The result of an operation on literals.
pub fn binary(operator: BinaryOp, left: i128, right: i128) -> Result<Folded, Fault> {
    use BinaryOp as B;
    let comparison = match operator {
        B::Eq => Some(left == right),
        B::Ne => Some(left != right),
        B::Lt => Some(left < right),
        B::Le => Some(left <= right),
        B::Gt => Some(left > right),
        B::Ge => Some(left >= right),
        B::And => Some(left != 0 && right != 0),
        B::Or => Some(left != 0 || right != 0),
        _ => None,
    };
    if let Some(value) = comparison {
        return Ok(Folded::Bool(value));
    }
    if matches!(operator, B::Div | B::Mod) && right == 0 {
        return Err(Fault::DivisionByZero);
    }
    if matches!(operator, B::Shl | B::Shr) && !(0..64).contains(&right) {
        return Err(Fault::ShiftCount);
    }
    // Both sides have at most 65 bits: 128 bits hold every sum and shift, and all but a few products.
    let value = match operator {
        B::Add => left.checked_add(right),
        B::Sub => left.checked_sub(right),
        B::Mul => left.checked_mul(right),
        B::Div => left.checked_div(right),
        B::Mod => left.checked_rem(right),
        B::BitAnd => Some(left & right),
        B::BitOr => Some(left | right),
        B::BitXor => Some(left ^ right),
        B::Shl => left.checked_mul(1_i128 << right),
        _ => Some(left >> right),
    };
    match value {
        Some(value) if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value) => Ok(Folded::Number(value)),
        _ => Err(Fault::Overflow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_outside_of_64_bits_are_errors() {
        assert_eq!(binary(BinaryOp::Add, i128::from(u64::MAX), 1), Err(Fault::Overflow));
        assert_eq!(binary(BinaryOp::Mul, 1 << 40, 1 << 40), Err(Fault::Overflow));
        assert_eq!(binary(BinaryOp::Sub, 0, 1), Ok(Folded::Number(-1)));
        assert_eq!(binary(BinaryOp::Shl, 1, 63), Ok(Folded::Number(1 << 63)));
    }

    #[test]
    fn division_by_zero_and_wild_shifts_are_errors() {
        assert_eq!(binary(BinaryOp::Mod, 7, 0), Err(Fault::DivisionByZero));
        assert_eq!(binary(BinaryOp::Shr, 7, 64), Err(Fault::ShiftCount));
        assert_eq!(binary(BinaryOp::Shl, 7, -1), Err(Fault::ShiftCount));
    }
}
