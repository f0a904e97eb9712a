//! A viewer that was cut off and resumed ends with the same picture as one that never was.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tracedeck_compiler::abi::value::{MapSnapshot, Number, Value};
use tracedeck_compiler::manifest::{CounterCause, MapId, PrintfStream};
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::{StackMode, StackSpace, Type};

use super::delta::Delta;
use super::picture::Picture;
use super::viewer::{Next, Viewer};
use super::*;
use crate::session::event::{EndReason, Event, MapShape, Output, RunShape};
use crate::session::replay::Replay;

/// What a page knows of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Client {
    sequence: u64,
    lines: BTreeMap<u64, Vec<u8>>,
    skipped: u64,
    maps: BTreeMap<u32, (u64, Vec<i64>)>,
    lost: BTreeMap<u32, u64>,
    phase: String,
    snapshots: u32,
}

impl Client {
    fn numbers(snapshot: &MapSnapshot) -> Vec<i64> {
        let number = |value: &Value| match value {
            Value::Number(number) => number.bits() as i64,
            _ => panic!("only numbers are sent here"),
        };
        snapshot.entries.iter().map(|(_, value)| number(value)).collect()
    }

    fn of(picture: &Picture) -> Self {
        let maps = picture.maps.iter().flatten();
        Self {
            sequence: picture.sequence,
            lines: picture.log.lines().map(|line| (line.number, line.text.clone())).collect(),
            skipped: 0,
            maps: maps.map(|map| (map.id.0, (map.version, Self::numbers(&map.snapshot)))).collect(),
            lost: picture.losses.iter().map(|loss| (loss.id, loss.total)).collect(),
            phase: format!("{:?}", picture.status.phase),
            snapshots: 0,
        }
    }

    fn apply(&mut self, delta: &Delta) {
        self.sequence = delta.sequence;
        for line in &delta.log {
            let before = self.lines.insert(line.number, line.text.clone());
            assert_eq!(before, None, "line {} was sent twice", line.number);
        }
        self.skipped += delta.skipped;
        for map in &delta.maps {
            self.maps.insert(map.id.0, (map.version, Self::numbers(&map.snapshot)));
        }
        self.lost.extend(delta.losses.iter().map(|loss| (loss.id, loss.total)));
        if let Some(status) = &delta.status {
            self.phase = format!("{:?}", status.phase);
        }
    }

    /// Takes what the hub has for it, at most so many messages.
    fn take(&mut self, viewer: &mut Viewer, at_most: usize) {
        for _ in 0..at_most {
            let encode = |picture: &Picture| Bytes::from(postcard::to_allocvec(&Self::of(picture)).unwrap());
            match viewer.next(encode) {
                None => return,
                Some(Next::Snapshot(bytes)) => {
                    let snapshots = self.snapshots + 1;
                    *self = Self { snapshots, ..postcard::from_bytes(&bytes).unwrap() };
                }
                Some(Next::Delta(delta)) => self.apply(&delta),
                Some(Next::Merged(delta)) => self.apply(&delta),
            }
        }
    }
}

/// A repeatable source of variety.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn shape() -> Event {
    let stack = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 127 };
    let map = |name: &str, key| MapShape { name: name.to_owned(), key, value: Type::INT64 };
    Event::Compiled(Arc::new(RunShape {
        probes: Vec::new(),
        maps: vec![map("@a", None), map("@b", Some(stack))],
        strings: Vec::new(),
        settings: Default::default(),
    }))
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

fn any_event(dice: &mut Dice, n: u64) -> Event {
    match dice.roll(6) {
        0 => printf("no newline, "),
        1 => printf("two\nlines\n"),
        2 => printf(&format!("event {n}\n")),
        3 => {
            let entries = vec![(None, Value::Number(Number::Signed(n as i64)))];
            Event::Maps(vec![(MapId(dice.roll(2) as u32), MapSnapshot { entries, omitted: 0 })])
        }
        4 => Event::Lost {
            cause: CounterCause::RingFull,
            span: Span::new(0, dice.roll(3) as usize),
            expanded_from: Vec::new(),
            total: n,
            helper: None,
        },
        _ => Event::Warning { message: format!("warning {n}") },
    }
}

/// A run of random events, published at random moments; after each publication `look` is called.
fn run(seed: u64, events: u64, mut look: impl FnMut(&Arc<Hub>, &mut Dice)) -> Arc<Hub> {
    let (hub, mut dice) = (Arc::new(Hub::default()), Dice(seed));
    for n in 1..=events {
        let event = match n {
            1 => shape(),
            2 => Event::Attached { probes: 2 },
            n if n == events => Event::Ended { reason: EndReason::Finished, exit_code: 0 },
            n => any_event(&mut dice, n),
        };
        hub.apply(&Stamped { sequence: n, at_ns: n * 20_000_000, event });
        if n == events || dice.roll(3) == 0 {
            hub.publish(n * 20_000_000);
            look(&hub, &mut dice);
        }
    }
    hub
}

#[test]
fn a_client_that_was_cut_off_anywhere_ends_like_one_that_never_was() {
    for seed in 0..300 {
        let (mut steady, mut cut) = (Client::default(), Client::default());
        let (mut steady_viewer, mut cut_viewer) = (None, None);
        let hub = run(seed, 120, |hub, dice| {
            steady.take(steady_viewer.get_or_insert_with(|| hub.watch(0)), usize::MAX);
            match dice.roll(5) {
                0 => cut_viewer = None,
                1 => {}
                _ => {
                    let viewer = cut_viewer.get_or_insert_with(|| hub.watch(cut.sequence));
                    cut.take(viewer, 1 + dice.roll(3) as usize);
                }
            }
        });
        steady.take(steady_viewer.as_mut().unwrap(), usize::MAX);
        cut.take(cut_viewer.get_or_insert_with(|| hub.watch(cut.sequence)), usize::MAX);
        assert_eq!(steady.phase, "Ended");
        assert!(cut.snapshots <= 1, "seed {seed}: {} snapshots where the backlog has it all", cut.snapshots);
        (steady.snapshots, cut.snapshots) = (0, 0);
        assert_eq!(steady, cut, "seed {seed}");
        assert_eq!(steady, hub.with_picture(Client::of), "seed {seed}");
    }
}

#[test]
fn a_client_from_before_a_restart_gets_a_snapshot() {
    let mut client = Client::default();
    run(1, 50, |hub, _| client.take(&mut hub.watch(client.sequence), usize::MAX));
    assert_eq!(client.sequence, 50);

    let mut replay = Replay::default();
    let mut dice = Dice(1);
    for n in 1..=49 {
        let event = if n == 1 { shape() } else { any_event(&mut dice, n) };
        replay.take(&Stamped { sequence: n, at_ns: n, event });
    }
    // The replayed run also ends at 50, but not with the same event.
    let hub = Arc::new(replay.into_hub());
    let before = client.snapshots;
    client.take(&mut hub.watch(client.sequence), usize::MAX);
    assert_eq!(client.snapshots, before + 1);
    assert_eq!(hub.status().end.map(|end| end.0), Some(EndReason::Interrupted));
}

#[test]
fn a_slow_viewer_is_told_what_it_missed_and_nobody_waits() {
    let hub = Arc::new(Hub::default());
    let (mut slow, mut slow_client) = (hub.watch(0), Client::default());
    slow_client.take(&mut slow, 1);
    for n in 1..=5000_u64 {
        hub.apply(&Stamped { sequence: n, at_ns: n, event: printf(&format!("{n}\n")) });
        if n % 500 == 0 {
            hub.publish(n);
        }
    }
    slow_client.take(&mut slow, usize::MAX);
    assert_eq!(slow_client.skipped, 3000);
    assert_eq!(slow_client.lines.len(), delta::MAX_LINES);
    assert_eq!(slow_client.lines.last_key_value().unwrap().0, &5000);
    assert_eq!(slow_client.sequence, 5000);
}

#[test]
fn a_viewer_that_fell_out_of_the_backlog_gets_a_snapshot() {
    let hub = Arc::new(Hub::default());
    let (mut slow, mut client) = (hub.watch(0), Client::default());
    client.take(&mut slow, 1);
    let line = "x".repeat(8000) + "\n";
    for n in 1..=2000_u64 {
        hub.apply(&Stamped { sequence: n, at_ns: n, event: printf(&line) });
        hub.publish(n);
    }
    assert!(hub.lock().backlog_bytes <= BACKLOG_BYTES);
    client.take(&mut slow, usize::MAX);
    assert_eq!((client.snapshots, client.sequence), (2, 2000));
    assert_eq!(client, Client { snapshots: 2, ..hub.with_picture(Client::of) });
}

#[test]
fn viewers_that_keep_up_share_one_encoding() {
    let hub = Arc::new(Hub::default());
    let mut viewers = [hub.watch(0), hub.watch(0)];
    let mut encodings = 0;
    for viewer in &mut viewers {
        while viewer
            .next(|_| {
                encodings += 1;
                Bytes::from_static(b"snapshot")
            })
            .is_some()
        {}
    }
    assert_eq!(encodings, 1);
    hub.apply(&Stamped { sequence: 1, at_ns: 1, event: printf("hello\n") });
    hub.publish(1);
    let deltas: Vec<_> = viewers
        .iter_mut()
        .map(|viewer| match viewer.next(|_| Bytes::new()) {
            Some(Next::Delta(delta)) => delta,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(Arc::ptr_eq(&deltas[0], &deltas[1]));
}

#[test]
fn watchers_are_counted_while_they_watch() {
    let hub = Arc::new(Hub::default());
    let (first, second) = (hub.watch(0), hub.watch(0));
    assert_eq!(hub.status().watchers, 2);
    drop(first);
    assert_eq!(hub.status().watchers, 1);
    drop(second);
    assert_eq!(hub.status().watchers, 0);
}

#[test]
fn maps_with_stacks_are_published_less_often_and_their_last_state_always() {
    let hub = Arc::new(Hub::default());
    hub.apply(&Stamped { sequence: 1, at_ns: 0, event: shape() });
    let (mut viewer, mut client) = (hub.watch(0), Client::default());
    let mut seen = Vec::new();
    for n in 2..=100_u64 {
        let entries = vec![(None, Value::Number(Number::Signed(n as i64)))];
        let both = [MapId(0), MapId(1)].map(|id| (id, MapSnapshot { entries: entries.clone(), omitted: 0 }));
        hub.apply(&Stamped { sequence: n, at_ns: n * 100_000_000, event: Event::Maps(both.to_vec()) });
        hub.publish(n * 100_000_000);
        client.take(&mut viewer, usize::MAX);
        assert_eq!(client.maps[&0].0, n);
        seen.push(client.maps.get(&1).map(|map| map.0));
    }
    seen.dedup();
    assert_eq!(seen.len(), 25);
    let end = Event::Ended { reason: EndReason::Finished, exit_code: 0 };
    hub.apply(&Stamped { sequence: 101, at_ns: 10_050_000_000, event: end });
    hub.publish(10_050_000_000);
    client.take(&mut viewer, usize::MAX);
    assert_eq!(client.maps[&1].0, 100);
}
