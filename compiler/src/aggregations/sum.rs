//! `sum(n)`: the total of all samples.
//!
//! Cell: i64 or u64 total, wrapping, then u64 1 once there was a sample: a sum of 0 is not the same as no sum.

use super::{Aggregation, is_signed};
use crate::abi::value::{Number, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static SUM: Aggregation = Aggregation {
    name: "sum",
    signature: "sum(value)",
    doc: "Adds up the samples. Each CPU adds for itself, so that no sample is lost between CPUs.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes[comm] = sum(args.ret); }",
    update,
    words: |_| 2,
    combine: |_, into, cell| {
        into[0] = into[0].wrapping_add(cell[0]);
        into[1] |= cell[1];
    },
    value: |aggregate, cell| Value::Number(Number::new(cell[0], is_signed(aggregate))),
};

fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Aggregate, sample: Sample<'ctx>) {
    builder.add_to_cell_word(sample.cell, 0, sample.value);
    builder.set_cell_word(sample.cell, 1, builder.ir.constant(1));
}
