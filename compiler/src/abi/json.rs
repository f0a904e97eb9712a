//! Values and maps as JSON: valid whatever the bytes, and nothing is lost.
//!
//! Text that is UTF-8 stands as it is. Text that is not becomes U+FFFD, then its [`escape`]d form; so does text that
//! begins with U+FFFD itself. So a reader that meets a leading U+FFFD unescapes the rest, and gets every byte back.
//! Integers that a double cannot hold exactly are strings of digits.

use std::collections::HashSet;

use super::escape;
use super::format::Names;
use super::format::clock::Civil;
use super::format::histogram::{Bounds, bounds, used_buckets};
use super::format::map::{Divided, MapHead, divided, zero};
use super::format::text::TextWriter;
use super::order;
use super::value::{Histogram, MapSnapshot, Number, Series, Value};
use crate::types::{Aggregate, Type};

/// Marks text whose bytes are not UTF-8.
const NOT_UTF8: char = '\u{fffd}';

/// Writes JSON with bpftrace's spacing: `", "` and `": "` in objects, `","` in lists.
pub struct JsonWriter<'n> {
    names: &'n dyn Names,
    out: String,
}

/// The `type` of the message that carries a map with such values.
pub fn message_type(value: &Type) -> &'static str {
    match value {
        Type::Aggregate(Aggregate::Hist { .. } | Aggregate::LinearHist { .. }) => "hist",
        Type::Aggregate(Aggregate::Avg { .. } | Aggregate::Stats { .. }) => "stats",
        Type::Aggregate(Aggregate::TimeSeries { .. }) => "tseries",
        _ => "map",
    }
}

impl<'n> JsonWriter<'n> {
    pub fn new(names: &'n dyn Names) -> Self {
        Self { names, out: String::new() }
    }

    pub fn finish(self) -> String {
        self.out
    }

    /// Appends JSON that is there already.
    pub fn raw(&mut self, json: &str) {
        self.out.push_str(json);
    }

    /// Appends a string literal.
    pub fn string(&mut self, bytes: &[u8]) {
        self.out.push('"');
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.starts_with(NOT_UTF8) => self.characters(text),
            _ => {
                self.out.push(NOT_UTF8);
                let text = escape::escape(bytes);
                self.characters(&text);
            }
        }
        self.out.push('"');
    }

    fn characters(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                c if u32::from(c) < 0x20 || c == '\u{7f}' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.out.push(c),
            }
        }
    }

    /// A number where a double holds it exactly, otherwise its digits as a string.
    pub fn number(&mut self, number: i128) {
        if (number as f64) as i128 == number {
            self.out.push_str(&number.to_string());
        } else {
            self.out.push_str(&format!("\"{number}\""));
        }
    }

    /// Appends a value of `print(x)`, or within a map.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::None => self.raw("null"),
            Value::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Value::Number(number) => self.number(number.wide()),
            Value::Pointer(address) => self.number(i128::from(*address)),
            Value::Enum { value, .. } => self.number(i128::from(*value)),
            Value::Buffer(bytes) => self.list(bytes, |json, byte| json.number(i128::from(*byte as i8))),
            Value::Tuple(parts) | Value::Array(parts) => self.list(parts, Self::value),
            Value::Record(fields) => {
                let fields: Vec<(&[u8], &Value)> =
                    fields.iter().map(|(name, value)| (name.as_bytes(), value)).collect();
                self.object(fields, |json, value| json.value(value));
            }
            Value::Stats(stats) => self.stats(stats.count, stats.average(), stats.total),
            Value::Histogram(histogram) => self.histogram(histogram, 1),
            Value::Series(series) => self.series(series),
            Value::String { .. }
            | Value::Inet(_)
            | Value::Mac(_)
            | Value::Username(_)
            | Value::Timestamp { .. }
            | Value::CgroupPath { .. }
            | Value::KernelSymbol(_)
            | Value::UserSymbol { .. }
            | Value::Stack { .. } => {
                let mut text = TextWriter::new(self.names);
                text.value(value);
                self.string(&text.finish());
            }
        }
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.raw("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.raw(",");
            }
            write(self, item);
        }
        self.raw("]");
    }

    /// An object; keys that occur twice get a number, so that no reader drops an entry.
    fn object<T>(&mut self, entries: Vec<(impl AsRef<[u8]>, T)>, mut write: impl FnMut(&mut Self, T)) {
        let mut seen: HashSet<Vec<u8>> = HashSet::with_capacity(entries.len());
        self.raw("{");
        for (index, (key, item)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.raw(", ");
            }
            let mut unique = key.as_ref().to_vec();
            for count in 2.. {
                if seen.insert(unique.clone()) {
                    break;
                }
                unique = [key.as_ref(), format!(" #{count}").as_bytes()].concat();
            }
            self.string(&unique);
            self.raw(": ");
            write(self, item);
        }
        self.raw("}");
    }

    fn stats(&mut self, count: u64, average: Number, total: Number) {
        let fields = vec![("count", i128::from(count)), ("average", average.wide()), ("total", total.wide())];
        self.object(fields, |json, number| json.number(number));
    }

    /// Buckets from the first to the last that is not empty. `max` is inclusive; what reaches without end has none.
    fn histogram(&mut self, histogram: &Histogram, div: u64) {
        let used: Vec<usize> = used_buckets(histogram).collect();
        self.raw("[");
        for (position, index) in used.into_iter().enumerate() {
            let mut fields = Vec::with_capacity(3);
            match bounds(&histogram.shape, index) {
                Bounds::Below(end) => fields.push(("max", i128::from(end) - 1)),
                Bounds::From(start) => fields.push(("min", i128::from(start))),
                Bounds::Within(range) => {
                    fields.push(("min", i128::from(*range.start())));
                    fields.push(("max", i128::from(*range.end())));
                }
            }
            fields.push(("count", i128::from(histogram.buckets[index] / div.max(1))));
            if position > 0 {
                self.raw(", ");
            }
            self.object(fields, |json, number| json.number(number));
        }
        self.raw("]");
    }

    /// The intervals that have data, with the UTC time at which each starts.
    fn series(&mut self, series: &Series) {
        self.raw("[");
        for (index, (epoch, value)) in series.points.iter().enumerate() {
            let tai_ns = epoch.saturating_mul(series.interval_ns);
            let start = Civil::new(self.names.tai_to_wall(tai_ns).0);
            let fraction = tai_ns % 1_000_000_000;
            let comma = if index > 0 { "," } else { "" };
            self.raw(&format!(
                "{comma}{{\"interval_start\":\"{} {}.{fraction:09}\",\"value\":",
                start.date(),
                start.time()
            ));
            self.number(value.wide());
            self.raw("}");
        }
        self.raw("]");
    }

    /// `{"@m": 5}`, `{"@m": {"key": 1}}`. None for a keyed map without entries: it says nothing.
    pub fn map(&mut self, head: MapHead<'_>, snapshot: &MapSnapshot, top: u64, div: u64) -> Option<()> {
        let entries = order::top(snapshot, head.value, top);
        if entries.is_empty() && !head.is_scalar {
            return None;
        }
        let write = |json: &mut Self, value: &Value| json.map_value(head.value, value, div);
        self.raw("{");
        self.string(head.name.as_bytes());
        self.raw(": ");
        match entries {
            [(None, value), ..] => write(self, value),
            [] => write(self, &zero(head.value)),
            entries => {
                let keyed = entries
                    .iter()
                    .map(|(key, value)| (self.key(key.as_ref().unwrap_or(&Value::None)), value))
                    .collect();
                self.object(keyed, write);
            }
        }
        self.raw("}");
        Some(())
    }

    fn map_value(&mut self, ty: &Type, value: &Value, div: u64) {
        match (divided(ty, value, div), value) {
            (Divided::Number(number), _) => self.number(number.wide()),
            (Divided::Stats { count, average, total }, _) => self.stats(count, average, total),
            (Divided::Other, Value::Histogram(histogram)) => {
                let div = if matches!(histogram.shape, Aggregate::Hist { .. }) { div } else { 1 };
                self.histogram(histogram, div);
            }
            (Divided::Other, value) => self.value(value),
        }
    }

    /// The text of a key without outer parentheses and without spaces between the parts of tuples.
    fn key(&self, key: &Value) -> Vec<u8> {
        let mut text = TextWriter::new(self.names);
        match key {
            Value::Tuple(parts) => compact_list(&mut text, parts),
            key => compact(&mut text, key),
        }
        text.finish()
    }
}

fn compact(text: &mut TextWriter<'_>, value: &Value) {
    match value {
        Value::Tuple(parts) => {
            text.push("(");
            compact_list(text, parts);
            text.push(")");
        }
        value => text.value(value),
    }
}

fn compact_list(text: &mut TextWriter<'_>, parts: &[Value]) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push(",");
        }
        compact(text, part);
    }
}

#[cfg(test)]
mod tests;
