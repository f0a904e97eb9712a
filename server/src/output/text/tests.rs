//! Events in, text out.

use tracedeck_compiler::abi::value::Number;
use tracedeck_compiler::manifest::PrintfStream;
use tracedeck_compiler::types::{Aggregate, Type};

use tracedeck_compiler::source::Span;

use super::*;
use crate::output::Verbosity;
use crate::output::fixture::{Written, written};
use crate::session::event::{EndReason, RunDiagnostic};

fn text(is_terminal: bool, events: &[Event]) -> Written {
    let maps =
        [("@n", None, Type::Aggregate(Aggregate::Count)), ("@by", Some(Type::String { capacity: 16 }), Type::INT64)];
    written(&maps, is_terminal, Verbosity::default(), TextSink::new, events)
}

fn printf(stream: PrintfStream, text: &[u8], foreign: &[(u32, u32)]) -> Event {
    Event::Output(Output::Printf {
        stream,
        text: text.to_vec(),
        foreign: foreign.to_vec(),
        span: Span::new(8, 28),
        expanded_from: Vec::new(),
    })
}

fn keyed(entries: &[(&str, i64)]) -> MapSnapshot {
    let entry = |(key, number): &(&str, i64)| {
        (
            Some(Value::String { bytes: key.as_bytes().to_vec(), truncated: false }),
            Value::Number(Number::Signed(*number)),
        )
    };
    MapSnapshot { entries: entries.iter().map(entry).collect(), omitted: 0 }
}

#[test]
fn the_script_speaks_on_one_stream_and_the_tool_on_the_other() {
    let said = text(
        false,
        &[
            Event::Attached { probes: 2 },
            printf(PrintfStream::Out, b"a\xff\x1b\n", &[(1, 3)]),
            Event::Output(Output::Value { value: Value::Bool(true), ty: Type::Bool }),
            Event::Warning { message: "no symbols".to_owned() },
            Event::Ended { reason: EndReason::Finished, exit_code: 0 },
        ],
    );
    assert_eq!(said.out, "a\u{fffd}\x1b\ntrue\n");
    assert_eq!(said.err, "Attached 2 probes\nWARNING: no symbols\n");
}

#[test]
fn one_probe_is_not_plural_and_quiet_says_nothing() {
    assert_eq!(text(false, &[Event::Attached { probes: 1 }]).err, "Attached 1 probe\n");
    let quiet = Verbosity { quiet: true, ..Verbosity::default() };
    assert_eq!(written(&[], false, quiet, TextSink::new, &[Event::Attached { probes: 1 }]).err, "");
}

#[test]
fn a_terminal_sees_foreign_control_bytes_but_not_the_scripts_own_escaped() {
    let said = text(true, &[printf(PrintfStream::Out, b"\x1b[1m\x1b[2J!\n", &[(4, 8)])]);
    assert_eq!(said.out, "\x1b[1m\\x1b[2J!\n");
}

#[test]
fn joined_arguments_keep_their_lines_on_a_terminal() {
    let said = text(true, &[Event::Output(Output::Join(b"sh -c\na\tb\x07\n".to_vec()))]);
    assert_eq!(said.out, "sh -c\na\tb\\x07\n");
}

#[test]
fn final_maps_come_after_two_newlines() {
    let scalar = MapSnapshot { entries: vec![(None, Value::Number(Number::Unsigned(3)))], omitted: 0 };
    let maps = vec![(MapId(1), keyed(&[("a", 1), ("b", 2)])), (MapId(0), scalar)];
    assert_eq!(text(false, &[Event::FinalMaps(maps)]).out, "\n\n@by[a]: 1\n@by[b]: 2\n@n: 3\n");
}

#[test]
fn print_shows_the_largest_entries_divided() {
    let output = Output::Map { map: MapId(1), snapshot: keyed(&[("a", 10), ("b", 25)]), top: 1, div: 10 };
    assert_eq!(text(false, &[Event::Output(output)]).out, "@by[b]: 2\n");
}

#[test]
fn an_empty_scalar_prints_its_zero_and_an_empty_keyed_map_nothing() {
    let print = |map| Event::Output(Output::Map { map, snapshot: MapSnapshot::default(), top: 0, div: 1 });
    assert_eq!(text(false, &[print(MapId(0)), print(MapId(1))]).out, "@n: 0\n");
}

#[test]
fn a_run_time_warning_shows_its_place_once_and_its_total_at_the_end() {
    let lost = |total| Event::Lost {
        cause: CounterCause::DivisionByZero,
        span: Span::new(21, 27),
        expanded_from: Vec::new(),
        total,
        helper: None,
    };
    let ended = Event::Ended { reason: EndReason::Stopped, exit_code: 0 };
    assert_eq!(
        text(false, &[lost(1), lost(5), ended]).err,
        "stdin:1:22-28: WARNING: Division or modulo by 0 detected. The result is 1\n\
         begin { printf(\"%d\", 1 / $x) }\n                     ~~~~~~\n\
         WARNING: stdin:1:22: division by zero: 5 times in all\n"
    );
}

#[test]
fn a_helper_that_failed_is_named_with_what_it_returned() {
    let helper = Some(("map_update_elem".to_owned(), -7));
    let lost = Event::Lost {
        cause: CounterCause::MapFull { map: MapId(0) },
        span: Span::new(21, 27),
        expanded_from: Vec::new(),
        total: 1,
        helper,
    };
    let said = text(false, std::slice::from_ref(&lost)).err;
    assert!(said.ends_with("~~~~~~\nAdditional Info - helper: map_update_elem, retcode: -7\n"), "{said}");
    let muted = Verbosity { no_warnings: true, ..Verbosity::default() };
    assert_eq!(written(&[], false, muted, TextSink::new, &[lost]).err, "");
}

#[test]
fn lost_events_are_told_as_they_grow() {
    let lost = |total| Event::Lost {
        cause: CounterCause::RingFull,
        span: Span::default(),
        expanded_from: Vec::new(),
        total,
        helper: None,
    };
    let ended = Event::Ended { reason: EndReason::Stopped, exit_code: 0 };
    assert_eq!(
        text(false, &[lost(3), lost(3), lost(10), ended]).err,
        "Lost 3 events\nLost 7 events\nWARNING: Lost 10 events in all\n"
    );
}

#[test]
fn errorf_and_warnf_name_their_place() {
    let said = text(false, &[printf(PrintfStream::Error, b"no luck\n", &[])]);
    assert!(said.err.starts_with("stdin:1:9-29: ERROR: no luck\nbegin {"), "{}", said.err);
    let muted = Verbosity { no_warnings: true, ..Verbosity::default() };
    let said = written(&[], false, muted, TextSink::new, &[printf(PrintfStream::Warning, b"hm", &[])]);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
}

#[test]
fn a_failure_is_told_once() {
    let failed = Event::Ended { reason: EndReason::Failed { message: "no such probe".to_owned() }, exit_code: 1 };
    assert_eq!(text(false, std::slice::from_ref(&failed)).err, "ERROR: no such probe\n");
    let diagnostic = Event::Diagnostic(RunDiagnostic {
        severity: Severity::Error,
        code: "x".to_owned(),
        message: "m".to_owned(),
        span: Span::default(),
        help: Vec::new(),
        rendered: "stdin:1:1-2: ERROR: m\n".to_owned(),
    });
    assert_eq!(text(false, &[diagnostic, failed]).err, "stdin:1:1-2: ERROR: m\n");
}
