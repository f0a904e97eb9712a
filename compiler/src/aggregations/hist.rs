//! `hist(n[, bits])`: a histogram with 2^bits buckets for each power of two.
//!
//! Cell: a u64 count for each bucket; the first is for negative samples.

use inkwell::IntPredicate;

use super::{Aggregation, add_words};
use crate::abi::value::{Histogram, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::Aggregate;

/// The largest `bits` the language knows.
pub const MAX_BITS: u8 = 5;

pub static HIST: Aggregation = Aggregation {
    name: "hist",
    signature: "hist(value[, bits])",
    doc: "A histogram of the samples in powers of two; `bits` (0 to 5) splits each power into 2^bits buckets.",
    example: "tracepoint:syscalls:sys_exit_read { @bytes[comm] = hist(args.ret); }",
    update,
    words: |aggregate| bucket_count(bits(aggregate)),
    combine: add_words,
    value: |aggregate, cell| Value::Histogram(Histogram { shape: *aggregate, buckets: cell.to_vec() }),
};

fn bits(aggregate: &Aggregate) -> u8 {
    match aggregate {
        Aggregate::Hist { bits } => *bits,
        _ => 0,
    }
}

/// Number of buckets, the one for negative samples included. More than [`MAX_BITS`] bits count as that many.
pub fn bucket_count(bits: u8) -> usize {
    let bits = bits.min(MAX_BITS);
    ((65 - usize::from(bits)) << bits) + 1
}

/// The bucket of a sample: 0 for negative ones, n + 1 below 2^bits; above, the position of the leading one and the
/// `bits` bits after it.
pub fn bucket_index(sample: i64, bits: u8) -> usize {
    let bits = u32::from(bits.min(MAX_BITS));
    if sample < 0 {
        return 0;
    }
    let sample = sample as u64;
    if sample < 1 << bits {
        return sample as usize + 1;
    }
    let power = sample.ilog2() - bits;
    let after_leading_one = (sample >> power) & ((1 << bits) - 1);
    ((power as usize + 1) << bits) + after_leading_one as usize + 1
}

/// The samples of a bucket, both ends included; None for the bucket of negative samples.
pub fn bucket_bounds(index: usize, bits: u8) -> Option<(u64, u64)> {
    let bits = u32::from(bits.min(MAX_BITS));
    let position = index.checked_sub(1)? as u64;
    if position < 1 << bits {
        return Some((position, position));
    }
    let power = (position >> bits) as u32 - 1;
    let mantissa = (1 << bits) + (position & ((1 << bits) - 1));
    let low = u128::from(mantissa) << power;
    let high = (u128::from(mantissa + 1) << power) - 1;
    Some((u64::try_from(low).unwrap_or(u64::MAX), u64::try_from(high).unwrap_or(u64::MAX)))
}

/// [`bucket_index`] as instructions.
fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, aggregate: &Aggregate, sample: Sample<'ctx>) {
    let bits = bits(aggregate).min(MAX_BITS);
    let ir = &builder.ir;
    let one = ir.constant(1);
    let length = ir.bit_length(sample.value);
    let index = if bits == 0 {
        ir.add(length, one)
    } else {
        let shift = ir.constant(u64::from(bits));
        let mantissa = ir.constant((1 << bits) - 1);
        let power = ir.sub(length, ir.add(shift, one));
        let after_leading_one = ir.and(ir.shift_right(sample.value, power), mantissa);
        let above = ir.add(ir.add(ir.shift_left(ir.add(power, one), shift), after_leading_one), one);
        let is_small = ir.compare(IntPredicate::ULE, sample.value, mantissa);
        ir.select(is_small, ir.add(sample.value, one), above)
    };
    let is_negative = ir.compare(IntPredicate::SLT, sample.value, ir.constant(0));
    let index = ir.select(is_negative, ir.constant(0), index);
    builder.add_to_bucket(sample.cell, index, bucket_count(bits) as u32);
}
