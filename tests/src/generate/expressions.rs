//! Expressions of each kind of type, with the values that they have.

use super::numbers::{ARITHMETIC, COMPARISONS, arithmetic, common, compare, literal_type};
use super::values::{INT64, Type, UINT64, Value, wrap};
use super::{Expr, Generator};

const WORDS: &[&str] =
    &["a", "bc", "def", "hello", "sixteen-bytes-ok", "a text that is longer than thirty-two bytes", "x y"];

/// The most bytes of a text, `max_strlen` of a script that sets none.
const LARGEST_TEXT: u32 = 1024;

impl Generator {
    /// An expression of any type that can be printed and kept.
    pub fn any(&mut self, depth: usize) -> Expr {
        match self.random.below(9) {
            0 | 1 => self.int(depth),
            2 => self.truth(depth),
            3 => self.string(depth),
            4 | 5 => self.tuple(depth),
            6 => self.record(depth),
            7 => self.array(),
            _ => self.existing(|_| true).unwrap_or_else(|| self.int(depth)),
        }
    }

    /// A name that is there already.
    fn existing(&mut self, fits: impl Fn(&Type) -> bool) -> Option<Expr> {
        let known: Vec<_> = self.names.iter().filter(|name| fits(&name.ty)).cloned().collect();
        if known.is_empty() {
            return None;
        }
        let name = self.random.choose(&known);
        Some(Expr { text: name.text, ty: name.ty, value: name.value, literal: false })
    }

    pub fn int_type(&mut self) -> Type {
        Type::Int { bytes: self.random.choose(&[1, 2, 4, 8]), signed: self.random.one_in(2) }
    }

    fn interesting(&mut self) -> i128 {
        let edge = self.random.choose(&[0_i128, 1, 2, 7, 100, 127, 128, 255, 256, 32_767, 65_535, 2_147_483_647]);
        match self.random.below(6) {
            0 => -edge,
            1 => i128::from(self.random.next() as i64),
            2 => i128::from(self.random.next() as u32),
            3 => self.random.choose(&[i128::from(i64::MAX), i128::from(i64::MIN), i128::from(u64::MAX)]),
            _ => edge,
        }
    }

    /// A number that is not known before the script runs, of a type that stays.
    pub fn typed_int(&mut self) -> Expr {
        let ty = self.int_type();
        let value = wrap(self.interesting(), ty.bytes(), ty.is_signed());
        // Through 64 bits with a sign, which `$zero` has.
        let text = format!("({})({} + $zero)", ty.name(), wrap(value, 8, true));
        Expr { text, ty, value: Value::Int(value), literal: false }
    }

    fn literal(&mut self) -> Expr {
        let value = self.interesting();
        let text = if value < 0 { format!("({value})") } else { value.to_string() };
        Expr { text, ty: literal_type(value), value: Value::Int(value), literal: true }
    }

    pub fn int(&mut self, depth: usize) -> Expr {
        if depth == 0 {
            return match self.random.below(5) {
                0 => self.literal(),
                1 | 2 => self.existing(Type::is_int).unwrap_or_else(|| self.typed_int()),
                _ => self.typed_int(),
            };
        }
        match self.random.below(14) {
            0..=4 => self.binary(depth),
            5 => self.cast(depth),
            6 => {
                let operand = self.int(depth - 1);
                if operand.literal {
                    return operand;
                }
                let text = format!("(-{})", operand.text);
                Expr { text, ty: INT64, value: Value::Int(wrap(-operand.value.number(), 8, true)), literal: false }
            }
            7 => {
                let operand = self.int(depth - 1);
                if operand.literal {
                    return operand;
                }
                let signed = operand.ty.is_signed();
                let ty = if signed { INT64 } else { UINT64 };
                let value = Value::Int(wrap(!operand.value.number(), 8, signed));
                Expr { text: format!("(~{})", operand.text), ty, value, literal: false }
            }
            8 | 9 => {
                let (condition, yes, no) = (self.truth(depth - 1), self.int(depth - 1), self.int(depth - 1));
                let ty = common(&yes, &no);
                let chosen = if condition.value == Value::Bool(true) { &yes } else { &no };
                let value = match ty {
                    Type::Bool => chosen.value.clone(),
                    _ => Value::Int(wrap(chosen.value.number(), ty.bytes(), ty.is_signed())),
                };
                let text = format!("({} ? {} : {})", condition.text, yes.text, no.text);
                Expr { text, ty, value, literal: false }
            }
            10 => self.truth(depth - 1),
            11 => self.element(),
            12 => self.part(Type::is_int).unwrap_or_else(|| self.int(depth - 1)),
            _ => self.int(0),
        }
    }

    fn binary(&mut self, depth: usize) -> Expr {
        let (left, mut right) = (self.int(depth - 1), self.int(depth - 1));
        if left.literal && right.literal {
            right = self.typed_int();
        }
        let mut operator = self.random.choose(ARITHMETIC);
        // What stands for 0 without being known only at run time is refused.
        let constant_zero = right.value.number() == 0 && (right.literal || right.text.contains("false"));
        let constant_shift = right.literal && !(0..64).contains(&right.value.number());
        if (matches!(operator, "/" | "%") && constant_zero) || (matches!(operator, "<<" | ">>") && constant_shift) {
            operator = "+";
        }
        let (ty, value) = arithmetic(operator, &left, &right);
        Expr { text: format!("({} {operator} {})", left.text, right.text), ty, value, literal: false }
    }

    fn cast(&mut self, depth: usize) -> Expr {
        let mut operand = self.int(depth - 1);
        if operand.literal {
            operand = self.typed_int();
        }
        let ty = self.int_type();
        let value = Value::Int(wrap(operand.value.number(), ty.bytes(), ty.is_signed()));
        Expr { text: format!("({}){}", ty.name(), operand.text), ty, value, literal: false }
    }

    /// An element of an array at an index that is not known before.
    fn element(&mut self) -> Expr {
        let array = self.existing(|ty| matches!(ty, Type::Array { .. })).unwrap_or_else(|| self.array());
        let Type::Array { bytes, signed, len } = array.ty else { return array };
        let index = self.random.below(len as usize + 2);
        let value = array.value.parts().get(index).cloned().unwrap_or(Value::Int(0));
        let is_constant = index < len as usize && self.random.one_in(2);
        let text = if is_constant { index.to_string() } else { format!("{index} + $zero") };
        // An index applies before a cast does.
        Expr { text: format!("({})[{text}]", array.text), ty: Type::Int { bytes, signed }, value, literal: false }
    }

    /// A part of a tuple or record that is there already.
    fn part(&mut self, fits: impl Fn(&Type) -> bool) -> Option<Expr> {
        let whole = self.existing(|ty| matches!(ty, Type::Tuple(_) | Type::Record(_)))?;
        let named: Vec<(String, Type)> = match &whole.ty {
            Type::Tuple(parts) => parts.iter().enumerate().map(|(at, ty)| (at.to_string(), ty.clone())).collect(),
            Type::Record(fields) => fields.clone(),
            _ => return None,
        };
        let fitting: Vec<usize> = (0..named.len()).filter(|at| fits(&named[*at].1)).collect();
        if fitting.is_empty() {
            return None;
        }
        let at = self.random.choose(&fitting);
        let (name, ty) = named[at].clone();
        let value = whole.value.parts()[at].clone();
        Some(Expr { text: format!("{}.{name}", whole.text), ty, value, literal: false })
    }

    pub fn truth(&mut self, depth: usize) -> Expr {
        let (text, value) = match if depth == 0 { 0 } else { self.random.below(8) } {
            0 => {
                let value = self.random.one_in(2);
                (value.to_string(), value)
            }
            1 | 2 => {
                let (left, mut right) = (self.int(depth - 1), self.int(depth - 1));
                if left.literal && right.literal {
                    right = self.typed_int();
                }
                let operator = self.random.choose(COMPARISONS);
                (format!("({} {operator} {})", left.text, right.text), compare(operator, &left, &right))
            }
            3 => {
                let (left, right) = (self.string(depth - 1), self.string(depth - 1));
                (format!("({} == {})", left.text, right.text), left.value == right.value)
            }
            4 => {
                let (left, right) = (self.truth(depth - 1), self.truth(depth - 1));
                let (a, b) = (left.value == Value::Bool(true), right.value == Value::Bool(true));
                if self.random.one_in(2) {
                    (format!("({} && {})", left.text, right.text), a && b)
                } else {
                    (format!("({} || {})", left.text, right.text), a || b)
                }
            }
            5 => {
                let operand = self.int(depth - 1);
                (format!("(!{})", operand.text), operand.value.number() == 0)
            }
            6 => match self.existing(|ty| matches!(ty, Type::Tuple(_) | Type::Record(_) | Type::Array { .. })) {
                Some(whole) => {
                    let equal = self.random.one_in(2);
                    (format!("({} {} {})", whole.text, if equal { "==" } else { "!=" }, whole.text), equal)
                }
                None => ("true".to_owned(), true),
            },
            _ => {
                let operand = self.int(depth - 1);
                (format!("(bool){}", operand.text), operand.value.number() != 0)
            }
        };
        Expr { text, ty: Type::Bool, value: Value::Bool(value), literal: false }
    }

    pub fn string(&mut self, depth: usize) -> Expr {
        let is_text = |ty: &Type| matches!(ty, Type::Text(_));
        match if depth == 0 { 0 } else { self.random.below(5) } {
            1 => self.existing(is_text).unwrap_or_else(|| self.string(0)),
            2 => self.part(is_text).unwrap_or_else(|| self.string(0)),
            3 => {
                let (condition, yes, no) = (self.truth(depth - 1), self.string(depth - 1), self.string(depth - 1));
                let (Type::Text(a), Type::Text(b)) = (&yes.ty, &no.ty) else { return yes };
                let ty = Type::Text(*a.max(b));
                let value = if condition.value == Value::Bool(true) { yes.value } else { no.value };
                Expr { text: format!("({} ? {} : {})", condition.text, yes.text, no.text), ty, value, literal: false }
            }
            4 => {
                let operand = self.string(depth - 1);
                let Type::Text(capacity) = operand.ty else { return operand };
                let ty = Type::Text((capacity + 1 + self.random.below(40) as u32).min(LARGEST_TEXT));
                Expr { text: format!("({}){}", ty.name(), operand.text), ty, value: operand.value, literal: false }
            }
            _ => {
                let word = self.random.choose(WORDS);
                let ty = Type::Text(word.len() as u32 + 1);
                Expr { text: format!("\"{word}\""), ty, value: Value::Text(word.to_owned()), literal: false }
            }
        }
    }

    /// A part of a tuple or record: of a type that stays.
    fn member(&mut self, depth: usize) -> Expr {
        let member = if depth == 0 { self.typed_int() } else { self.any(depth - 1) };
        if member.literal { self.typed_int() } else { member }
    }

    fn tuple(&mut self, depth: usize) -> Expr {
        let parts: Vec<Expr> = (0..1 + self.random.below(3)).map(|_| self.member(depth.saturating_sub(1))).collect();
        let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        Expr {
            text: format!("({},)", texts.join(", ")),
            ty: Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect()),
            value: Value::Parts(parts.iter().map(|part| part.value.clone()).collect()),
            literal: false,
        }
    }

    fn record(&mut self, depth: usize) -> Expr {
        let parts: Vec<(String, Expr)> =
            (0..1 + self.random.below(3)).map(|at| (format!("f{at}"), self.member(depth.saturating_sub(1)))).collect();
        let texts: Vec<String> = parts.iter().map(|(name, part)| format!("{name} = {}", part.text)).collect();
        Expr {
            text: format!("({})", texts.join(", ")),
            ty: Type::Record(parts.iter().map(|(name, part)| (name.clone(), part.ty.clone())).collect()),
            value: Value::Parts(parts.iter().map(|(_, part)| part.value.clone()).collect()),
            literal: false,
        }
    }

    /// The bytes of a number.
    fn array(&mut self) -> Expr {
        let number = self.typed_int();
        let (total, signed) = (number.ty.bytes(), self.random.one_in(2));
        let sizes: Vec<u32> = [1, 2, 4, 8].into_iter().filter(|bytes| *bytes <= total).collect();
        let bytes = self.random.choose(&sizes);
        let len = total / bytes;
        let raw = wrap(number.value.number(), total, false);
        let element = |at: u32| Value::Int(wrap(raw >> (at * bytes * 8), bytes, signed));
        let ty = Type::Array { bytes, signed, len };
        let value = Value::Parts((0..len).map(element).collect());
        Expr { text: format!("({}){}", ty.name(), number.text), ty, value, literal: false }
    }
}
