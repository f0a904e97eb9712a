//! `stats(n)`: count, average and total of all samples.
//!
//! Cell: i64 or u64 total, then u64 number of samples.

use super::{Aggregation, add_words, is_signed};
use crate::abi::value::{Number, Stats, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static STATS: Aggregation = Aggregation {
    name: "stats",
    signature: "stats(value)",
    doc: "Count, average and total of the samples in one.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @reads[comm] = stats(args.ret); }",
    update,
    words: |_| 2,
    combine: add_words,
    value,
};

pub(super) fn value(aggregate: &Aggregate, cell: &[u64]) -> Value {
    Value::Stats(Stats { count: cell[1], total: Number::new(cell[0], is_signed(aggregate)) })
}

pub(super) fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Aggregate, sample: Sample<'ctx>) {
    builder.add_to_cell_word(sample.cell, 0, sample.value);
    builder.add_to_cell_word(sample.cell, 1, builder.ir.constant(1));
}
