//! Constant expressions of C: the lengths of arrays, the values of enumerators, the conditions of `#if`.

/// Values as the preprocessor and compilers on 64-bit machines compute them.
///
/// # Errors
///
/// A sentence about what is no constant expression.
pub fn evaluate(tokens: &[String], value_of: &dyn Fn(&str) -> Option<i64>) -> Result<i64, String> {
    let mut reader = Constant { tokens, at: 0, value_of, depth: 0 };
    let value = reader.conditional()?;
    match reader.peek() {
        None => Ok(value),
        Some(rest) => Err(format!("Expected the end of an expression, found '{rest}'")),
    }
}

/// How deep parentheses and operators may nest.
const MAX_DEPTH: usize = 64;

/// Operators that group to the left, the loosest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

struct Constant<'a> {
    tokens: &'a [String],
    at: usize,
    value_of: &'a dyn Fn(&str) -> Option<i64>,
    depth: usize,
}

impl Constant<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    /// An operator of two characters arrives as two tokens.
    fn operator(&self, level: usize) -> Option<&'static str> {
        let first = self.peek()?;
        let second = self.tokens.get(self.at + 1).map_or("", String::as_str);
        let pair = format!("{first}{second}");
        // The longest operator that is there, of whatever level.
        let longest = LEVELS.iter().flat_map(|level| level.iter()).find(|it| it.len() == 2 && **it == pair);
        let found = longest.or_else(|| LEVELS.iter().flat_map(|level| level.iter()).find(|it| **it == first))?;
        LEVELS[level].contains(found).then_some(*found)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn conditional(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("An expression is nested too deeply".to_owned());
        }
        let condition = self.binary(0)?;
        let value = if self.take("?") {
            let then = self.conditional()?;
            if !self.take(":") {
                return Err("Expected ':' in an expression".to_owned());
            }
            let otherwise = self.conditional()?;
            if condition != 0 { then } else { otherwise }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        if level == LEVELS.len() {
            return self.unary();
        }
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(level) {
            self.at += operator.len();
            let right = self.binary(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("An expression is nested too deeply".to_owned());
        }
        let token = self.peek().ok_or("An expression ends too early")?.to_owned();
        self.at += 1;
        let value = match token.as_str() {
            "-" => self.unary()?.wrapping_neg(),
            "+" => self.unary()?,
            "!" => i64::from(self.unary()? == 0),
            "~" => !self.unary()?,
            "(" => {
                let value = self.conditional()?;
                if !self.take(")") {
                    return Err("Expected ')' in an expression".to_owned());
                }
                value
            }
            word if word.starts_with(|c: char| c.is_ascii_digit()) => number(word)?,
            word => (self.value_of)(word).ok_or_else(|| format!("'{word}' is no constant"))?,
        };
        self.depth -= 1;
        Ok(value)
    }
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, String> {
    let shift = u32::try_from(right).ok().filter(|bits| *bits < 64);
    Ok(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<" => i64::from(left < right),
        "<=" => i64::from(left <= right),
        ">" => i64::from(left > right),
        ">=" => i64::from(left >= right),
        "<<" => shift.map(|bits| left << bits).ok_or("A shift is too wide")?,
        ">>" => shift.map(|bits| left >> bits).ok_or("A shift is too wide")?,
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        "/" => left.checked_div(right).ok_or("A division by zero")?,
        _ => left.checked_rem(right).ok_or("A division by zero")?,
    })
}

/// `17`, `0x11UL`, `021`
pub fn number(token: &str) -> Result<i64, String> {
    let digits = token.trim_end_matches(['u', 'U', 'l', 'L']);
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        u64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        u64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    value.map(|value| value as i64).map_err(|_| format!("Expected a number in a definition, found '{token}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i64, String> {
        let tokens = crate::kernel::c_declarations::tokens(text).expect("tokens");
        evaluate(&tokens, &|word| (word == "SEVEN").then_some(7))
    }

    #[test]
    fn operators_bind_as_in_c() {
        assert_eq!(value("1 + 2 * 3 << 1"), Ok(14));
        assert_eq!(value("(1 << 4) | 0x0F & ~3"), Ok(28));
        assert_eq!(value("SEVEN > 6 && !0 ? SEVEN - 1 : 100"), Ok(6));
        assert_eq!(value("-SEVEN / 2 == -3 || 010 == 9"), Ok(1));
        assert_eq!(value("4294967296UL >> 32"), Ok(1));
    }

    #[test]
    fn what_is_no_constant_is_said() {
        for text in ["", "1 +", "NOPE", "1 / 0", "(1", "1 2", "1 << 99", "1 ? 2"] {
            assert!(value(text).is_err(), "{text}");
        }
        assert!(value(&"(".repeat(5000)).is_err());
        assert!(value(&"-".repeat(5000)).is_err());
    }
}
