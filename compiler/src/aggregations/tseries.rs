//! `tseries(n, interval, count[, function])`: one value for each of the latest intervals of time.
//!
//! Cell: a ring of `count` slots of three words: u64 epoch, i64 or u64 value, u64 weight. The epoch is the TAI time
//! divided by the interval; its slot is epoch modulo count. The weight is the number of samples, for the function
//! `last` the TAI time of the sample in nanoseconds; 0 marks a slot without data. The value of `avg` is the total.

use super::{Aggregation, is_signed};
use crate::abi::value::{Number, Series, Stats, Value};
use crate::types::{Aggregate, SeriesFunction};

/// Words of a slot.
pub const SLOT_WORDS: usize = 3;

pub static TSERIES: Aggregation = Aggregation {
    name: "tseries",
    signature: "tseries(value, interval, count[, \"avg\"|\"max\"|\"min\"|\"sum\"])",
    doc: "Keeps one value for each of the last `count` intervals: the last sample, or the average, maximum, minimum or sum of the samples.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @throughput = tseries(args.ret, 1s, 20, \"sum\"); }",
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
