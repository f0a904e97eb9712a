//! A recorded run: as a hub that shows what was kept, or as a driver that plays it again.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::manifest::MapId;

use super::driver::{Driver, StopHandle};
use super::event::{EndReason, Event, Stamped};
use super::hub::Hub;
use super::steps::Step;

/// Builds a hub in the state that recorded events lead to.
#[derive(Debug, Default)]
pub struct Replay {
    hub: Hub,
    sequence: u64,
    at_ns: u64,
    has_ended: bool,
}

impl Replay {
    /// Takes the next event.
    pub fn take(&mut self, stamped: &Stamped) {
        (self.sequence, self.at_ns) = (stamped.sequence, stamped.at_ns);
        self.has_ended |= matches!(stamped.event, Event::Ended { .. });
        self.hub.apply(stamped);
    }

    /// Takes what came into maps after the last state of them that was taken.
    pub fn step(&mut self, steps: Vec<Step>) {
        let mut maps: BTreeMap<u32, MapSnapshot> = BTreeMap::new();
        for step in steps {
            self.at_ns = self.at_ns.max(step.at_ns);
            let known = || {
                self.hub.with_picture(|picture| Some(picture.maps.get(step.map.index())?.as_ref()?.snapshot.clone()))
            };
            let snapshot = maps.entry(step.map.0).or_insert_with(|| known().unwrap_or_default());
            step.apply(snapshot);
        }
        if !maps.is_empty() {
            let maps = maps.into_iter().map(|(id, snapshot)| (MapId(id), snapshot)).collect();
            self.hub.apply(&Stamped { sequence: self.sequence, at_ns: self.at_ns, event: Event::Maps(maps) });
        }
    }

    /// The hub as of the last event that was taken.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The number of the last event that was taken.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the last event that was taken happened.
    pub fn at_ns(&self) -> u64 {
        self.at_ns
    }

    /// The hub after the last event. A run without an end ended with its server.
    pub fn into_hub(mut self) -> Hub {
        if !self.has_ended {
            let event = Event::Ended { reason: EndReason::Interrupted, exit_code: 1 };
            self.take(&Stamped { sequence: self.sequence + 1, at_ns: self.at_ns, event });
        }
        self.hub.mark_recording();
        self.hub.publish(self.at_ns);
        self.hub
    }
}

/// Plays recorded events as fast as they are taken.
pub struct ReplayDriver {
    events: Option<Receiver<Event>>,
}

impl ReplayDriver {
    pub fn start(events: Vec<Event>) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(1024);
        thread::Builder::new().name("replay".to_owned()).spawn(move || {
            for event in events {
                if sender.send(event).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { events: Some(receiver) })
    }
}

impl Driver for ReplayDriver {
    fn events(&mut self) -> Option<Receiver<Event>> {
        self.events.take()
    }

    fn stop(&self) {}

    fn handle(&self) -> Box<dyn StopHandle> {
        Box::new(Nothing)
    }
}

/// A replay ends by itself.
struct Nothing;

impl StopHandle for Nothing {
    fn stop(&self) {}
}
