//! `min(n)`, `max(n)`: the extreme of all samples.
//!
//! Cell: i64 or u64 extreme, then u64 1 once there was a sample.

use super::{Aggregation, is_signed};
use crate::abi::value::{Number, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static MIN: Aggregation = Aggregation {
    name: "min",
    signature: "min(value)",
    doc: "Keeps the smallest sample.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @smallest[comm] = min(args.ret); }",
    update,
    words: |_| 2,
    combine: |aggregate, into, cell| keep(into, cell, |old, new| wide(aggregate, new) < wide(aggregate, old)),
    value,
};

pub static MAX: Aggregation = Aggregation {
    name: "max",
    signature: "max(value)",
    doc: "Keeps the largest sample.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @largest[comm] = max(args.ret); }",
    update,
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

fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, aggregate: &Aggregate, sample: Sample<'ctx>) {
    let [keep, next] = ["keep", ""].map(|name| builder.ir.block(name));
    let is_first = builder.ir.is_zero(builder.cell_word(sample.cell, 1));
    let old = builder.cell_word(sample.cell, 0);
    let is_better = builder.is_better(aggregate, sample.value, old);
    builder.ir.branch_if(builder.ir.or(is_first, is_better), keep, next);
    builder.ir.position(keep);
    builder.set_cell_word(sample.cell, 0, sample.value);
    builder.set_cell_word(sample.cell, 1, builder.ir.constant(1));
    builder.ir.branch(next);
    builder.ir.position(next);
}
