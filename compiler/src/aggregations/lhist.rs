//! `lhist(n, min, max, step)`: a histogram with buckets of equal width.
//!
//! Cell: a u64 count for each bucket; the first is for samples below the range, the last for those at or above its end.

use inkwell::IntPredicate;

use super::{Aggregation, add_words};
use crate::abi::value::{Histogram, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

pub static LHIST: Aggregation = Aggregation {
    name: "lhist",
    signature: "lhist(value, min, max, step)",
    doc: "A histogram of the samples in steps of equal width from `min` to `max`, with a bucket for what lies below and one for what lies above.",
    example: "tracepoint:syscalls:sys_exit_read { @bytes = lhist(args.ret, 0, 1000, 100); }",
    update,
    words: |aggregate| match aggregate {
        Aggregate::LinearHist { min, max, step } => bucket_count(*min, *max, *step),
        _ => 1,
    },
    combine: add_words,
    value: |aggregate, cell| Value::Histogram(Histogram { shape: *aggregate, buckets: cell.to_vec() }),
};

/// The most buckets within the range that the language allows.
pub const MAX_BUCKETS: u64 = 1000;

/// Number of buckets, those below and above the range included. Ranges of more than [`MAX_BUCKETS`] steps are cut.
pub fn bucket_count(min: u64, max: u64, step: u64) -> usize {
    (max.saturating_sub(min) / step.max(1)).min(MAX_BUCKETS) as usize + 2
}

/// The bucket of a sample. A sample equal to `max` lies above the range.
pub fn bucket_index(sample: i64, min: u64, max: u64, step: u64) -> usize {
    let above = bucket_count(min, max, step) - 1;
    match u64::try_from(sample) {
        Ok(sample) if sample >= min && sample <= max => (1 + ((sample - min) / step.max(1)) as usize).min(above),
        Ok(sample) if sample > max => above,
        _ => 0,
    }
}

/// [`bucket_index`] as instructions.
fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, aggregate: &Aggregate, sample: Sample<'ctx>) {
    let Aggregate::LinearHist { min, max, step } = *aggregate else { return };
    let buckets = bucket_count(min, max, step);
    let ir = &builder.ir;
    let distance = ir.sub(sample.value, ir.constant(min));
    let inside = ir.add(ir.divide(distance, ir.constant(step.max(1))), ir.constant(1));
    let last = ir.constant(buckets as u64 - 1);
    let capped = ir.compare(IntPredicate::UGT, inside, last);
    let is_above = ir.or(capped, ir.compare(IntPredicate::SGT, sample.value, ir.constant(max.min(i64::MAX as u64))));
    let is_below = ir.compare(IntPredicate::SLT, sample.value, ir.constant(min.min(i64::MAX as u64)));
    let index = ir.select(is_above, last, inside);
    let index = ir.select(is_below, ir.constant(0), index);
    builder.add_to_bucket(sample.cell, index, buckets as u32);
}
