//! Each layout of a map, with numbers of our own.

use super::*;
use crate::abi::format::fixture::FixtureNames;
use crate::abi::value::{Frame, Histogram, Series, Stack, Stats};
use crate::aggregations::{hist, lhist};
use crate::types::{SeriesFunction, StackMode, StackSpace};

fn int(value: i64) -> Value {
    Value::Number(Number::Signed(value))
}

fn string(text: &str) -> Value {
    Value::String { bytes: text.into(), truncated: false }
}

fn text_with(names: &FixtureNames, ty: &Type, entries: Vec<(Option<Value>, Value)>, top: u64, div: u64) -> String {
    let mut writer = TextWriter::new(names);
    let is_scalar = entries.iter().all(|(key, _)| key.is_none());
    writer.map(MapHead { name: "@m", is_scalar, value: ty }, &MapSnapshot { entries, omitted: 0 }, top, div);
    String::from_utf8(writer.finish()).expect("UTF-8")
}

fn text(ty: &Type, entries: Vec<(Option<Value>, Value)>) -> String {
    text_with(&FixtureNames::default(), ty, entries, 0, 1)
}

fn hist_of(bits: u8, samples: &[i64]) -> Value {
    let mut buckets = vec![0; hist::bucket_count(bits)];
    samples.iter().for_each(|sample| buckets[hist::bucket_index(*sample, bits)] += 1);
    Value::Histogram(Histogram { shape: Aggregate::Hist { bits }, buckets })
}

const HIST: Type = Type::Aggregate(Aggregate::Hist { bits: 0 });

#[test]
fn scalar_and_keyed_maps_have_a_line_for_each_entry() {
    assert_eq!(text(&Type::INT64, vec![(None, int(-42))]), "@m: -42\n");
    let entries = vec![(Some(string("cron")), int(1)), (Some(string("sshd")), int(8))];
    assert_eq!(text(&Type::INT64, entries), "@m[cron]: 1\n@m[sshd]: 8\n");
}

#[test]
fn a_tuple_key_drops_its_outer_parentheses_only() {
    let key = Value::Tuple(vec![Value::Tuple(vec![int(4), int(5)]), string("x")]);
    assert_eq!(text(&Type::INT64, vec![(Some(key), int(6))]), "@m[(4, 5), x]: 6\n");
}

#[test]
fn values_have_the_text_of_their_kind() {
    let line = |value| text(&Type::Void, vec![(None, value)]);
    assert_eq!(
        line(Value::Tuple(vec![int(3), string("on"), Value::Array(vec![int(1), int(2)])])),
        "@m: (3, on, [1,2])\n"
    );
    assert_eq!(
        line(Value::Record(vec![("pid".into(), int(17)), ("name".into(), string("sh"))])),
        "@m: { .pid = 17, .name = sh }\n"
    );
    assert_eq!(line(Value::Record(vec![])), "@m: {}\n");
    assert_eq!(line(Value::Mac([0xaa, 0xbb, 0xc, 0, 0x11, 0x22])), "@m: AA:BB:0C:00:11:22\n");
    assert_eq!(line(Value::Inet("2001:db8::7".parse().expect("an address"))), "@m: 2001:db8::7\n");
    assert_eq!(line(Value::Pointer(31)), "@m: 0x1f\n");
    assert_eq!(line(Value::Enum { symbol: Some("PIDTYPE_PID".into()), value: 0 }), "@m: PIDTYPE_PID\n");
    assert_eq!(line(Value::Enum { symbol: None, value: 9 }), "@m: 9\n");
    assert_eq!(line(Value::Username(0)), "@m: root\n");
    assert_eq!(line(Value::Username(77)), "@m: \n");
    assert_eq!(line(Value::Timestamp { format: None, boot_ns: 61_000_000_005 }), "@m: 1970-01-01T00:01:01.000000005\n");
    assert_eq!(line(Value::Timestamp { format: Some(9), boot_ns: 0 }), "@m: (?)\n");
    assert_eq!(line(Value::KernelSymbol(0xfff0)), "@m: 0xfff0\n");
    assert_eq!(line(Value::None), "@m: null\n");
}

#[test]
fn stats_are_a_record_and_an_average_is_a_number() {
    let value = || Value::Stats(Stats { count: 4, total: Number::Signed(-50) });
    let stats = Type::Aggregate(Aggregate::Stats { signed: true });
    let average = Type::Aggregate(Aggregate::Avg { signed: true });
    assert_eq!(text(&stats, vec![(None, value())]), "@m: { .count = 4, .average = -12, .total = -50 }\n");
    assert_eq!(text(&average, vec![(Some(string("a")), value())]), "@m[a]: -12\n");
    let divided = text_with(&FixtureNames::default(), &stats, vec![(None, value())], 0, 5);
    assert_eq!(divided, "@m: { .count = 4, .average = -2, .total = -50 }\n");
}

#[test]
fn top_keeps_the_largest_and_div_divides() {
    let entries = (1..=3).map(|n| (Some(int(n)), int(n * 1000))).collect();
    let shown = text_with(&FixtureNames::default(), &Type::INT64, entries, 2, 300);
    assert_eq!(shown, "@m[2]: 6\n@m[3]: 10\n");
}

#[test]
fn a_histogram_has_rows_from_the_first_to_the_last_used_bucket() {
    let mut samples = vec![-5, 0, 1, 1, 2000];
    samples.extend([300; 4]);
    let expected = "\
@m:
(..., 0)               1 |@@@@@@@@@@@@@                                       |
[0]                    1 |@@@@@@@@@@@@@                                       |
[1]                    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[2, 4)                 0 |                                                    |
[4, 8)                 0 |                                                    |
[8, 16)                0 |                                                    |
[16, 32)               0 |                                                    |
[32, 64)               0 |                                                    |
[64, 128)              0 |                                                    |
[128, 256)             0 |                                                    |
[256, 512)             4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[512, 1K)              0 |                                                    |
[1K, 2K)               1 |@@@@@@@@@@@@@                                       |

";
    assert_eq!(text(&HIST, vec![(None, hist_of(0, &samples))]), expected);
}

#[test]
fn a_keyed_histogram_has_a_block_for_each_key() {
    let expected = "\
@m[a]:
[4, 8)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@m[b]:
[1]                    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[2, 4)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |

";
    let entries = vec![(Some(string("a")), hist_of(0, &[5])), (Some(string("b")), hist_of(0, &[1, 1, 3]))];
    assert_eq!(text(&HIST, entries), expected);
}

#[test]
fn dividing_a_histogram_changes_its_counts_but_neither_rows_nor_bars() {
    let expected = "\
@m:
[1]                    0 |@@@@@@@@@@@@@@@@@                                   |
[2, 4)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

";
    let entries = vec![(None, hist_of(0, &[1, 2, 2, 2]))];
    assert_eq!(text_with(&FixtureNames::default(), &HIST, entries, 0, 3), expected);
}

#[test]
fn a_linear_histogram_labels_what_lies_outside() {
    let shape = Aggregate::LinearHist { min: 100, max: 130, step: 10 };
    let mut buckets = vec![0; lhist::bucket_count(100, 130, 10)];
    for sample in [99, 105, 105, 118, 130, 500] {
        buckets[lhist::bucket_index(sample, 100, 130, 10)] += 1;
    }
    let expected = "\
@m:
(..., 100)             1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[100, 110)             2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[110, 120)             1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[120, 130)             0 |                                                    |
[130, ...)             2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

";
    assert_eq!(text(&Type::Aggregate(shape), vec![(None, Value::Histogram(Histogram { shape, buckets }))]), expected);
}

fn series(interval_ns: u64, points: &[(u64, i64)]) -> Value {
    let points = points.iter().map(|(epoch, value)| (*epoch, Number::Signed(*value))).collect();
    Value::Series(Series { interval_ns, function: SeriesFunction::Last, points })
}

const SERIES: Type = Type::Aggregate(Aggregate::TimeSeries {
    interval_ns: 1_000_000_000,
    epochs: 8,
    function: SeriesFunction::Last,
    signed: true,
});

#[test]
fn a_series_is_a_graph_with_a_line_for_each_interval() {
    // 37 seconds of TAI after the epoch are 00:00:00 UTC.
    let value = series(1_000_000_000, &[(3697, -20), (3698, 80), (3700, 5)]);
    let expected = "\
@m:
         -20                                                80
hh:mm:ss |___________________________________________________|
01:01:00 *         .                                         | -20
01:01:01 |         .                                         *  80
01:01:02 |         .                                         |   -
01:01:03 |         .  *                                      |   5
         v___________________________________________________v
         -20                                                80

";
    assert_eq!(text(&SERIES, vec![(None, value)]), expected);
}

#[test]
fn short_intervals_show_fractions_and_a_single_value_stands_in_the_middle() {
    let value = series(50_000_000, &[(741, 7)]);
    let expected = "\
@m[x]:
             6                                                   8
hh:mm:ss.ms  |___________________________________________________|
00:00:00.050 |                         *                         | 7
             v___________________________________________________v
             6                                                   8

";
    assert_eq!(text(&SERIES, vec![(Some(string("x")), value)]), expected);
}

#[test]
fn an_empty_scalar_shows_its_zero() {
    let empty = |ty: &Type| text(ty, vec![]);
    assert_eq!(empty(&Type::INT64), "@m: 0\n");
    assert_eq!(empty(&Type::Aggregate(Aggregate::Count)), "@m: 0\n");
    assert_eq!(empty(&Type::Aggregate(Aggregate::Avg { signed: false })), "@m: 0\n");
    assert_eq!(empty(&HIST), "@m:\n\n");
    assert_eq!(empty(&SERIES), "@m:\n<no data>\n\n");
    assert_eq!(empty(&Type::String { capacity: 5 }), "@m: \n");
}

fn kernel_stack(id: u64, mode: StackMode) -> Value {
    Value::Stack { id, space: StackSpace::Kernel, mode }
}

#[test]
fn a_stack_in_a_key_begins_on_a_line_of_its_own() {
    let names =
        FixtureNames::default().with_stack(7, StackSpace::Kernel, None, &[("do_idle", 21), ("start_secondary", 3)]);
    let key = Value::Tuple(vec![kernel_stack(7, StackMode::Bpftrace), string("sh")]);
    let shown = text_with(&names, &Type::INT64, vec![(Some(key), int(4))], 0, 1);
    assert_eq!(shown, "@m[\n        do_idle+21\n        start_secondary+3\n, sh]: 4\n");
    let alone = text_with(&names, &Type::INT64, vec![(Some(kernel_stack(0, StackMode::Bpftrace)), int(1))], 0, 1);
    assert_eq!(alone, "@m[\n]: 1\n", "the empty stack is a newline");
}

#[test]
fn a_line_stays_free_after_the_last_stack_value() {
    let names = FixtureNames::default().with_stack(7, StackSpace::Kernel, None, &[("schedule", 2)]);
    let ty = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 3 };
    let entry = |key| (Some(int(key)), kernel_stack(7, StackMode::Bpftrace));
    let shown = text_with(&names, &ty, vec![entry(1), entry(2)], 0, 1);
    assert_eq!(shown, "@m[1]: \n        schedule+2\n@m[2]: \n        schedule+2\n\n");
}

#[test]
fn each_mode_has_its_own_frame_lines() {
    let kernel = FixtureNames::default().with_stack(1, StackSpace::Kernel, None, &[("vfs_read", 64)]);
    let user = FixtureNames::default().with_stack(1, StackSpace::User, Some("/bin/x"), &[("main", 5)]);
    let shown = |names, mode| text_with(names, &Type::Void, vec![(None, kernel_stack(1, mode))], 0, 1);
    assert_eq!(shown(&kernel, StackMode::Bpftrace), "@m: \n        vfs_read+64\n");
    assert_eq!(shown(&kernel, StackMode::Perf), "@m: \n\t1000 vfs_read+64\n");
    assert_eq!(shown(&user, StackMode::Perf), "@m: \n\t1000 main+5 (/bin/x)\n");
    assert_eq!(shown(&user, StackMode::Raw), "@m: \n1000\n");
}

#[test]
fn frames_tell_what_is_not_known_and_what_was_inlined() {
    let frame = |address, symbol: Option<&str>| Frame {
        address,
        symbol: symbol.map(str::to_owned),
        offset: 9,
        module: None,
        source: None,
        inlined: false,
        reason: None,
    };
    let mut inlined = frame(0x20, Some("helper"));
    inlined.inlined = true;
    inlined.source = Some("a.c:7".to_owned());
    let frames = vec![inlined, frame(0x30, None), frame(u64::MAX, None)];
    let mut names = FixtureNames::default();
    names.stacks.insert(2, Stack { id: 2, space: StackSpace::User, pid: 5, frames, places: Vec::new() }.into());
    let shown = |mode| text_with(&names, &Type::Void, vec![(None, kernel_stack(2, mode))], 0, 1);
    assert_eq!(
        shown(StackMode::Bpftrace),
        "@m: \n        [inlined] helper@a.c:7\n        0x30\n        <unwind failure>\n"
    );
    assert_eq!(shown(StackMode::Perf), "@m: \n\t20 helper (inlined)\n\t30 0x30 ([unknown])\n\t<unwind failure>\n");
}

#[test]
fn a_terminal_sees_control_bytes_of_values_escaped() {
    let names = FixtureNames::default();
    let mut writer = TextWriter::for_terminal(&names);
    let entries = vec![(Some(string("a\n@m[root]: 9\x1b[2J")), int(1)), (Some(string("C:\\x")), int(2))];
    writer.map(
        MapHead { name: "@m", is_scalar: false, value: &Type::INT64 },
        &MapSnapshot { entries, omitted: 0 },
        0,
        1,
    );
    let text = String::from_utf8(writer.finish()).expect("UTF-8");
    assert_eq!(text, "@m[a\\n@m[root]: 9\\x1b[2J]: 1\n@m[C:\\x]: 2\n");
}
