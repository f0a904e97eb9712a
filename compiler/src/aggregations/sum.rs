//! `sum(n)`: the total of all samples.
//!
//! Cell: i64 or u64 total, wrapping.

use super::{Aggregation, add_words, is_signed};
use crate::abi::value::{Number, Value};

pub static SUM: Aggregation = Aggregation {
    name: "sum",
    signature: "sum(value)",
    doc: "Adds up the samples. Each CPU adds for itself, so that no sample is lost between CPUs.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }",
    words: |_| 1,
    combine: add_words,
    value: |aggregate, cell| Value::Number(Number::new(cell[0], is_signed(aggregate))),
};
