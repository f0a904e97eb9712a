//! `sum(n)`: the total of all samples.
//!
//! Cell: i64 or u64 total, wrapping.

use super::{Aggregation, add_words, is_signed};
use crate::abi::value::{Number, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static SUM: Aggregation = Aggregation {
    name: "sum",
    signature: "sum(value)",
    doc: "Adds up the samples. Each CPU adds for itself, so that no sample is lost between CPUs.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }",
    update,
    words: |_| 1,
    combine: add_words,
    value: |aggregate, cell| Value::Number(Number::new(cell[0], is_signed(aggregate))),
};

fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Aggregate, sample: Sample<'ctx>) {
    builder.add_to_cell_word(sample.cell, 0, sample.value);
}
