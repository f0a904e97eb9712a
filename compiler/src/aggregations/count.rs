//! `count()`: how often.
//!
//! Cell: u64 number of events.

use super::{Aggregation, add_words};
use crate::abi::value::{Number, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static COUNT: Aggregation = Aggregation {
    name: "count",
    signature: "count()",
    doc: "Counts how often this is reached. Each CPU counts for itself, so that counting is cheap and exact.",
    example: "tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }",
    update,
    words: |_| 1,
    combine: add_words,
    value: |_, cell| Value::Number(Number::Unsigned(cell[0])),
};

fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Aggregate, sample: Sample<'ctx>) {
    builder.add_to_cell_word(sample.cell, 0, builder.ir.constant(1));
}
