//! Events in, JSON lines out.

use serde_json::{Value as Json, json};
use tracedeck_compiler::abi::value::{Number, Stats, Value};
use tracedeck_compiler::types::{Aggregate, Type};

use super::*;
use crate::output::Verbosity;
use crate::output::fixture::written;
use crate::session::event::EndReason;

fn lines(events: &[Event]) -> Vec<String> {
    let maps = [
        ("@n", None, Type::Aggregate(Aggregate::Count)),
        ("@s", Some(Type::INT64), Type::Aggregate(Aggregate::Stats { signed: false })),
    ];
    let said = written(&maps, false, Verbosity::default(), JsonSink::new, events);
    said.out.lines().map(str::to_owned).collect()
}

fn printf(stream: PrintfStream, text: &[u8]) -> Event {
    Event::Output(Output::Printf {
        stream,
        text: text.to_vec(),
        foreign: Vec::new(),
        span: Span::new(8, 28),
        expanded_from: Vec::new(),
    })
}

#[test]
fn each_kind_of_output_has_its_type() {
    let texts = lines(&[
        Event::Attached { probes: 2 },
        printf(PrintfStream::Out, b"a\tb\n"),
        Event::Output(Output::Time(b"10:00:00\n".to_vec())),
        Event::Output(Output::Join(b"x y\n".to_vec())),
        Event::Output(Output::Cat(b"c".to_vec())),
        Event::Output(Output::System(b"s".to_vec())),
        Event::Output(Output::Value { value: Value::Tuple(vec![Value::Bool(true)]), ty: Type::Void }),
        Event::Lost {
            cause: CounterCause::RingFull,
            span: Span::default(),
            expanded_from: Vec::new(),
            total: 7,
            helper: None,
        },
    ]);
    assert_eq!(
        texts,
        [
            r#"{"type": "attached_probes", "count": 2, "data": {"probes": 2}}"#,
            r#"{"type": "printf", "data": "a\tb\n"}"#,
            r#"{"type": "time", "data": "10:00:00\n"}"#,
            r#"{"type": "join", "data": "x y"}"#,
            r#"{"type": "cat", "data": "c"}"#,
            r#"{"type": "syscall", "data": "s"}"#,
            r#"{"type": "value", "data": [true]}"#,
            r#"{"type": "lost_events", "count": 7, "data": {"events": 7}}"#,
        ]
    );
}

#[test]
fn maps_are_typed_by_their_values_and_empty_ones_are_silent() {
    let stats = Value::Stats(Stats { count: 2, total: Number::Unsigned(9) });
    let entries = vec![(Some(Value::Number(Number::Signed(4))), stats)];
    let print = |map, snapshot| Event::Output(Output::Map { map, snapshot, top: 0, div: 1 });
    let texts = lines(&[
        print(MapId(0), MapSnapshot::default()),
        print(MapId(1), MapSnapshot::default()),
        Event::FinalMaps(vec![(MapId(1), MapSnapshot { entries, omitted: 0 })]),
    ]);
    assert_eq!(
        texts,
        [
            r#"{"type": "map", "data": {"@n": 0}}"#,
            r#"{"type": "stats", "data": {"@s": {"4": {"count": 2, "average": 4, "total": 9}}}}"#,
        ]
    );
}

#[test]
fn messages_carry_their_place() {
    let texts = lines(&[
        printf(PrintfStream::Error, b"bad \"x\"\n"),
        Event::Lost {
            cause: CounterCause::ArrayBounds,
            span: Span::new(31, 34),
            expanded_from: Vec::new(),
            total: 3,
            helper: None,
        },
        Event::Lost {
            cause: CounterCause::ReadFailed,
            span: Span::new(31, 34),
            expanded_from: Vec::new(),
            total: 2,
            helper: Some(("probe_read_user".to_owned(), -14)),
        },
        Event::Ended { reason: EndReason::Finished, exit_code: 0 },
    ]);
    let parsed: Vec<Json> = texts.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(parsed[0], json!({"type": "errorf", "msg": "bad \"x\"\n", "filename": "stdin", "line": 1, "col": 9}));
    assert_eq!(
        parsed[1],
        json!({
            "type": "runtime_error", "msg": "Array access out of bounds. The value is 0",
            "filename": "stdin", "line": 2, "col": 1, "count": 3
        })
    );
    assert_eq!(
        parsed[2],
        json!({
            "type": "helper_error", "msg": "Memory could not be read. The value is 0", "helper": "probe_read_user",
            "retcode": -14, "filename": "stdin", "line": 2, "col": 1, "count": 2
        })
    );
    assert_eq!(parsed.len(), 3);
}

#[test]
fn output_of_any_bytes_stays_one_line_of_valid_json() {
    for byte in 0..=255_u8 {
        let texts = lines(&[printf(PrintfStream::Out, &[b'<', byte, b'>'])]);
        assert_eq!(texts.len(), 1, "byte {byte}");
        serde_json::from_str::<Json>(&texts[0]).expect("JSON");
    }
}
