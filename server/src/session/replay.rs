//! A recorded run: as a hub that shows what was kept, or as a driver that plays it again.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::driver::{Driver, StopHandle};
use super::event::{EndReason, Event, Stamped};
use super::hub::Hub;

/// A hub in the state that these events lead to. A run without an end ended with its server.
pub fn hub(events: impl IntoIterator<Item = Stamped>) -> Arc<Hub> {
    let hub = Hub::default();
    let (mut sequence, mut at_ns, mut ended) = (0, 0, false);
    for stamped in events {
        (sequence, at_ns) = (stamped.sequence, stamped.at_ns);
        ended |= matches!(stamped.event, Event::Ended { .. });
        hub.apply(&stamped);
    }
    if !ended {
        let event = Event::Ended { reason: EndReason::Interrupted, exit_code: 1 };
        hub.apply(&Stamped { sequence: sequence + 1, at_ns, event });
    }
    hub.mark_recording();
    hub.publish(at_ns);
    Arc::new(hub)
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
