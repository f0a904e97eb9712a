//! Aggregations: the instructions agree with the functions that user space merges and explains cells with.

use super::vm::Machine;
use crate::abi::value::{Number, Value};
use crate::aggregations::{self, hist, lhist};
use crate::types::Type;

/// Runs `@ = call` over `@n` for each sample.
#[track_caller]
fn fed(call: &str, samples: &[i64]) -> Machine {
    let mut machine = Machine::new(&format!("begin {{ if (0) {{ @n = (int64)0; }} @ = {call}; }}"));
    for sample in samples {
        machine.set("@n", *sample);
        machine.run();
    }
    machine
}

#[track_caller]
fn merged(call: &str, samples: &[i64]) -> Value {
    let machine = fed(call, samples);
    let map = machine.manifest.maps.iter().find(|map| map.name == "@").expect("the map");
    let Type::Aggregate(aggregate) = map.value else { panic!("{call}") };
    let words = aggregations::cell_size(&aggregate) / 8;
    let bytes: Vec<u8> = machine.cell("@", words).iter().flat_map(|word| word.to_ne_bytes()).collect();
    aggregations::merge(&aggregate, &[&bytes])
}

/// Samples around every power of two, and some between.
fn samples() -> Vec<i64> {
    let mut samples = vec![0, i64::MIN, i64::MAX, -1];
    for power in 0..63 {
        let base = 1_i64 << power;
        samples.extend([base - 1, base, base.saturating_add(1), base.saturating_add(base / 3), base + (base >> 1)]);
    }
    samples
}

#[test]
fn hist_counts_in_the_bucket_that_user_space_expects() {
    for bits in 0..=hist::MAX_BITS {
        let samples = samples();
        let mut expected = vec![0; hist::bucket_count(bits)];
        samples.iter().for_each(|sample| expected[hist::bucket_index(*sample, bits)] += 1);
        let machine = fed(&format!("hist(@n, {bits})"), &samples);
        assert_eq!(machine.cell("@", expected.len()), expected, "{bits} bits");
    }
}

#[test]
fn lhist_counts_in_the_bucket_that_user_space_expects() {
    // Ranges for which the optimizer compares with no negative immediate: the machine takes those for 32-bit numbers.
    for (min, max, step) in [(0, 100, 10), (0, 95, 7), (0, 4096, 256)] {
        let mut samples = samples();
        samples.extend(-5..120);

        let mut expected = vec![0; lhist::bucket_count(min, max, step)];
        samples.iter().for_each(|sample| expected[lhist::bucket_index(*sample, min, max, step)] += 1);
        let machine = fed(&format!("lhist(@n, {min}, {max}, {step})"), &samples);
        assert_eq!(machine.cell("@", expected.len()), expected, "{min} {max} {step}");
    }
}

#[test]
fn sums_extremes_and_averages_are_those_of_the_samples() {
    let signed = |number| Value::Number(Number::Signed(number));
    let samples = [5, -7, 100, 3];
    assert_eq!(merged("count()", &samples), Value::Number(Number::Unsigned(4)));
    assert_eq!(merged("sum(@n)", &samples), signed(101));
    assert_eq!((merged("min(@n)", &samples), merged("max(@n)", &samples)), (signed(-7), signed(100)));
    // The first sample counts also where it is on the wrong side of 0.
    assert_eq!((merged("min(@n)", &[9, 12]), merged("max(@n)", &[-9, -12])), (signed(9), signed(-9)));
    let Value::Stats(stats) = merged("stats(@n)", &samples) else { panic!("stats") };
    assert_eq!((stats.count, stats.average()), (4, Number::Signed(25)));
}

#[test]
fn programs_read_aggregations_as_numbers() {
    let script = "begin { @c = count(); @c = count(); @s = sum(-5); @i = min(4); @i = min(-4); @x = max(9); @a = avg(5); \
                  @a = avg(-20); @rc = (int64)@c; @rs = (int64)@s; @ri = (int64)@i; @rx = (int64)@x; @ra = (int64)@a; }";
    let mut machine = Machine::new(script);
    machine.run();
    let read = ["@rc", "@rs", "@ri", "@rx", "@ra"].map(|map| machine.get(map).0 as i64);
    assert_eq!(read, [2, -5, -4, 9, -7]);
}

#[test]
fn a_series_keeps_one_value_for_an_interval() {
    for (function, expected) in [("avg", 5), ("max", 9), ("min", 1), ("sum", 15)] {
        let Value::Series(series) = merged(&format!("tseries(@n, 1s, 10, \"{function}\")"), &[5, 9, 1]) else {
            panic!("{function}")
        };
        assert_eq!(series.points, [(5, Number::Signed(expected))], "{function}");
    }
    let Value::Series(series) = merged("tseries(@n, 1s, 10)", &[5, 9, 1]) else { panic!("last") };
    assert_eq!(series.points, [(5, Number::Signed(1))]);
}
