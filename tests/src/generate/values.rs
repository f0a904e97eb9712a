//! Types and values of generated scripts, and how the language prints them.

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Int {
        bytes: u32,
        signed: bool,
    },
    Bool,
    /// Room for this many bytes, a NUL among them.
    Text(u32),
    Tuple(Vec<Type>),
    Record(Vec<(String, Type)>),
    Array {
        bytes: u32,
        signed: bool,
        len: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Int(i128),
    Bool(bool),
    Text(String),
    Parts(Vec<Value>),
}

pub const INT64: Type = Type::Int { bytes: 8, signed: true };
pub const UINT64: Type = Type::Int { bytes: 8, signed: false };

impl Type {
    pub fn is_int(&self) -> bool {
        matches!(self, Self::Int { .. } | Self::Bool)
    }

    pub fn is_signed(&self) -> bool {
        matches!(self, Self::Int { signed: true, .. })
    }

    pub fn bytes(&self) -> u32 {
        match self {
            Self::Int { bytes, .. } => *bytes,
            _ => 1,
        }
    }

    /// How a script writes it, where it can.
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int { bytes, signed } => int_name(*bytes, *signed),
            Self::Text(capacity) => format!("string[{capacity}]"),
            Self::Array { bytes, signed, len } => format!("{}[{len}]", int_name(*bytes, *signed)),
            Self::Tuple(_) | Self::Record(_) => panic!("tuples and records have no names"),
        }
    }

    /// The value of what was never assigned.
    pub fn zero(&self) -> Value {
        match self {
            Self::Int { .. } => Value::Int(0),
            Self::Bool => Value::Bool(false),
            Self::Text(_) => Value::Text(String::new()),
            Self::Tuple(parts) => Value::Parts(parts.iter().map(Self::zero).collect()),
            Self::Record(fields) => Value::Parts(fields.iter().map(|(_, part)| part.zero()).collect()),
            Self::Array { len, .. } => Value::Parts(vec![Value::Int(0); *len as usize]),
        }
    }

    /// A value as `print` writes it.
    pub fn show(&self, value: &Value) -> String {
        let list = |parts: Vec<String>, separator: &str| parts.join(separator);
        match (self, value) {
            (_, Value::Int(number)) => number.to_string(),
            (_, Value::Bool(value)) => value.to_string(),
            (_, Value::Text(text)) => text.clone(),
            (Self::Tuple(types), Value::Parts(parts)) => {
                format!("({})", list(types.iter().zip(parts).map(|(ty, part)| ty.show(part)).collect(), ", "))
            }
            (Self::Record(fields), Value::Parts(parts)) if !fields.is_empty() => {
                let parts = fields.iter().zip(parts).map(|((name, ty), part)| format!(".{name} = {}", ty.show(part)));
                format!("{{ {} }}", list(parts.collect(), ", "))
            }
            (Self::Array { bytes, signed, .. }, Value::Parts(parts)) => {
                let ty = Self::Int { bytes: *bytes, signed: *signed };
                format!("[{}]", list(parts.iter().map(|part| ty.show(part)).collect(), ","))
            }
            other => panic!("no value of its type: {other:?}"),
        }
    }
}

fn int_name(bytes: u32, signed: bool) -> String {
    format!("{}int{}", if signed { "" } else { "u" }, bytes * 8)
}

/// What is left of a number in an integer type.
pub fn wrap(value: i128, bytes: u32, signed: bool) -> i128 {
    let bits = bytes * 8;
    let low = value & ((1_i128 << bits) - 1);
    if signed && low >> (bits - 1) != 0 { low - (1_i128 << bits) } else { low }
}

impl Value {
    /// As a number; a truth value is 0 or 1.
    pub fn number(&self) -> i128 {
        match self {
            Self::Int(number) => *number,
            Self::Bool(value) => i128::from(*value),
            other => panic!("no number: {other:?}"),
        }
    }

    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Parts(parts) => parts,
            other => panic!("no parts: {other:?}"),
        }
    }
}
