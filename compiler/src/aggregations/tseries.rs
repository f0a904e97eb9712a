//! `tseries(n, interval, count[, function])`: one value for each of the latest intervals of time.
//!
//! Cell: a ring of `count` slots of three words: u64 epoch, i64 or u64 value, u64 weight. The epoch is the TAI time
//! divided by the interval; its slot is epoch modulo count. The weight is the number of samples, for the function
//! `last` the TAI time of the sample in nanoseconds; 0 marks a slot without data. The value of `avg` is the total.

use inkwell::IntPredicate;

use super::{Aggregation, is_signed};
use crate::abi::value::{Number, Series, Stats, Value};
use crate::codegen::{FunctionBuilder, Sample};
use crate::types::{Aggregate, SeriesFunction};

/// Words of a slot.
pub const SLOT_WORDS: usize = 3;

pub static TSERIES: Aggregation = Aggregation {
    name: "tseries",
    signature: "tseries(value, interval, count[, \"avg\"|\"max\"|\"min\"|\"sum\"])",
    doc: "Keeps one value for each of the last `count` intervals: the last sample, or the average, maximum, minimum or sum of the samples.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @throughput = tseries(args.ret, 1s, 20, \"sum\"); }",
    update,
    words: |aggregate| parameters(aggregate).1 * SLOT_WORDS,
    combine,
    value,
};

fn parameters(aggregate: &Aggregate) -> (u64, usize, SeriesFunction) {
    match aggregate {
        Aggregate::TimeSeries { interval_ns, epochs, function, .. } => (*interval_ns, *epochs as usize, *function),
        _ => (1, 0, SeriesFunction::Last),
    }
}

fn combine(aggregate: &Aggregate, into: &mut [u64], cell: &[u64]) {
    let function = parameters(aggregate).2;
    let signed = is_signed(aggregate);
    let (slots, others) = (into.as_chunks_mut::<SLOT_WORDS>().0, cell.as_chunks::<SLOT_WORDS>().0);
    for (slot, other) in slots.iter_mut().zip(others) {
        let [epoch, value, weight] = *other;
        if weight == 0 || (slot[2] != 0 && slot[0] > epoch) {
            continue;
        }
        if slot[2] == 0 || slot[0] < epoch {
            *slot = *other;
            continue;
        }
        let wide = |bits| Number::new(bits, signed).wide();
        match function {
            // At the same instant the larger value wins, so that the order of CPUs does not matter.
            SeriesFunction::Last if (weight, wide(value)) > (slot[2], wide(slot[1])) => slot[1] = value,
            SeriesFunction::Last => {}
            SeriesFunction::Avg | SeriesFunction::Sum => slot[1] = slot[1].wrapping_add(value),
            SeriesFunction::Max if wide(value) > wide(slot[1]) => slot[1] = value,
            SeriesFunction::Min if wide(value) < wide(slot[1]) => slot[1] = value,
            SeriesFunction::Max | SeriesFunction::Min => {}
        }
        slot[2] = match function {
            SeriesFunction::Last => weight.max(slot[2]),
            _ => weight.wrapping_add(slot[2]),
        };
    }
}

fn value(aggregate: &Aggregate, cell: &[u64]) -> Value {
    let (interval_ns, epochs, function) = parameters(aggregate);
    let slots = cell.as_chunks::<SLOT_WORDS>().0.iter().filter(|slot| slot[2] != 0);
    let newest = slots.clone().map(|slot| slot[0]).max().unwrap_or(0);
    // A slot that was not written since the ring went round holds an interval before the window.
    let oldest = newest.saturating_sub((epochs as u64).saturating_sub(1));
    let mut points: Vec<(u64, Number)> = slots
        .filter(|slot| slot[0] >= oldest)
        .map(|slot| {
            let value = Number::new(slot[1], is_signed(aggregate));
            let value = match function {
                SeriesFunction::Avg => Stats { count: slot[2], total: value }.average(),
                _ => value,
            };
            (slot[0], value)
        })
        .collect();
    points.sort_unstable_by_key(|(epoch, _)| *epoch);
    Value::Series(Series { interval_ns, function, points })
}

/// Adds the sample to the slot of the current interval; a slot of an earlier interval starts anew.
fn update<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, aggregate: &Aggregate, sample: Sample<'ctx>) {
    let (interval_ns, epochs, function) = parameters(aggregate);
    let epochs = builder.ir.constant(epochs.max(1) as u64);
    let now = builder.ir.ktime_get_tai_ns();
    let epoch = builder.ir.divide(now, builder.ir.constant(interval_ns.max(1)));
    // A remainder is below its divisor, but not every kernel's verifier knows.
    let index = builder.ir.opaque(builder.ir.remainder(epoch, epochs));
    let [inside, fresh, same, done] = ["inside", "fresh", "same", ""].map(|name| builder.ir.block(name));
    builder.ir.branch_if(builder.ir.compare(IntPredicate::ULT, index, epochs), inside, done);
    builder.ir.position(inside);
    let slot = builder.ir.index(sample.cell, builder.ir.mul(index, builder.ir.constant(SLOT_WORDS as u64 * 8)));
    let weight = builder.cell_word(slot, 2);
    let is_current = builder.ir.compare(IntPredicate::EQ, builder.cell_word(slot, 0), epoch);
    let is_current = builder.ir.and(is_current, builder.ir.is_not_zero(weight));
    builder.ir.branch_if(is_current, same, fresh);

    let first_weight = if function == SeriesFunction::Last { now } else { builder.ir.constant(1) };
    builder.ir.position(fresh);
    builder.set_cell_word(slot, 0, epoch);
    builder.set_cell_word(slot, 1, sample.value);
    builder.set_cell_word(slot, 2, first_weight);
    builder.ir.branch(done);

    builder.ir.position(same);
    let old = builder.cell_word(slot, 1);
    let signed = is_signed(aggregate);
    let better = |extreme| {
        let beats = builder.is_better(&extreme, sample.value, old);
        builder.ir.select(beats, sample.value, old)
    };
    let value = match function {
        SeriesFunction::Last => sample.value,
        SeriesFunction::Avg | SeriesFunction::Sum => builder.ir.add(old, sample.value),
        SeriesFunction::Max => better(Aggregate::Max { signed }),
        SeriesFunction::Min => better(Aggregate::Min { signed }),
    };
    builder.set_cell_word(slot, 1, value);
    let weight = if function == SeriesFunction::Last { now } else { builder.ir.add(weight, first_weight) };
    builder.set_cell_word(slot, 2, weight);
    builder.ir.branch(done);
    builder.ir.position(done);
}
