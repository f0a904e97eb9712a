//! printf: formats and values -> text.

use super::super::value::Value;
use super::text::{BufferForm, TextWriter, push_buffer};
use super::{Conversion, Format, Length, Names, Piece, Spec, gfp};

/// Formatted text, with the ranges of it that a terminal must escape (`Output::Printf` explains them).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Printed {
    pub text: Vec<u8>,
    pub foreign: Vec<(u32, u32)>,
}

/// Wider fields are cut: a width is a slip of the finger before it is a megabyte of blanks.
const MAX_WIDTH: usize = 1 << 16;

/// Formats values. What cannot be formatted shows as `!{reason}` in its place.
pub fn printf(format: &Format, values: &[Value], names: &dyn Names) -> Printed {
    let mut writer = TextWriter::new(names);
    let mut values = values.iter();
    for piece in &format.pieces {
        match piece {
            Piece::Literal(bytes) => writer.out.extend_from_slice(bytes),
            Piece::Spec(spec) => match values.next() {
                Some(value) => writer.spec(spec, value),
                None => writer.push("!{missing argument}"),
            },
        }
    }
    Printed { text: writer.out, foreign: writer.foreign }
}

impl TextWriter<'_> {
    fn spec(&mut self, spec: &Spec, value: &Value) {
        let start = self.out.len();
        match spec.conversion {
            Conversion::Text | Conversion::Natural => {
                self.value(value);
                if let Some(precision) = spec.precision {
                    self.truncate(start + precision as usize);
                }
            }
            Conversion::Buffer | Conversion::BufferHex | Conversion::BufferHexSpaced => self.buffer(spec, value),
            _ => match integer_bits(value) {
                Some(bits) => self.integer(spec, bits),
                None => self.push("!{not a number}"),
            },
        }
        self.pad(spec, start);
    }

    fn truncate(&mut self, end: usize) {
        self.out.truncate(end);
        let end = self.out.len() as u32;
        self.foreign.retain_mut(|range| {
            range.1 = range.1.min(end);
            range.0 < range.1
        });
    }

    /// Fills up what was written since `start` with blanks to the width of the field.
    fn pad(&mut self, spec: &Spec, start: usize) {
        let width = spec.width.map_or(0, |width| width as usize).min(MAX_WIDTH);
        let missing = width.saturating_sub(self.out.len() - start);
        if missing == 0 {
            return;
        }
        let blanks = std::iter::repeat_n(b' ', missing);
        if spec.left {
            self.out.extend(blanks);
        } else {
            self.out.splice(start..start, blanks);
            for range in self.foreign.iter_mut().filter(|range| range.0 as usize >= start) {
                range.0 += missing as u32;
                range.1 += missing as u32;
            }
        }
    }

    fn buffer(&mut self, spec: &Spec, value: &Value) {
        let form = match spec.conversion {
            Conversion::BufferHex => BufferForm::Hex,
            Conversion::BufferHexSpaced => BufferForm::HexSpaced,
            _ => BufferForm::Text,
        };
        match value {
            Value::Buffer(bytes) | Value::String { bytes, .. } => push_buffer(&mut self.out, bytes, form),
            Value::Array(elements) => {
                let bytes: Vec<u8> = elements.iter().filter_map(integer_bits).map(|bits| bits as u8).collect();
                push_buffer(&mut self.out, &bytes, form);
            }
            _ => self.push("!{not a buffer}"),
        }
    }

    fn integer(&mut self, spec: &Spec, bits: u64) {
        let unused = match spec.length {
            Length::Char => 56,
            Length::Short => 48,
            Length::Int => 32,
            Length::Long => 0,
        };
        let unsigned = bits << unused >> unused;
        let signed = (bits << unused) as i64 >> unused;
        match spec.conversion {
            Conversion::Char => self.push_foreign(&[bits as u8]),
            Conversion::GfpFlags => self.push(&gfp::flag_names(bits)),
            Conversion::Pointer => self.digits(spec, "0x", &format!("{bits:x}")),
            Conversion::Signed => {
                let sign = match (signed < 0, spec.plus, spec.space) {
                    (true, _, _) => "-",
                    (false, true, _) => "+",
                    (false, false, true) => " ",
                    (false, false, false) => "",
                };
                self.digits(spec, sign, &signed.unsigned_abs().to_string());
            }
            Conversion::Octal => self.digits(spec, "", &format!("{unsigned:o}")),
            Conversion::Hex => self.digits(spec, base(spec, unsigned, "0x"), &format!("{unsigned:x}")),
            Conversion::HexUpper => self.digits(spec, base(spec, unsigned, "0X"), &format!("{unsigned:X}")),
            _ => self.digits(spec, "", &unsigned.to_string()),
        }
    }

    /// Digits behind a prefix; zeros between them fill up to the precision, or to the width with the flag `0`.
    fn digits(&mut self, spec: &Spec, prefix: &str, digits: &str) {
        let digits = if digits == "0" && spec.precision == Some(0) { "" } else { digits };
        let mut least = spec.precision.unwrap_or(1) as usize;
        if spec.precision.is_none() && spec.zero && !spec.left {
            least = least.max((spec.width.unwrap_or(0) as usize).saturating_sub(prefix.len()));
        }
        if spec.conversion == Conversion::Octal && spec.alternate && !digits.starts_with('0') {
            least = least.max(digits.len() + 1);
        }
        let zeros = least.min(MAX_WIDTH).saturating_sub(digits.len());
        self.push(prefix);
        self.out.extend(std::iter::repeat_n(b'0', zeros));
        self.push(digits);
    }
}

/// The prefix of the flag `#`; C leaves it out for zero.
fn base<'t>(spec: &Spec, value: u64, prefix: &'t str) -> &'t str {
    if spec.alternate && value != 0 { prefix } else { "" }
}

/// The number that a conversion for integers takes from a value.
fn integer_bits(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Some(number.bits()),
        Value::Bool(value) => Some(u64::from(*value)),
        Value::Pointer(address) | Value::KernelSymbol(address) => Some(*address),
        Value::UserSymbol { address, .. } => Some(*address),
        Value::Enum { value, .. } => Some(*value as u64),
        Value::Username(uid) => Some(*uid),
        Value::Timestamp { boot_ns, .. } => Some(*boot_ns),
        Value::CgroupPath { id, .. } | Value::Stack { id, .. } => Some(*id),
        Value::Stats(stats) => Some(stats.average().bits()),
        Value::None
        | Value::String { .. }
        | Value::Buffer(_)
        | Value::Tuple(_)
        | Value::Record(_)
        | Value::Array(_)
        | Value::Inet(_)
        | Value::Mac(_)
        | Value::Histogram(_)
        | Value::Series(_) => None,
    }
}

#[cfg(test)]
mod tests;
