//! Whole maps as text.

use super::super::order;
use super::super::value::{MapSnapshot, Number, Value};
use super::text::TextWriter;
use crate::abi::decode::Decoder;
use crate::aggregations;
use crate::manifest::Manifest;
use crate::types::{Aggregate, Type};

/// What a map is called and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct MapHead<'m> {
    /// With `@`.
    pub name: &'m str,
    pub is_scalar: bool,
    pub value: &'m Type,
}

impl TextWriter<'_> {
    /// A line, or a block of rows, for each entry. `top` 0: all entries; `div` divides the numbers.
    pub fn map(&mut self, head: MapHead<'_>, snapshot: &MapSnapshot, top: u64, div: u64) {
        for (key, value) in order::top(snapshot, head.value, top) {
            self.entry(head, key.as_ref(), value, div);
        }
        if snapshot.entries.is_empty() && head.is_scalar {
            self.entry(head, None, &zero(head.value), div);
        }
        // Entries with stacks follow each other closely; after the last one bpftrace leaves a line free.
        if matches!(head.value, Type::Stack { .. }) && (head.is_scalar || !snapshot.entries.is_empty()) {
            self.push("\n");
        }
    }

    fn entry(&mut self, head: MapHead<'_>, key: Option<&Value>, value: &Value, div: u64) {
        self.push(head.name);
        if let Some(key) = key {
            self.push("[");
            self.key(key);
            self.push("]");
        }
        match value {
            Value::Histogram(histogram) => {
                let div = if matches!(histogram.shape, Aggregate::Hist { .. }) { div } else { 1 };
                self.push(":\n");
                self.histogram(histogram, div);
                self.push("\n");
            }
            Value::Series(series) => {
                self.push(":\n");
                self.series(series);
                self.push("\n");
            }
            _ => {
                self.push(": ");
                self.map_value(head.value, value, div);
                // The text of a stack ends its line.
                if !matches!(value, Value::Stack { .. }) {
                    self.push("\n");
                }
            }
        }
    }

    /// A key: the parts of a tuple stand without their outer parentheses.
    pub fn key(&mut self, key: &Value) {
        match key {
            Value::Tuple(parts) => self.list(parts, ", "),
            key => self.value(key),
        }
    }

    /// A value of a map in one line.
    pub fn map_value(&mut self, ty: &Type, value: &Value, div: u64) {
        match divided(ty, value, div) {
            Divided::Number(number) => self.number(number),
            Divided::Stats { count, average, total } => self.value(&Value::Record(vec![
                ("count".to_owned(), Value::Number(Number::Unsigned(count))),
                ("average".to_owned(), Value::Number(average)),
                ("total".to_owned(), Value::Number(total)),
            ])),
            Divided::Other => self.value(value),
        }
    }
}

/// A map's value after `print(@m, top, div)` has divided it.
pub enum Divided {
    Number(Number),
    /// Only the average is divided.
    Stats {
        count: u64,
        average: Number,
        total: Number,
    },
    /// Not a value that can be divided as a whole.
    Other,
}

/// Divides what `div` applies to. An average is a number.
pub fn divided(ty: &Type, value: &Value, div: u64) -> Divided {
    match (ty, value) {
        (_, Value::Number(number)) => Divided::Number(divide(*number, div)),
        (Type::Aggregate(Aggregate::Avg { .. }), Value::Stats(stats)) => Divided::Number(divide(stats.average(), div)),
        (_, Value::Stats(stats)) => {
            Divided::Stats { count: stats.count, average: divide(stats.average(), div), total: stats.total }
        }
        _ => Divided::Other,
    }
}

fn divide(number: Number, div: u64) -> Number {
    match (number, div) {
        (number, 0 | 1) => number,
        (Number::Signed(value), div) => Number::Signed((i128::from(value) / i128::from(div)) as i64),
        (Number::Unsigned(value), div) => Number::Unsigned(value / div),
    }
}

/// What an empty scalar map shows.
pub fn zero(ty: &Type) -> Value {
    match ty {
        Type::Aggregate(aggregate) => aggregations::merge(aggregate, &[]),
        ty => Decoder::new(&Manifest::default()).value(ty, &vec![0; ty.size() as usize]),
    }
}

#[cfg(test)]
mod tests;
