//! Maps as text and as JSON: given values against layouts that were written by hand.

use std::collections::HashMap;
use std::sync::Arc;

use tracedeck_compiler::abi::format::Names;
use tracedeck_compiler::abi::format::map::MapHead;
use tracedeck_compiler::abi::format::text::TextWriter;
use tracedeck_compiler::abi::json::JsonWriter;
use tracedeck_compiler::abi::value::{Frame, Histogram, MapSnapshot, Number, Series, Stack, Stats, Value};
use tracedeck_compiler::aggregations::{hist, lhist};
use tracedeck_compiler::types::{Aggregate, SeriesFunction, StackMode, StackSpace, Type};
use tracedeck_tests::golden;

/// Names of one stack; times are UTC, TAI is 37 seconds ahead.
#[derive(Default)]
struct Given(HashMap<u64, Arc<Stack>>);

impl Names for Given {
    fn kernel_symbol(&self, _: u64) -> Option<String> {
        None
    }
    fn user_symbol(&self, _: u64, _: u32, _: u32) -> Option<String> {
        None
    }
    fn stack(&self, id: u64) -> Option<Arc<Stack>> {
        self.0.get(&id).cloned()
    }
    fn username(&self, _: u64) -> Option<String> {
        None
    }
    fn cgroup_path(&self, _: u64, _: u32) -> Option<String> {
        None
    }
    fn timestamp(&self, _: Option<u32>, _: u64) -> Option<String> {
        None
    }
    fn tai_to_wall(&self, tai_ns: u64) -> (i64, i32) {
        ((tai_ns / 1_000_000_000) as i64 - 37, 0)
    }
    fn truncation_trailer(&self) -> &str {
        ".."
    }
}

fn int(value: i64) -> Value {
    Value::Number(Number::Signed(value))
}

fn string(text: &str) -> Value {
    Value::String { bytes: text.into(), truncated: false }
}

/// A map's text, then its JSON, against the golden file of that name.
#[track_caller]
fn shows(name: &str, value: &Type, entries: Vec<(Option<Value>, Value)>) {
    shows_top(name, value, entries, 0, 1);
}

#[track_caller]
fn shows_top(name: &str, value: &Type, entries: Vec<(Option<Value>, Value)>, top: u64, div: u64) {
    let kernel = |symbol: &str, offset| Frame {
        address: 0xffff_ffff_8100_0000,
        symbol: Some(symbol.to_owned()),
        offset,
        module: None,
        source: None,
        inlined: false,
        reason: None,
    };
    let frames = vec![kernel("do_nanosleep", 115), kernel("hrtimer_nanosleep", 159)];
    let stack = Stack { id: 7, space: StackSpace::Kernel, pid: 0, frames, places: Vec::new() };
    let names = Given(HashMap::from([(7, Arc::new(stack))]));
    let map_name = format!("@{name}");
    let head = MapHead { name: &map_name, is_scalar: entries.iter().all(|(key, _)| key.is_none()), value };
    let snapshot = MapSnapshot { entries, omitted: 0 };

    let mut text = TextWriter::new(&names);
    text.map(head, &snapshot, top, div);
    let mut json = JsonWriter::new(&names);
    json.map(head, &snapshot, top, div);
    let both = format!("{}{}\n", String::from_utf8_lossy(&text.finish()), json.finish());
    if let Err(difference) = golden::compare("text", name, &both) {
        panic!("{difference}");
    }
}

fn hist_of(bits: u8, counts: &[(i64, u64)]) -> Value {
    let mut buckets = vec![0; hist::bucket_count(bits)];
    counts.iter().for_each(|(sample, count)| buckets[hist::bucket_index(*sample, bits)] += count);
    Value::Histogram(Histogram { shape: Aggregate::Hist { bits }, buckets })
}

fn lhist_of(min: u64, max: u64, step: u64, counts: &[(i64, u64)]) -> Value {
    let mut buckets = vec![0; lhist::bucket_count(min, max, step)];
    counts.iter().for_each(|(sample, count)| buckets[lhist::bucket_index(*sample, min, max, step)] += count);
    Value::Histogram(Histogram { shape: Aggregate::LinearHist { min, max, step }, buckets })
}

#[test]
fn a_scalar_map_is_one_line() {
    shows("total", &Type::INT64, vec![(None, int(42))]);
}

#[test]
fn a_keyed_map_has_a_line_for_each_key() {
    let entries = vec![(Some(string("cron")), int(-3)), (Some(string("nginx")), int(8))];
    shows("by", &Type::INT64, entries);
}

#[test]
fn a_tuple_key_loses_its_outer_parentheses_only() {
    let inner = Value::Tuple(vec![int(1), int(2)]);
    shows("nested", &Type::INT64, vec![(Some(Value::Tuple(vec![inner, string("x")])), int(1))]);
}

#[test]
fn a_tuple_value_keeps_its_parentheses() {
    let tuple = Value::Tuple(vec![int(3), string("on"), Value::Array(vec![int(1), int(2)])]);
    shows("tuple", &Type::Void, vec![(None, tuple)]);
}

#[test]
fn a_record_value_names_its_fields() {
    let inner = Value::Record(vec![("left".into(), int(1)), ("right".into(), int(2))]);
    let record = Value::Record(vec![("pid".into(), int(17)), ("name".into(), string("sh")), ("pair".into(), inner)]);
    shows("record", &Type::Void, vec![(None, record)]);
}

#[test]
fn stats_are_a_record_of_three() {
    let stats = Value::Stats(Stats { count: 4, total: Number::Signed(50) });
    shows("stats", &Type::Aggregate(Aggregate::Stats { signed: true }), vec![(Some(string("nginx")), stats)]);
}

#[test]
fn an_average_is_one_number_towards_zero() {
    let average = Value::Stats(Stats { count: 3, total: Number::Signed(-50) });
    shows("average", &Type::Aggregate(Aggregate::Avg { signed: true }), vec![(None, average)]);
}

#[test]
fn only_the_largest_are_shown_and_divided() {
    let entries = (1..=4).map(|key| (Some(int(key)), int(key * 1500))).collect();
    shows_top("top", &Type::INT64, entries, 2, 1000);
}

#[test]
fn a_histogram_doubles_its_buckets() {
    let counts = [(-9, 1), (0, 2), (1, 4), (3, 9), (5, 20), (1000, 6), (1500, 3)];
    shows("hist", &Type::Aggregate(Aggregate::Hist { bits: 0 }), vec![(None, hist_of(0, &counts))]);
}

#[test]
fn a_finer_histogram_divides_each_power_of_two() {
    let counts = [(7, 1), (8, 2), (1024, 2), (4096, 1)];
    let entries = vec![(Some(string("a")), hist_of(2, &counts[..2])), (Some(string("b")), hist_of(2, &counts[2..]))];
    shows("fine", &Type::Aggregate(Aggregate::Hist { bits: 2 }), entries);
}

#[test]
fn a_linear_histogram_has_equal_steps() {
    let shape = Aggregate::LinearHist { min: 0, max: 50, step: 10 };
    let counts = [(-1, 1), (5, 4), (10, 9), (29, 2), (50, 1), (999, 2)];
    shows("lhist", &Type::Aggregate(shape), vec![(None, lhist_of(0, 50, 10, &counts))]);
}

#[test]
fn a_linear_histogram_of_single_steps_names_each_number() {
    let shape = Aggregate::LinearHist { min: 0, max: 10, step: 1 };
    shows("single", &Type::Aggregate(shape), vec![(None, lhist_of(0, 10, 1, &[(7, 1), (9, 2)]))]);
}

#[test]
fn a_series_has_a_line_for_each_interval() {
    let points = [(3661, 12), (3662, 40), (3664, 25), (3665, 31)];
    let points = points.map(|(second, value)| (second + 37, Number::Signed(value))).to_vec();
    let function = SeriesFunction::Last;
    let ty = Aggregate::TimeSeries { interval_ns: 1_000_000_000, epochs: 8, function, signed: true };
    let series = Value::Series(Series { interval_ns: 1_000_000_000, function, points });
    shows("qps", &Type::Aggregate(ty), vec![(None, series)]);
}

#[test]
fn a_stack_in_a_key_begins_on_its_own_line() {
    let stack = Value::Stack { id: 7, space: StackSpace::Kernel, mode: StackMode::Bpftrace };
    shows("hits", &Type::Aggregate(Aggregate::Count), vec![(Some(stack), int(4))]);
}

#[test]
fn text_from_outside_stays_valid_json() {
    let name = Value::String { bytes: b"a\"\n\xff".to_vec(), truncated: true };
    shows("foreign", &Type::INT64, vec![(Some(string("quote\"")), int(i64::MAX)), (Some(name), int(1))]);
}
