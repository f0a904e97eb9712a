//! The engine itself, without a command around it: order of events, conservation, ends.

use std::collections::HashSet;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tracedeck::host::LiveKernel;
use tracedeck::live::LiveDriver;
use tracedeck::session::driver::{Driver, RunRequest};
use tracedeck::session::event::{EndReason, Event, Output};
use tracedeck_compiler::abi::value::{MapSnapshot, Number, Value};
use tracedeck_compiler::manifest::MapId;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_tests::binary::loaded_programs;
use tracedeck_tests::require_tracing;

/// No run of these tests is meant to last this long.
const SAFETY_SECONDS: u64 = 60;

fn start(script: &str) -> (LiveDriver, Receiver<Event>) {
    let request = RunRequest {
        imported: None,
        source_name: "stdin".to_owned(),
        source: script.to_owned(),
        options: CompileOptions::default(),
        command: None,
        dry_run: false,
        live_maps: true,
        live_map_entries: 0,
        time_limit_seconds: SAFETY_SECONDS,
        measure: false,
        server: None,
        debug_directories: Vec::new(),
    };
    let mut driver = LiveDriver::start(request, LiveKernel::shared()).expect("starts");
    let events = driver.events().expect("taken once");
    (driver, events)
}

/// Events up to and including the one that a test waits for.
fn until(events: &Receiver<Event>, what: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    for event in events {
        let found = what(&event);
        seen.push(event);
        if found {
            return seen;
        }
    }
    panic!("the run ended before: {seen:#?}");
}

fn is_attached(event: &Event) -> bool {
    matches!(event, Event::Attached { .. })
}

/// The number in a scalar map at the end of a run.
fn number(events: &[Event], map: u32) -> u64 {
    let maps = events.iter().find_map(|event| if let Event::FinalMaps(maps) = event { Some(maps) } else { None });
    let (_, snapshot) =
        maps.expect("final maps").iter().find(|(id, _)| *id == MapId(map)).expect("the map holds something");
    match &snapshot.entries[..] {
        [(None, Value::Number(number))] => number.bits(),
        other => panic!("not a number: {other:?}"),
    }
}

#[test]
fn a_stop_mutes_the_probes_runs_end_and_gives_the_final_maps() {
    require_tracing!();
    let (driver, events) = start("interval:ms:10 { @n++; } end { printf(\"%d\", @n); @ended = 1; }");
    let mut seen = until(&events, |event| matches!(event, Event::Maps(_)));
    driver.stop();
    driver.stop();
    seen.extend(&events);
    let Some(Event::Ended { reason: EndReason::Stopped, exit_code: 0 }) = seen.last() else { panic!("{seen:#?}") };
    let printed = seen.iter().find_map(|event| match event {
        Event::Output(Output::Printf { text, .. }) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    });
    // Nothing counted between the end probe and the snapshot.
    assert_eq!(printed, Some(number(&seen, 0).to_string()));
    assert_eq!(number(&seen, 1), 1);
}

#[test]
fn a_dropped_run_takes_its_programs_with_it() {
    require_tracing!();
    let before: HashSet<u64> = loaded_programs().into_iter().collect();
    let (driver, events) = start("interval:ms:10 { @n++; } rawtracepoint:sched_switch { @s = count(); }");
    until(&events, is_attached);
    let during: HashSet<u64> = loaded_programs().into_iter().filter(|id| !before.contains(id)).collect();
    assert!(during.len() >= 2, "{during:?}");
    drop(driver);
    drop(events);
    while loaded_programs().iter().any(|id| during.contains(id)) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn with_a_slow_reader_every_record_is_delivered_or_counted() {
    require_tracing!();
    let (driver, events) = start(
        "config = { perf_rb_pages = 1 } tracepoint:raw_syscalls:sys_enter { printf(\"%d\\n\", args.id); @n = count(); }",
    );
    until(&events, is_attached);
    // This process makes the system calls, and reads nothing meanwhile: all buffers on the way fill up.
    for _ in 0..200_000 {
        std::hint::black_box(std::fs::metadata("/").is_ok());
    }
    driver.stop();
    let seen: Vec<Event> = events.iter().collect();
    let printed = seen.iter().filter(|event| matches!(event, Event::Output(Output::Printf { .. }))).count() as u64;
    let lost =
        seen.iter().rev().find_map(|event| if let Event::Lost { total, .. } = event { Some(*total) } else { None });
    let lost = lost.expect("one page does not hold 200,000 records");
    assert_eq!(printed + lost, number(&seen, 0), "printed {printed}, lost {lost}");
}

#[test]
fn stacks_come_before_the_maps_that_name_them() {
    require_tracing!();
    let (driver, events) = start("profile:hz:499 { @[kstack, ustack] = count(); }");
    let mut seen = until(&events, |event| matches!(event, Event::Maps(_)));
    driver.stop();
    seen.extend(&events);
    let mut known = HashSet::from([0]);
    let mut named = 0;
    for event in &seen {
        match event {
            Event::Stacks(stacks) => known.extend(stacks.iter().map(|stack| stack.id)),
            Event::Maps(maps) | Event::FinalMaps(maps) => {
                for id in maps.iter().flat_map(|(_, snapshot)| stack_ids(snapshot)) {
                    assert!(known.contains(&id), "stack {id:x} is named before it is described");
                    named += 1;
                }
            }
            _ => {}
        }
    }
    assert!(named > 0, "something ran");
}

fn stack_ids(snapshot: &MapSnapshot) -> Vec<u64> {
    let parts = |key: &Value| if let Value::Tuple(parts) = key { parts.clone() } else { vec![key.clone()] };
    let keys = snapshot.entries.iter().filter_map(|(key, _)| key.as_ref()).flat_map(parts);
    keys.filter_map(|part| if let Value::Stack { id, .. } = part { Some(id) } else { None }).collect()
}

#[test]
fn only_maps_that_changed_are_sent_again() {
    require_tracing!();
    let (driver, events) = start("begin { @still = 7; } interval:ms:10 { @moving++; }");
    let mut snapshots: Vec<Vec<MapId>> = Vec::new();
    while snapshots.len() < 4 {
        let Event::Maps(maps) = until(&events, |event| matches!(event, Event::Maps(_))).pop().expect("just found")
        else {
            unreachable!("the predicate")
        };
        snapshots.push(maps.into_iter().map(|(id, _)| id).collect());
    }
    driver.stop();
    let still = snapshots.iter().filter(|ids| ids.contains(&MapId(0))).count();
    assert_eq!(still, 1, "{snapshots:?}");
    assert!(snapshots.iter().all(|ids| ids.contains(&MapId(1))), "{snapshots:?}");
}

#[test]
fn a_time_limit_ends_a_run_and_says_so() {
    require_tracing!();
    let request = RunRequest {
        imported: None,
        source_name: "stdin".to_owned(),
        source: "interval:ms:10 { @n++; }".to_owned(),
        options: CompileOptions::default(),
        command: None,
        dry_run: false,
        live_maps: false,
        live_map_entries: 0,
        time_limit_seconds: 1,
        measure: false,
        server: None,
        debug_directories: Vec::new(),
    };
    let mut driver = LiveDriver::start(request, LiveKernel::shared()).expect("starts");
    let seen: Vec<Event> = driver.events().expect("taken once").iter().collect();
    assert_eq!(seen.last(), Some(&Event::Ended { reason: EndReason::TimeLimit { seconds: 1 }, exit_code: 0 }));
    assert!(!seen.iter().any(|event| matches!(event, Event::Maps(_))), "nobody asked for live maps");
    let Some(Event::FinalMaps(maps)) = seen.iter().rev().nth(1) else { panic!("{seen:#?}") };
    assert!(matches!(maps[0].1.entries[..], [(None, Value::Number(Number::Signed(1..)))]), "{maps:?}");
}
