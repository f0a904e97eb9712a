//! `min(n)`, `max(n)`: the extreme of all samples.
//!
//! Cell: i64 or u64 extreme, then u64 1 once there was a sample.

use super::{Aggregation, is_signed};
use crate::abi::value::{Number, Value};
use crate::types::Aggregate;

pub static MIN: Aggregation = Aggregation {
    name: "min",
    signature: "min(value)",
    doc: "Keeps the smallest sample.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @smallest[comm] = min(args.ret); }",
    words: |_| 2,
    combine: |aggregate, into, cell| keep(into, cell, |old, new| wide(aggregate, new) < wide(aggregate, old)),
    value,
};

pub static MAX: Aggregation = Aggregation {
    name: "max",
    signature: "max(value)",
    doc: "Keeps the largest sample.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @largest[comm] = max(args.ret); }",
    words: |_| 2,
    combine: |aggregate, into, cell| keep(into, cell, |old, new| wide(aggregate, new) > wide(aggregate, old)),
    value,
};

fn keep(into: &mut [u64], cell: &[u64], better: impl Fn(u64, u64) -> bool) {
    let is_set = |cell: &[u64]| cell[1] != 0;
    if is_set(cell) && (!is_set(into) || better(into[0], cell[0])) {
        into[0] = cell[0];
        into[1] = 1;
    }
}

fn wide(aggregate: &Aggregate, bits: u64) -> i128 {
    Number::new(bits, is_signed(aggregate)).wide()
}

/// 0 without samples.
fn value(aggregate: &Aggregate, cell: &[u64]) -> Value {
    Value::Number(Number::new(if cell[1] == 0 { 0 } else { cell[0] }, is_signed(aggregate)))
}
