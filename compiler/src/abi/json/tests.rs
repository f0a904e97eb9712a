//! JSON of each kind of value, and any bytes at all through an independent parser.

use serde_json::Value as Json;

use super::*;
use crate::abi::format::fixture::FixtureNames;
use crate::abi::value::Stats;
use crate::aggregations::{hist, lhist};
use crate::types::{SeriesFunction, StackMode, StackSpace};

fn json(write: impl FnOnce(&mut JsonWriter<'_>)) -> String {
    let names = FixtureNames::default();
    let mut writer = JsonWriter::new(&names);
    write(&mut writer);
    writer.finish()
}

fn value(value: &Value) -> String {
    json(|writer| writer.value(value))
}

fn map(ty: &Type, entries: Vec<(Option<Value>, Value)>) -> String {
    let is_scalar = entries.iter().all(|(key, _)| key.is_none());
    json(|writer| {
        writer.map(MapHead { name: "@m", is_scalar, value: ty }, &MapSnapshot { entries, omitted: 0 }, 0, 1);
    })
}

fn int(number: i64) -> Value {
    Value::Number(Number::Signed(number))
}

fn string(text: &str) -> Value {
    Value::String { bytes: text.into(), truncated: false }
}

/// What a reader does to get the bytes of a string back.
fn bytes_of(text: &str) -> Vec<u8> {
    match text.strip_prefix(NOT_UTF8) {
        Some(escaped) => escape::unescape(escaped).expect("our escape"),
        None => text.as_bytes().to_vec(),
    }
}

#[test]
fn every_string_of_bytes_parses_and_comes_back() {
    let mut state = 11_u64;
    let special = [b'"', b'\\', b'\n', 0, 0x7f, 0xff, 0xef, 0xbf, 0xbd, 0xc3, 0xa9, b'x'];
    for round in 0..4000 {
        let length = round % 14;
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let pick = (state >> 33) as usize;
                if pick.is_multiple_of(3) { (state >> 50) as u8 } else { special[pick % special.len()] }
            })
            .collect();
        let text = json(|writer| writer.string(&bytes));
        let Json::String(parsed) = serde_json::from_str(&text).expect("valid JSON") else { panic!("a string") };
        assert_eq!(bytes_of(&parsed), bytes, "{text}");
    }
}

#[test]
fn integers_beyond_a_double_are_strings() {
    assert_eq!(value(&int(-5)), "-5");
    assert_eq!(value(&int(1 << 53)), "9007199254740992");
    assert_eq!(value(&int((1 << 53) + 1)), "\"9007199254740993\"");
    assert_eq!(value(&Value::Number(Number::Unsigned(u64::MAX))), "\"18446744073709551615\"");
    assert_eq!(value(&Value::Pointer(0xffff_8880_0000_0001)), "\"18446612682070032385\"");
}

#[test]
fn each_kind_of_value_has_its_form() {
    assert_eq!(value(&Value::None), "null");
    assert_eq!(value(&Value::Bool(true)), "true");
    assert_eq!(value(&string("a \"b\"\t\\")), r#""a \"b\"\t\\""#);
    assert_eq!(value(&Value::Enum { symbol: Some("A".into()), value: 3 }), "3");
    assert_eq!(value(&Value::Buffer(vec![1, 0xff])), "[1,-1]");
    assert_eq!(value(&Value::Tuple(vec![int(1), string("a"), Value::Array(vec![int(2), int(3)])])), r#"[1,"a",[2,3]]"#);
    let record = Value::Record(vec![("left".into(), int(1)), ("name".into(), string("x"))]);
    assert_eq!(value(&record), r#"{"left": 1, "name": "x"}"#);
    assert_eq!(value(&Value::Mac([0xab, 1, 2, 3, 4, 5])), r#""AB:01:02:03:04:05""#);
    assert_eq!(value(&Value::Inet([127, 0, 0, 1].into())), r#""127.0.0.1""#);
}

#[test]
fn maps_are_objects_and_tuple_keys_lose_their_spaces_but_strings_keep_theirs() {
    assert_eq!(map(&Type::INT64, vec![(None, int(5))]), r#"{"@m": 5}"#);
    let key = Value::Tuple(vec![string("a b"), Value::Tuple(vec![int(1), int(2)])]);
    assert_eq!(map(&Type::INT64, vec![(Some(key), int(9))]), r#"{"@m": {"a b,(1,2)": 9}}"#);
}

#[test]
fn keys_with_the_same_text_stay_apart() {
    let key = |left, right| Some(Value::Tuple(vec![string(left), string(right)]));
    let text = map(&Type::INT64, vec![(key("a,b", "c"), int(1)), (key("a", "b,c"), int(2))]);
    assert_eq!(text, r#"{"@m": {"a,b,c": 1, "a,b,c #2": 2}}"#);
}

#[test]
fn a_keyed_map_without_entries_says_nothing_and_an_empty_scalar_its_zero() {
    let names = FixtureNames::default();
    let mut writer = JsonWriter::new(&names);
    let head = |is_scalar| MapHead { name: "@m", is_scalar, value: &Type::INT64 };
    assert_eq!(writer.map(head(false), &MapSnapshot::default(), 0, 1), None);
    let mut writer = JsonWriter::new(&names);
    assert_eq!(writer.map(head(true), &MapSnapshot::default(), 0, 1), Some(()));
    assert_eq!(writer.finish(), r#"{"@m": 0}"#);
}

#[test]
fn buckets_have_inclusive_bounds_and_open_ends_have_none() {
    let shape = Aggregate::Hist { bits: 0 };
    let mut buckets = vec![0; hist::bucket_count(0)];
    for sample in [-1, 0, 5, 5] {
        buckets[hist::bucket_index(sample, 0)] += 1;
    }
    let histogram = Value::Histogram(Histogram { shape, buckets });
    assert_eq!(
        map(&Type::Aggregate(shape), vec![(None, histogram)]),
        concat!(
            r#"{"@m": [{"max": -1, "count": 1}, {"min": 0, "max": 0, "count": 1}, {"min": 1, "max": 1, "count": 0}, "#,
            r#"{"min": 2, "max": 3, "count": 0}, {"min": 4, "max": 7, "count": 2}]}"#
        )
    );
    let shape = Aggregate::LinearHist { min: 10, max: 30, step: 10 };
    let mut buckets = vec![0; lhist::bucket_count(10, 30, 10)];
    buckets[3] = 4;
    let histogram = Value::Histogram(Histogram { shape, buckets });
    let text = map(&Type::Aggregate(shape), vec![(Some(string("k")), histogram)]);
    assert_eq!(text, r#"{"@m": {"k": [{"min": 30, "count": 4}]}}"#);
}

#[test]
fn stats_averages_and_series() {
    let stats = || Value::Stats(Stats { count: 3, total: Number::Signed(61) });
    let of = |aggregate| map(&Type::Aggregate(aggregate), vec![(None, stats())]);
    assert_eq!(of(Aggregate::Stats { signed: true }), r#"{"@m": {"count": 3, "average": 20, "total": 61}}"#);
    assert_eq!(of(Aggregate::Avg { signed: true }), r#"{"@m": 20}"#);
    let series = Value::Series(Series {
        interval_ns: 500_000_000,
        function: SeriesFunction::Sum,
        points: vec![(75, Number::Signed(12)), (77, Number::Signed(-1))],
    });
    assert_eq!(
        map(&Type::Void, vec![(None, series)]),
        concat!(
            r#"{"@m": [{"interval_start":"1970-01-01 00:00:00.500000000","value":12},"#,
            r#"{"interval_start":"1970-01-01 00:00:01.500000000","value":-1}]}"#
        )
    );
}

#[test]
fn a_stack_is_text() {
    let names = FixtureNames::default().with_stack(4, StackSpace::Kernel, None, &[("schedule", 2)]);
    let mut writer = JsonWriter::new(&names);
    writer.value(&Value::Stack { id: 4, space: StackSpace::Kernel, mode: StackMode::Bpftrace });
    assert_eq!(writer.finish(), r#""\n        schedule+2\n""#);
}
