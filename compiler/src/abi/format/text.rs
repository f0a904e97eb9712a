//! The text form of single values.

use super::super::escape;
use super::super::value::{Number, Value};
use super::Names;

/// Writes values as text, and knows which bytes came from them.
///
/// Bytes stay bytes, unless the text is for a terminal: there a value with control bytes or invalid UTF-8 is escaped,
/// so that a process cannot forge lines or move the cursor by its name.
pub struct TextWriter<'n> {
    pub(super) names: &'n dyn Names,
    for_terminal: bool,
    pub(super) out: Vec<u8>,
    pub(super) foreign: Vec<(u32, u32)>,
}

impl<'n> TextWriter<'n> {
    pub fn new(names: &'n dyn Names) -> Self {
        Self { names, for_terminal: false, out: Vec::new(), foreign: Vec::new() }
    }

    /// Escapes what a terminal could act on.
    pub fn for_terminal(names: &'n dyn Names) -> Self {
        Self { for_terminal: true, ..Self::new(names) }
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// The text, and the ranges of it that came from values and hold bytes that nothing should act on.
    pub fn finish_with_foreign(self) -> (Vec<u8>, Vec<(u32, u32)>) {
        (self.out, self.foreign)
    }

    pub fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Appends bytes that the machine, not the script, chose.
    pub fn push_foreign(&mut self, bytes: &[u8]) {
        if bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e)) || !escape::is_foreign(bytes) {
            self.out.extend_from_slice(bytes);
        } else if self.for_terminal {
            self.out.extend_from_slice(escape::escape(bytes).as_bytes());
        } else {
            let start = self.out.len() as u32;
            self.out.extend_from_slice(bytes);
            self.foreign.push((start, self.out.len() as u32));
        }
    }

    pub fn number(&mut self, number: Number) {
        match number {
            Number::Signed(value) => self.push(&value.to_string()),
            Number::Unsigned(value) => self.push(&value.to_string()),
        }
    }

    /// Appends a value in its natural form.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::None => self.push("null"),
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Number(number) => self.number(*number),
            Value::Pointer(address) => self.push(&format!("{address:#x}")),
            Value::String { bytes, truncated } => {
                self.push_foreign(bytes);
                if *truncated {
                    self.push(self.names.truncation_trailer());
                }
            }
            Value::Enum { symbol: Some(symbol), .. } => self.push(symbol),
            Value::Enum { symbol: None, value } => self.push(&value.to_string()),
            Value::Buffer(bytes) => push_buffer(&mut self.out, bytes, BufferForm::Text),
            Value::Tuple(parts) => {
                self.push("(");
                self.list(parts, ", ");
                self.push(")");
            }
            Value::Array(parts) => {
                self.push("[");
                self.list(parts, ",");
                self.push("]");
            }
            Value::Record(fields) => self.record(fields),
            Value::Inet(address) => self.push(&address.to_string()),
            Value::Mac(bytes) => {
                let pairs = bytes.map(|byte| format!("{byte:02X}"));
                self.push(&pairs.join(":"));
            }
            Value::Stats(stats) => self.record(&[
                ("count".to_owned(), Value::Number(Number::Unsigned(stats.count))),
                ("average".to_owned(), Value::Number(stats.average())),
                ("total".to_owned(), Value::Number(stats.total)),
            ]),
            Value::Stack { id, mode, .. } => self.stack(*id, *mode),
            Value::Histogram(histogram) => self.histogram(histogram, 1),
            Value::Series(series) => self.series(series),
            Value::Username(_)
            | Value::Timestamp { .. }
            | Value::CgroupPath { .. }
            | Value::KernelSymbol(_)
            | Value::UserSymbol { .. } => self.named(value),
        }
    }

    /// Appends values with a separator between them.
    pub fn list(&mut self, values: &[Value], separator: &str) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            self.value(value);
        }
    }

    fn record(&mut self, fields: &[(String, Value)]) {
        if fields.is_empty() {
            return self.push("{}");
        }
        self.push("{");
        for (index, (name, value)) in fields.iter().enumerate() {
            self.push(if index == 0 { " ." } else { ", ." });
            self.push(name);
            self.push(" = ");
            self.value(value);
        }
        self.push(" }");
    }

    /// Appends a value that only user space can name.
    fn named(&mut self, value: &Value) {
        let names = self.names;
        let text = match value {
            Value::Username(uid) => names.username(*uid).unwrap_or_default(),
            Value::CgroupPath { id, filter } => names.cgroup_path(*id, *filter).unwrap_or_default(),
            Value::Timestamp { format, boot_ns } => {
                names.timestamp(*format, *boot_ns).unwrap_or_else(|| "(?)".to_owned())
            }
            Value::KernelSymbol(address) => names.kernel_symbol(*address).unwrap_or_else(|| format!("{address:#x}")),
            Value::UserSymbol { address, pid, probe } => {
                names.user_symbol(*address, *pid, *probe).unwrap_or_else(|| format!("{address:#x}"))
            }
            _ => String::new(),
        };
        self.push_foreign(text.as_bytes());
    }
}

/// How the bytes of a buffer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BufferForm {
    /// `%r`: printable ASCII kept, others `\xNN`.
    Text,
    /// `%rx`: every byte `\xNN`.
    Hex,
    /// `%rh`: `0a ff 00`.
    HexSpaced,
}

/// Appends the bytes of a buffer; the result is printable ASCII.
pub fn push_buffer(out: &mut Vec<u8>, bytes: &[u8], form: BufferForm) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (index, byte) in bytes.iter().enumerate() {
        let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        match form {
            BufferForm::Text if matches!(byte, 0x20..=0x7e) => out.push(*byte),
            BufferForm::Text | BufferForm::Hex => out.extend([b'\\', b'x', digits[0], digits[1]]),
            BufferForm::HexSpaced => {
                if index > 0 {
                    out.push(b' ');
                }
                out.extend(digits);
            }
        }
    }
}
