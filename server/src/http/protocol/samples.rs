//! Samples of every message, in `tests/protocol`: the same files are read by the page's tests, so neither side can
//! change what it says or understands alone.

use serde_json::Value;

use super::*;

fn run() -> RunInfo {
    RunInfo {
        id: "abcdefghij".to_owned(),
        title: "Reads by process".to_owned(),
        source: "tracepoint:syscalls:sys_exit_read { @[comm] = count(); }\n".to_owned(),
        parameters: vec!["5".to_owned()],
        state: RunState::Running,
        reason: None,
        ok: None,
        started_at: "2026-11-22T18:00:00.000Z".to_owned(),
        duration_ms: 4_200,
        time_limit_seconds: 600,
        probes: 1,
        attaching: None,
        watchers: 2,
        lost_total: 3,
        watching: vec![Watcher {
            name: "ada".to_owned(),
            guest: false,
            tabs: 2,
            at: Some("show=%40&zoom=1".to_owned()),
        }],
        started_by: "ada".to_owned(),
        pinned: false,
        view_key: None,
        maps: vec![MapShape {
            id: 0,
            name: "@".to_owned(),
            key: Some("string[16]".to_owned()),
            value: "count_t".to_owned(),
        }],
        recording_problem: None,
        notes: 1,
        costs: vec![ProbeCost {
            probe: "kprobe:vfs_read".to_owned(),
            line: 1,
            probes: 1,
            hits: 1204,
            nanoseconds: 373_240,
        }],
    }
}

fn line(sequence: u64, kind: LogKind, stream: LogStream, text: &str) -> LogLine {
    LogLine { sequence, at_ms: 4_000 + sequence, stream, kind, text: text.to_owned() }
}

fn map(kind: MapKind, key: Vec<KeyPart>, value: MapValue) -> MapView {
    let key_part = |part: &KeyPart| match part {
        KeyPart::Text(_) => "string[16]",
        KeyPart::Number(_) => "uint64",
        KeyPart::Stack(_) => "kstack_t",
    };
    MapView {
        id: 0,
        name: "@".to_owned(),
        version: 7,
        kind,
        scalar: key.is_empty(),
        key_parts: key.iter().map(|part| key_part(part).to_owned()).collect(),
        has_stack: key.iter().any(|part| matches!(part, KeyPart::Stack(_))),
        total_entries: 1,
        omitted: 0,
        sum: None,
        entries: vec![MapEntry { key, value }],
    }
}

fn frame(name: &str, module: Option<&str>, kind: FrameKind) -> Frame {
    let why = (kind == FrameKind::Unresolved).then(|| "The file has no symbol for this address".to_owned());
    Frame { name: name.to_owned(), module: module.map(str::to_owned), kind, why }
}

/// One map of each kind of value and key.
fn maps() -> Vec<MapView> {
    let text = |text: &str| KeyPart::Text(text.to_owned());
    let bucket =
        |label: &str, low, high, count: u64| Bucket { label: label.to_owned(), low, high, count: count.into() };
    let stack = KeyPart::Stack(vec![
        frame("do_nanosleep", None, FrameKind::Kernel),
        frame("main", Some("a.out"), FrameKind::User),
        frame("helper", Some("a.out"), FrameKind::Inlined),
        frame("0x7f00dead", None, FrameKind::Unresolved),
    ]);
    vec![
        map(
            MapKind::Number,
            vec![text("nginx\\x1b"), KeyPart::Number(Num(i128::from(u64::MAX)))],
            MapValue::Number { v: Num(-5) },
        ),
        map(MapKind::Number, vec![stack, text("bash")], MapValue::Number { v: Num(42) }),
        map(
            MapKind::Stats,
            vec![text("bash")],
            MapValue::Stats { count: Num(2), average: Num(5), total: Num(1 << 60) },
        ),
        map(
            MapKind::Histogram,
            Vec::new(),
            MapValue::Histogram {
                buckets: vec![
                    bucket("(..., 0)", None, Some(Num(0)), 1),
                    bucket("[4, 8)", Some(Num(4)), Some(Num(8)), 3),
                    bucket("[100, ...)", Some(Num(100)), None, 2),
                ],
            },
        ),
        map(
            MapKind::Series,
            vec![KeyPart::Number(Num(1))],
            MapValue::Series {
                points: vec![Point { at: "2026-11-22T18:00:01.000Z".to_owned(), value: Num(9) }],
                interval_ms: 1000,
            },
        ),
        map(MapKind::Text, Vec::new(), MapValue::Text { v: "(1, two)".to_owned() }),
    ]
}

fn diagnostic() -> DiagnosticView {
    DiagnosticView {
        severity: DiagnosticSeverity::Error,
        code: "unknown-function".to_owned(),
        message: "Unknown function: 'conut'".to_owned(),
        start: 12,
        end: 17,
        start_utf16: 11,
        end_utf16: 16,
        line: 1,
        column: 12,
        help: vec!["Did you mean 'count'?".to_owned()],
        rendered: "script.bt:1:13-18: ERROR: Unknown function: 'conut'\n".to_owned(),
        replacement: Some(Replacement { start: 40, end: 45, text: "count".to_owned() }),
    }
}

fn loss() -> Loss {
    Loss {
        id: 0,
        cause: "ring-full".to_owned(),
        text: "3 events lost: the ring buffer was full".to_owned(),
        total: 3,
        at_ms: 3_900,
        is_loss: true,
    }
}

fn server_messages() -> Vec<(&'static str, ServerMessage)> {
    let snapshot = Snapshot {
        sequence: 12,
        at_ms: 4_200,
        run: run(),
        log: vec![
            line(1, LogKind::Printf, LogStream::Out, "hello\tworld"),
            line(2, LogKind::Note, LogStream::Warning, "a target has exited"),
        ],
        log_dropped: 0,
        maps: maps(),
        lost: vec![loss()],
        diagnostics: vec![diagnostic()],
        events: 4_321,
    };
    let update = Update {
        sequence: 15,
        at_ms: 4_300,
        log: vec![line(3, LogKind::Map, LogStream::Out, "@[bash]: 3")],
        maps: maps().into_iter().take(1).collect(),
        lost: vec![loss()],
        run: Some(RunInfo { state: RunState::Ended, reason: Some("Finished".to_owned()), ok: Some(true), ..run() }),
        diagnostics: vec![diagnostic()],
        rate: Some(10.5),
        events: 4_400,
    };
    vec![
        ("snapshot", ServerMessage::Snapshot(snapshot)),
        ("update", ServerMessage::Update(update)),
        ("update-empty", ServerMessage::Update(Update { sequence: 16, at_ms: 4_400, ..Update::default() })),
        ("skipped", ServerMessage::Skipped { lines: 120 }),
        ("evicted", ServerMessage::Evicted { seconds: 10 }),
        ("error", ServerMessage::Error { message: "There is no such run".to_owned() }),
    ]
}

fn client_messages() -> Vec<(&'static str, ClientMessage)> {
    let (run, secret) = ("abcdefghij".to_owned(), Some("secret".to_owned()));
    vec![
        ("hello", ClientMessage::Hello { secret, run: run.clone(), after: 12 }),
        ("subscribe", ClientMessage::Subscribe { run, after: 0 }),
        ("stop", ClientMessage::Stop),
        ("looking", ClientMessage::Looking { address: "show=%40&zoom=1".to_owned() }),
    ]
}

fn directory() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/protocol")
}

/// Compares a sample with its file, or writes it where `UPDATE` is set.
fn check(name: &str, sample: &Value) {
    let path = directory().join(format!("{name}.json"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(directory()).unwrap();
        std::fs::write(&path, serde_json::to_string_pretty(sample).unwrap() + "\n").unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let found: Value = serde_json::from_str(&found).unwrap_or_default();
    assert_eq!(found, *sample, "tests/protocol/{name}.json is stale; run `cargo xtask codegen`");
}

#[test]
fn the_samples_of_server_messages_are_current() {
    for (name, message) in server_messages() {
        check(&format!("server-{name}"), &serde_json::to_value(&message).unwrap());
    }
}

#[test]
fn the_samples_of_client_messages_are_understood() {
    for (name, message) in client_messages() {
        check(&format!("client-{name}"), &serde_json::to_value(&message).unwrap());
        let text = std::fs::read_to_string(directory().join(format!("client-{name}.json"))).unwrap();
        assert_eq!(serde_json::from_str::<ClientMessage>(&text).unwrap(), message);
    }
}
