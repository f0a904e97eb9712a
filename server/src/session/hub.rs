//! The middle of a run: events go in, viewers of any speed take out a snapshot and then what changed.
//!
//! Viewers pull. A fast one gets each delta as it is published, shared and encoded once; one that fell behind gets what
//! it missed merged into one; one that fell too far behind, or comes new, gets a snapshot. So nobody waits for anybody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracedeck_compiler::manifest::MapId;

use self::delta::Delta;
use self::picture::{Phase, Picture, Status};
use self::rate::Rate;
use super::event::{Event, Stamped};
use super::names::Names;

pub mod delta;
pub mod log;
pub mod loss;
pub mod picture;
mod rate;
pub mod viewer;

#[cfg(test)]
mod tests;

/// Maps with stacks are long messages, and nobody reads ten flame graphs in a second.
const STACK_MAPS_EVERY_NS: u64 = 400_000_000;
/// The most time and memory of deltas that are kept for viewers that were cut off.
const BACKLOG_AGE: Duration = Duration::from_secs(60);
const BACKLOG_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub struct Hub {
    inner: Mutex<Inner>,
    /// Names and stacks that values refer to. They only ever grow.
    names: RwLock<Names>,
    /// The number of the last delta.
    published: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    picture: Picture,
    pending: Delta,
    rate: Rate,
    backlog: VecDeque<(Instant, usize, Arc<Delta>)>,
    backlog_bytes: usize,
    /// Number and sequence of the last delta.
    last_number: u64,
    last_sequence: u64,
    /// The snapshot's form on the wire and the number of the delta that it includes.
    snapshot: Option<(u64, bytes::Bytes)>,
    is_recording: bool,
    /// When each map with stacks was last published.
    stack_maps_at: HashMap<MapId, u64>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { inner: Mutex::default(), names: RwLock::new(Names::default()), published: watch::Sender::new(0) }
    }
}

impl Hub {
    /// Takes an event in. Viewers see it with the next [`Hub::publish`].
    pub fn apply(&self, stamped: &Stamped) {
        if matches!(stamped.event, Event::Compiled(_) | Event::Names(_) | Event::Stacks(_)) {
            self.names.write().unwrap_or_else(PoisonError::into_inner).apply(&stamped.event);
        }
        let names = self.names();
        let mut inner = self.lock();
        let Inner { picture, pending, .. } = &mut *inner;
        picture.apply(stamped, &names, pending);
    }

    /// Hands what changed since the last time to all viewers. `now_ns` counts from the start of the run.
    pub fn publish(&self, now_ns: u64) {
        let mut inner = self.lock();
        let Inner { picture, pending, rate, .. } = &mut *inner;
        if picture.status.phase != Phase::Ended {
            picture.advance(now_ns, pending);
        }
        pending.rate = rate.at(picture.at_ns, picture.log.total());
        if let Some(number) = inner.publish() {
            drop(inner);
            self.published.send_replace(number);
        }
    }

    /// The hub shows a recording: sequence numbers of viewers may be of a run that went on after what was recorded, so
    /// each viewer begins with a snapshot.
    pub fn mark_recording(&self) {
        self.lock().is_recording = true;
    }

    /// Changes the status by something that is no event of the script, and tells the viewers.
    pub fn change_status(&self, now_ns: u64, change: impl FnOnce(&mut Status)) {
        let mut inner = self.lock();
        let Inner { picture, pending, .. } = &mut *inner;
        picture.change_status(pending, change);
        let changed = pending.status.is_some();
        drop(inner);
        if changed {
            self.publish(now_ns);
        }
    }

    pub fn status(&self) -> Status {
        self.lock().picture.status_now()
    }

    /// Lines per second over about the last second.
    pub fn rate(&self) -> f64 {
        self.lock().rate.shown()
    }

    /// Looks at the current state, as of the last delta or later.
    pub fn with_picture<T>(&self, look: impl FnOnce(&Picture) -> T) -> T {
        look(&self.lock().picture)
    }

    /// What turns the numbers in values into names.
    pub fn names(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves a picture that is still worth showing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes a delta of what is pending, if there is anything; its number.
    fn publish(&mut self) -> Option<u64> {
        if self.pending.is_empty() && self.pending.rate.is_none() && self.picture.sequence == self.last_sequence {
            return None;
        }
        let mut delta = std::mem::take(&mut self.pending);
        self.hold_back(&mut delta);
        if delta.is_empty() && delta.rate.is_none() && self.picture.sequence == self.last_sequence {
            return None;
        }
        delta.trim_log();
        self.last_number += 1;
        delta.number = self.last_number;
        delta.sequence = self.picture.sequence;
        delta.at_ns = self.picture.at_ns;
        self.last_sequence = delta.sequence;
        self.keep(Arc::new(delta));
        Some(self.last_number)
    }

    /// Leaves maps with stacks that were published a moment ago for a later delta. The last state is never held back.
    fn hold_back(&mut self, delta: &mut Delta) {
        let now_ns = self.picture.at_ns;
        let is_over = self.picture.status.phase == Phase::Ended;
        for map in std::mem::take(&mut delta.maps) {
            if self.picture.has_stacks(map.id) {
                let last = self.stack_maps_at.entry(map.id).or_default();
                if !is_over && *last != 0 && now_ns.saturating_sub(*last) < STACK_MAPS_EVERY_NS {
                    self.pending.put_map(map);
                    continue;
                }
                *last = now_ns;
            }
            delta.maps.push(map);
        }
    }

    fn keep(&mut self, delta: Arc<Delta>) {
        let weight = delta.weight();
        self.backlog_bytes += weight;
        self.backlog.push_back((Instant::now(), weight, delta));
        while let Some((at, weight, _)) = self.backlog.front()
            && (at.elapsed() > BACKLOG_AGE || (self.backlog_bytes > BACKLOG_BYTES && self.backlog.len() > 1))
        {
            self.backlog_bytes -= weight;
            self.backlog.pop_front();
        }
    }

    /// The deltas after that number, if all of them are still there.
    fn after(&self, number: u64) -> Option<impl Iterator<Item = &Arc<Delta>>> {
        let first = self.backlog.front().map_or(self.last_number + 1, |(_, _, delta)| delta.number);
        (number + 1 >= first && number <= self.last_number)
            .then(|| self.backlog.iter().map(|(_, _, delta)| delta).skip((number + 1 - first) as usize))
    }
}
