//! The store against a real directory.

use std::sync::Arc;

use tracedeck_compiler::abi::value::{MapSnapshot, Number, Value};
use tracedeck_compiler::manifest::{MapId, PrintfStream};
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::{Aggregate, StackMode, StackSpace, Type};

use super::*;
use crate::session::event::{EndReason, Event, MapShape, Output, RunShape, Stamped};
use crate::session::hub::Hub;
use crate::session::hub::picture::Status;
use crate::session::recording::Recorder;
use crate::session::replay::Replay;

/// A directory that is removed with its content.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tracedeck-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> Store {
        Store::open(&self.0, Quota::default()).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn record(id: &str, started_ms: i64) -> RunRecord {
    RunRecord {
        id: id.to_owned(),
        title: "a title".to_owned(),
        source: "begin { @ = count(); }".to_owned(),
        parameters: vec!["5".to_owned(), "a b".to_owned()],
        time_limit_seconds: 600,
        idempotency_key: Some(format!("key of {id}")),
        started_ms,
        started_by: "ada".to_owned(),
        pinned: false,
        copy_of: None,
        summary: None,
    }
}

fn printf(text: &str) -> Event {
    let (text, stream) = (text.as_bytes().to_vec(), PrintfStream::Out);
    Event::Output(Output::Printf {
        stream,
        text,
        foreign: Vec::new(),
        span: Span::default(),
        expanded_from: Vec::new(),
    })
}

fn maps(id: u32, value: u64) -> Event {
    let entries = vec![(None, Value::Number(Number::Unsigned(value)))];
    Event::Maps(vec![(MapId(id), MapSnapshot { entries, omitted: 0 })])
}

fn shape() -> Event {
    let map = |name: &str| MapShape { name: name.to_owned(), key: None, value: Type::UINT64 };
    Event::Compiled(Arc::new(RunShape {
        probes: Vec::new(),
        maps: vec![map("@a"), map("@b")],
        strings: Vec::new(),
        settings: Default::default(),
    }))
}

/// Records events as a session would; returns the status they lead to.
fn play(recorder: &mut StoreRecorder, events: Vec<Event>) -> Status {
    let hub = Hub::default();
    for (index, event) in events.into_iter().enumerate() {
        let stamped = Arc::new(Stamped { sequence: index as u64 + 1, at_ns: index as u64 * 1_000_000, event });
        recorder.record(&stamped);
        recorder.tick();
        hub.apply(&stamped);
    }
    hub.status()
}

fn events_of(store: &Store, run: &str) -> Vec<Stamped> {
    let mut events = Vec::new();
    store.recording(run).unwrap().play(|event| events.push(event)).unwrap();
    events
}

#[test]
fn a_run_comes_back_as_it_was_recorded() {
    let directory = Directory::new("whole");
    let events = vec![
        shape(),
        Event::Attached { probes: 3 },
        printf("one\n"),
        printf("two\n"),
        Event::Ended { reason: EndReason::Finished, exit_code: 0 },
    ];
    {
        let store = directory.open();
        store.insert(record("aaaaaaaaaa", 1)).unwrap();
        let mut recorder = store.recorder("aaaaaaaaaa");
        let status = play(&mut recorder, events.clone());
        recorder.finish(&status);
        assert_eq!(recorder.problem(), None);
    }
    let store = directory.open();
    let stored = store.run("aaaaaaaaaa").unwrap().unwrap();
    let summary =
        RunSummary { reason: "Finished".to_owned(), ok: true, duration_ms: 4, probes: 3, lost: 0, problem: None };
    assert_eq!(stored, RunRecord { summary: Some(summary), ..record("aaaaaaaaaa", 1) });
    let back: Vec<Event> = events_of(&store, "aaaaaaaaaa").into_iter().map(|stamped| stamped.event).collect();
    assert_eq!(back, events);
    assert_eq!(store.run_by_idempotency_key("key of aaaaaaaaaa").unwrap().as_deref(), Some("aaaaaaaaaa"));
    assert_eq!(store.run("bbbbbbbbbb").unwrap(), None);
}

#[test]
fn a_moment_of_a_map_with_stacks_is_played_to_between_its_states() {
    let directory = Directory::new("steps");
    let store = directory.open();
    store.insert(record("aaaaaaaaaa", 1)).unwrap();
    let key = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 127 };
    let stacks = MapShape { name: "@s".to_owned(), key: Some(key), value: Type::Aggregate(Aggregate::Count) };
    let shape = RunShape { probes: Vec::new(), maps: vec![stacks], strings: Vec::new(), settings: Default::default() };
    let mut events = vec![Event::Compiled(Arc::new(shape))];
    events.extend((1..=9).map(|value| maps(0, value)));
    let mut recorder = store.recorder("aaaaaaaaaa");
    let status = play(&mut recorder, events);
    recorder.finish(&status);
    let copy_of = Some("aaaaaaaaaa".to_owned());
    let frozen = RunRecord { copy_of, idempotency_key: None, ..record("bbbbbbbbbb", 2) };
    store.write(move |connection| runs::copy(connection, &frozen)).unwrap();
    for run in ["aaaaaaaaaa", "bbbbbbbbbb"] {
        assert_eq!(events_of(&store, run).iter().filter(|it| matches!(it.event, Event::Maps(_))).count(), 1);
        for moment in 0..=9 {
            let mut replay = Replay::default();
            let recording = store.recording(run).unwrap();
            let steps = recording.play_until(moment * 1_000_000, |event| replay.take(&event)).unwrap();
            replay.step(steps);
            let shown = replay
                .hub()
                .with_picture(|picture| picture.maps[0].as_ref().map(|map| map.snapshot.entries[0].1.clone()));
            assert_eq!(shown, (moment > 0).then_some(Value::Number(Number::Unsigned(moment))), "{run} at {moment} ms");
        }
    }
}

#[test]
fn a_run_that_the_server_left_behind_is_marked_as_interrupted() {
    let directory = Directory::new("crash");
    {
        let store = directory.open();
        store.insert(record("aaaaaaaaaa", 1)).unwrap();
        let mut recorder = store.recorder("aaaaaaaaaa");
        play(&mut recorder, vec![shape(), Event::Attached { probes: 2 }, printf("kept\n")]);
        recorder.flush();
        // What the recorder still gathers is lost with the process.
        play(&mut recorder, vec![printf("lost\n")]);
    }
    let store = directory.open();
    let summary = store.run("aaaaaaaaaa").unwrap().unwrap().summary.unwrap();
    assert_eq!(
        (summary.reason.as_str(), summary.ok, summary.probes),
        ("The server stopped while the script ran", false, 2)
    );
    let mut replay = Replay::default();
    events_of(&store, "aaaaaaaaaa").iter().for_each(|event| replay.take(event));
    let hub = replay.into_hub();
    let lines: Vec<_> = hub.with_picture(|picture| picture.log.lines().map(|line| line.text.clone()).collect());
    assert_eq!(lines, [b"kept".to_vec()]);
}

#[test]
fn live_snapshots_are_thinned_and_the_last_of_each_map_is_kept() {
    let events = [maps(0, 1), maps(1, 10), maps(0, 2), printf("x\n"), maps(0, 3)];
    let events = events.into_iter().enumerate();
    let stamped =
        events.map(|(index, event)| Arc::new(Stamped { sequence: index as u64 + 1, at_ns: 0, event })).collect();
    let chunk =
        chunk::Chunk { run: String::new(), number: 0, events: stamped, map_names: Arc::new([]), steps: Vec::new() };
    let plain = zstd::stream::decode_all(&chunk.encode().unwrap()[..]).unwrap();
    let kept: Vec<Stamped> = postcard::from_bytes(&plain).unwrap();
    let kept: Vec<_> = kept.into_iter().map(|stamped| (stamped.sequence, stamped.event)).collect();
    assert_eq!(kept, [(2, maps(1, 10)), (4, printf("x\n")), (5, maps(0, 3))]);
}

#[test]
fn the_oldest_runs_make_room_for_new_ones() {
    let directory = Directory::new("quota");
    let store = Store::open(&directory.0, Quota { database_bytes: 2 << 20, run_bytes: 64 << 20 }).unwrap();
    for n in 0..12 {
        let id = format!("run{n:07}");
        store.insert(record(&id, n)).unwrap();
        let mut recorder = store.recorder(&id);
        // Does not compress.
        let noise: Vec<Event> = (0..400_u64)
            .map(|index| {
                let mut bytes = vec![0; 1024];
                getrandom::fill(&mut bytes).unwrap();
                bytes.extend(index.to_le_bytes());
                Event::Output(Output::Cat(bytes))
            })
            .collect();
        let status = play(&mut recorder, noise);
        recorder.finish(&status);
        // The writer is waited for by asking it something.
        store.add_login(login(n)).unwrap();
        assert_eq!(recorder.problem(), None, "run {n}");
    }
    let left: Vec<String> = store.runs(100).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(left[0], "run0000011");
    assert!((2..=5).contains(&left.len()), "{left:?}");
}

fn login(n: i64) -> logins::Login {
    let now_s = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    logins::Login {
        secret_hash: [n as u8; 32],
        cookie_hash: [7; 32],
        grant: logins::Grant::Owner,
        expires_s: now_s + 60,
    }
}

#[test]
fn a_recording_that_is_too_large_stops_and_says_so() {
    let directory = Directory::new("large");
    let store = Store::open(&directory.0, Quota { database_bytes: 1 << 30, run_bytes: 1 << 20 }).unwrap();
    store.insert(record("aaaaaaaaaa", 1)).unwrap();
    let mut recorder = store.recorder("aaaaaaaaaa");
    let line = "x".repeat(64 << 10);
    let mut events = vec![printf(&line); 300];
    events.push(Event::Ended { reason: EndReason::Finished, exit_code: 0 });
    let status = play(&mut recorder, events);
    recorder.finish(&status);
    assert!(recorder.problem().unwrap().contains("full (1 MiB)"));
    drop(recorder);
    drop(store);
    let events = events_of(&directory.open(), "aaaaaaaaaa");
    assert!((100..200).contains(&events.len()), "{}", events.len());
    assert!(matches!(events.last().unwrap().event, Event::Ended { .. }));
}

#[test]
fn logins_outlive_the_server_until_they_expire() {
    let directory = Directory::new("logins");
    let mut old = login(1);
    old.expires_s -= 120;
    {
        let store = directory.open();
        store.add_login(old).unwrap();
        store.add_login(login(2)).unwrap();
    }
    let secrets: Vec<_> = directory.open().logins().unwrap().into_iter().map(|login| login.secret_hash[0]).collect();
    assert_eq!(secrets, [2]);
}

#[test]
fn a_damaged_database_is_moved_aside() {
    let directory = Directory::new("damaged");
    directory.open().insert(record("aaaaaaaaaa", 1)).unwrap();
    std::fs::write(directory.0.join("tracedeck.db"), b"this is no database".repeat(1000)).unwrap();
    let store = directory.open();
    assert_eq!(store.runs(10).unwrap(), []);
    let names: Vec<String> = std::fs::read_dir(&directory.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("damaged-")), "{names:?}");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let directory = Directory::new("newer");
    drop(directory.open());
    let connection = Connection::open(directory.0.join("tracedeck.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = Store::open(&directory.0, Quota::default()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 4 }), "{error}");
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("open");
    std::fs::create_dir(&directory.0).unwrap();
    std::fs::set_permissions(&directory.0, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(Store::open(&directory.0, Quota::default()), Err(StoreError::Open(_))));
    let link = Directory::new("link");
    std::fs::set_permissions(&directory.0, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&directory.0, &link.0).unwrap();
    assert!(matches!(Store::open(&link.0, Quota::default()), Err(StoreError::Open(_))));
    std::fs::remove_file(&link.0).unwrap();
}

#[test]
fn a_store_that_cannot_write_tells_it_and_goes_on() {
    let directory = Directory::new("full");
    let store = directory.open();
    store.insert(record("aaaaaaaaaa", 1)).unwrap();
    let mut recorder = store.recorder("aaaaaaaaaa");
    let other = Connection::open(directory.0.join("tracedeck.db")).unwrap();
    other.execute_batch("ALTER TABLE runs RENAME TO elsewhere; ALTER TABLE chunks RENAME TO gone").unwrap();
    recorder.record(&Arc::new(Stamped { sequence: 1, at_ns: 0, event: printf("x\n") }));
    recorder.flush();
    assert!(store.insert(record("bbbbbbbbbb", 2)).is_err());
    let problem = recorder.problem().unwrap();
    assert!(problem.starts_with("This run is not being stored: "), "{problem}");
    other.execute_batch("ALTER TABLE elsewhere RENAME TO runs; ALTER TABLE gone RENAME TO chunks").unwrap();
    store.insert(record("bbbbbbbbbb", 2)).unwrap();
    assert_eq!(recorder.problem(), None);
}

#[test]
fn a_second_server_keeps_off_the_directory_of_the_first() {
    let directory = Directory::new("lock");
    let first = directory.open();
    assert!(matches!(Store::open(&directory.0, Quota::default()), Err(StoreError::InUse(_))));
    drop(first);
    drop(directory.open());
}
