//! The payload of each kind of asynchronous call.

use super::decode::{Decoder, unsigned};
use super::format::Format;
use super::value::Value;
use crate::manifest::{MapId, PrintfStream, SiteKind};
use crate::types::Type;

/// An asynchronous call with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Call<'m> {
    Printf {
        stream: PrintfStream,
        format: &'m Format,
        values: Vec<Value>,
    },
    Print {
        value: Value,
        ty: &'m Type,
    },
    /// `top` 0: all entries.
    PrintMap {
        map: MapId,
        top: u64,
        div: u64,
    },
    PrintEntry {
        map: MapId,
        key: Value,
    },
    Clear {
        map: MapId,
    },
    Zero {
        map: MapId,
    },
    Exit {
        code: u8,
    },
    /// A strftime format for the local time at which the call is handled.
    Time {
        format: &'m str,
    },
    /// The strings joined, with the newline that ends them.
    Join {
        text: Vec<u8>,
    },
    Packet {
        path: &'m str,
        boot_ns: u64,
        length: u64,
        captured: Vec<u8>,
    },
    Cat {
        format: &'m Format,
        values: Vec<Value>,
    },
    System {
        format: &'m Format,
        values: Vec<Value>,
    },
}

impl<'m> Decoder<'m> {
    /// `payload` has at least `fixed_size` bytes.
    pub(super) fn call(&self, kind: &'m SiteKind, fixed_size: u32, payload: &[u8]) -> Call<'m> {
        let word = |offset| unsigned(payload, offset, 8).unwrap_or(0);
        let values = |slots: &[crate::manifest::Slot]| self.slots(slots, fixed_size, payload);
        match kind {
            SiteKind::Printf { stream, format, arguments } => {
                Call::Printf { stream: *stream, format, values: values(arguments) }
            }
            SiteKind::Print { value } => Call::Print {
                value: self.slots(std::slice::from_ref(value), fixed_size, payload).pop().unwrap_or(Value::None),
                ty: &value.ty,
            },
            SiteKind::PrintMap { map } => Call::PrintMap { map: *map, top: word(0), div: word(8).max(1) },
            SiteKind::PrintEntry { map, key } => Call::PrintEntry {
                map: *map,
                key: self.slots(std::slice::from_ref(key), fixed_size, payload).pop().unwrap_or(Value::None),
            },
            SiteKind::Clear { map } => Call::Clear { map: *map },
            SiteKind::Zero { map } => Call::Zero { map: *map },
            SiteKind::Exit => Call::Exit { code: word(0) as u8 },
            SiteKind::Time { format } => Call::Time { format },
            SiteKind::Join { separator, arguments } => Call::Join { text: join(separator, &values(arguments)) },
            SiteKind::Packet { path, arguments } => {
                let captured = match values(arguments).pop() {
                    Some(Value::Buffer(bytes)) => bytes,
                    _ => Vec::new(),
                };
                Call::Packet { path, boot_ns: word(0), length: word(8), captured }
            }
            SiteKind::Cat { format, arguments } => Call::Cat { format, values: values(arguments) },
            SiteKind::System { format, arguments } => Call::System { format, values: values(arguments) },
        }
    }
}

/// Strings up to the first empty one that nothing follows.
fn join(separator: &str, values: &[Value]) -> Vec<u8> {
    let texts: Vec<&[u8]> = values
        .iter()
        .map(|value| match value {
            Value::String { bytes, .. } | Value::Buffer(bytes) => bytes.as_slice(),
            _ => &[],
        })
        .collect();
    let used = texts.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
    let mut joined = texts[..used].join(separator.as_bytes());
    joined.push(b'\n');
    joined
}
