//! What changed between two moments of a run; all viewers share one, encoded once.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::log::Line;
use super::loss::Loss;
use super::picture::{MapState, Status};
use crate::session::event::RunDiagnostic;

/// The most lines of one delta; the older ones of a burst are counted and left out.
pub const MAX_LINES: usize = 2_000;

#[derive(Debug, Default)]
pub struct Delta {
    /// Counts the deltas of a hub from 1, without gaps.
    pub number: u64,
    /// The last event that is included.
    pub sequence: u64,
    pub at_ns: u64,
    /// To append to the log.
    pub log: Vec<Arc<Line>>,
    /// Lines left out before the first of `log`.
    pub skipped: u64,
    /// Each replaces the content of its map.
    pub maps: Vec<Arc<MapState>>,
    pub losses: Vec<Loss>,
    pub status: Option<Status>,
    pub diagnostics: Vec<Arc<RunDiagnostic>>,
    /// Lines of output per second of late.
    pub rate: Option<f64>,
    /// The form on the wire; the first viewer that needs it makes it.
    pub encoded: OnceLock<Bytes>,
}

impl Delta {
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
            && self.skipped == 0
            && self.maps.is_empty()
            && self.losses.is_empty()
            && self.status.is_none()
            && self.diagnostics.is_empty()
    }

    pub fn put_map(&mut self, map: Arc<MapState>) {
        match self.maps.iter_mut().find(|old| old.id == map.id) {
            Some(old) => *old = map,
            None => self.maps.push(map),
        }
    }

    pub fn lose(&mut self, loss: Loss) {
        match self.losses.iter_mut().find(|old| old.id == loss.id) {
            Some(old) => *old = loss,
            None => self.losses.push(loss),
        }
    }

    /// Adds what came after this delta.
    pub fn merge(&mut self, later: &Self) {
        self.number = later.number;
        self.sequence = later.sequence;
        self.at_ns = later.at_ns;
        self.skipped += later.skipped;
        self.log.extend(later.log.iter().cloned());
        later.maps.iter().for_each(|map| self.put_map(Arc::clone(map)));
        later.losses.iter().for_each(|loss| self.lose(loss.clone()));
        self.diagnostics.extend(later.diagnostics.iter().cloned());
        if later.status.is_some() {
            self.status.clone_from(&later.status);
        }
        if later.rate.is_some() {
            self.rate = later.rate;
        }
    }

    /// Leaves out the oldest lines beyond [`MAX_LINES`] and counts them.
    pub fn trim_log(&mut self) {
        if self.log.len() > MAX_LINES {
            let excess = self.log.len() - MAX_LINES;
            self.log.drain(..excess);
            self.skipped += excess as u64;
        }
    }

    /// About how many bytes it keeps alive.
    pub fn weight(&self) -> usize {
        let log: usize = self.log.iter().map(|line| line.text.len() + 64).sum();
        let maps: usize = self.maps.iter().map(|map| map.snapshot.entries.len() * 96 + 64).sum();
        log + maps + self.encoded.get().map_or(0, Bytes::len) + 256
    }
}
