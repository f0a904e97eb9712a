//! Laws that hold for every aggregation, and the buckets of histograms.

use super::*;
use crate::abi::value::{Number, Series, Stats};
use crate::types::SeriesFunction;

/// A small generator of pseudo-random numbers (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }
}

fn all_kinds() -> Vec<Aggregate> {
    let mut kinds = vec![Aggregate::Count, Aggregate::LinearHist { min: 10, max: 95, step: 7 }];
    kinds.extend((0..=hist::MAX_BITS).map(|bits| Aggregate::Hist { bits }));
    for signed in [false, true] {
        kinds.extend([
            Aggregate::Sum { signed },
            Aggregate::Min { signed },
            Aggregate::Max { signed },
            Aggregate::Avg { signed },
            Aggregate::Stats { signed },
        ]);
        for function in
            [SeriesFunction::Last, SeriesFunction::Avg, SeriesFunction::Max, SeriesFunction::Min, SeriesFunction::Sum]
        {
            kinds.push(Aggregate::TimeSeries { interval_ns: 1_000_000, epochs: 4, function, signed });
        }
    }
    kinds
}

/// A cell as a program could have left it: flags are 0 or 1, epochs lie in the slot of their number, values are small.
fn random_cell(aggregate: &Aggregate, random: &mut Random) -> Vec<u8> {
    let mut words: Vec<u64> =
        (0..(of(aggregate).words)(aggregate)).map(|_| (random.next() % 9).wrapping_sub(4)).collect();
    match aggregate {
        Aggregate::Min { .. } | Aggregate::Max { .. } => words[1] = random.next() % 2,
        Aggregate::TimeSeries { epochs, .. } => {
            for (index, slot) in words.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                slot[0] = index as u64 + u64::from(*epochs) * (random.next() % 3);
                slot[2] = random.next() % 3;
            }
        }
        _ => {}
    }
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

#[test]
fn cells_merge_in_any_order_and_grouping() {
    let mut random = Random(7);
    for aggregate in all_kinds() {
        for _ in 0..50 {
            let [a, b, c] = [(); 3].map(|()| random_cell(&aggregate, &mut random));
            let together = merge_cells(&aggregate, [&a[..], &b, &c]);
            assert_eq!(together, merge_cells(&aggregate, [&c[..], &a, &b]), "order of {aggregate:?}");
            let tail = bytes(&merge_cells(&aggregate, [&b[..], &c]));
            assert_eq!(together, merge_cells(&aggregate, [&a[..], &tail]), "grouping of {aggregate:?}");
        }
    }
}

#[test]
fn a_zero_cell_and_a_short_cell_change_nothing() {
    let mut random = Random(8);
    for aggregate in all_kinds() {
        let cell = random_cell(&aggregate, &mut random);
        let zero = vec![0; cell_size(&aggregate)];
        let alone = merge(&aggregate, &[&cell]);
        assert_eq!(merge(&aggregate, &[&zero, &cell, &[]]), alone, "{aggregate:?}");
    }
}

#[test]
fn the_records_are_found_by_their_names() {
    for aggregate in all_kinds() {
        let record = of(&aggregate);
        assert!(std::ptr::eq(find(record.name).expect("a record of that name"), record));
        assert!(record.signature.starts_with(record.name) && record.example.contains(record.name));
    }
}

#[test]
fn extremes_compare_by_sign_and_skip_cpus_without_samples() {
    let unset = bytes(&[0, 0]);
    let minus_three = bytes(&[-3_i64 as u64, 1]);
    let four = bytes(&[4, 1]);
    let cells: [&[u8]; 3] = [&unset, &minus_three, &four];
    let merged = |aggregate| merge(&aggregate, &cells);
    assert_eq!(merged(Aggregate::Min { signed: true }), Value::Number(Number::Signed(-3)));
    assert_eq!(merged(Aggregate::Max { signed: true }), Value::Number(Number::Signed(4)));
    assert_eq!(merged(Aggregate::Min { signed: false }), Value::Number(Number::Unsigned(4)));
    assert_eq!(merge(&Aggregate::Min { signed: true }, &[&unset]), Value::Number(Number::Signed(0)));
}

#[test]
fn an_average_rounds_towards_zero() {
    let cells = [bytes(&[-7_i64 as u64, 1]), bytes(&[0, 1])];
    let Value::Stats(stats) = merge(&Aggregate::Avg { signed: true }, &[&cells[0], &cells[1]]) else { panic!() };
    assert_eq!(stats.average(), Number::Signed(-3));
    assert_eq!(stats, Stats { count: 2, total: Number::Signed(-7) });
}

#[test]
fn every_sample_lies_within_the_bounds_of_its_bucket() {
    let mut random = Random(9);
    for bits in 0..=hist::MAX_BITS {
        let edges = (0..63).flat_map(|shift| [(1_i64 << shift) - 1, 1 << shift, (1 << shift) + 1]);
        let samples: Vec<i64> =
            edges.chain((0..500).map(|_| (random.next() >> (random.next() % 40)) as i64)).chain([i64::MAX]).collect();
        for sample in samples {
            let index = hist::bucket_index(sample, bits);
            assert!(index < hist::bucket_count(bits));
            let (low, high) = hist::bucket_bounds(index, bits).expect("a bucket of numbers");
            assert!((low..=high).contains(&(sample as u64)), "{sample} with {bits} bits: {index} is [{low}, {high}]");
        }
        assert_eq!(hist::bucket_index(-1, bits), 0);
    }
}

#[test]
fn buckets_follow_each_other_without_gaps() {
    for bits in 0..=hist::MAX_BITS {
        let mut next = 0;
        for index in 1..hist::bucket_count(bits) {
            let (low, high) = hist::bucket_bounds(index, bits).expect("a bucket of numbers");
            assert_eq!(low, next);
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at the largest u64");
    }
}

#[test]
fn a_linear_histogram_puts_its_upper_bound_above_the_range() {
    let index = |sample| lhist::bucket_index(sample, 10, 40, 10);
    assert_eq!([i64::MIN, 9, 10, 19, 20, 39, 40, 41, i64::MAX].map(index), [0, 0, 1, 1, 2, 3, 4, 4, 4]);
    assert_eq!(lhist::bucket_count(10, 40, 10), 5);
}

#[test]
fn a_series_keeps_its_latest_window_and_averages_over_cpus() {
    let aggregate =
        Aggregate::TimeSeries { interval_ns: 1000, epochs: 3, function: SeriesFunction::Avg, signed: false };
    // Slots by epoch modulo 3. The first CPU slept since epoch 2, the window is now 4..=6.
    let first = bytes(&[0, 0, 0, 4, 10, 1, 2, 99, 1]);
    let second = bytes(&[6, 7, 1, 4, 20, 2, 0, 0, 0]);
    assert_eq!(
        merge(&aggregate, &[&first, &second]),
        Value::Series(Series {
            interval_ns: 1000,
            function: SeriesFunction::Avg,
            points: vec![(4, Number::Unsigned(10)), (6, Number::Unsigned(7))],
        })
    );
}

#[test]
fn the_last_sample_of_an_interval_is_the_one_with_the_latest_time() {
    let aggregate = Aggregate::TimeSeries { interval_ns: 10, epochs: 1, function: SeriesFunction::Last, signed: true };
    let (early, late) = (bytes(&[5, 1, 51]), bytes(&[5, -2_i64 as u64, 58]));
    let Value::Series(series) = merge(&aggregate, &[&late, &early]) else { panic!() };
    assert_eq!(series.points, [(5, Number::Signed(-2))]);
}
