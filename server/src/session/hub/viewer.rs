//! One who watches a run at its own speed.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::Hub;
use super::delta::Delta;
use super::picture::Picture;

/// A viewer that is further behind gets what it missed merged into one delta.
const MAX_BEHIND: u64 = 4;

/// What a viewer is to be sent next.
#[derive(Debug)]
pub enum Next {
    /// Encoded by the function that was given to [`Viewer::next`].
    Snapshot(Bytes),
    /// Shared by all viewers that keep up.
    Delta(Arc<Delta>),
    /// Made for this viewer alone: it was behind.
    Merged(Box<Delta>),
}

/// Counts as a watcher of the hub while it lives.
#[derive(Debug)]
pub struct Viewer {
    hub: Arc<Hub>,
    published: watch::Receiver<u64>,
    position: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Has seen nothing, or nothing that the backlog still connects to.
    New,
    /// Has seen all up to this event in an earlier connection.
    Resuming(u64),
    /// Has seen all up to this delta.
    At(u64),
}

impl Hub {
    /// A new viewer that has seen the events up to `after` (0: none) of this run.
    pub fn watch(self: &Arc<Self>, after: u64) -> Viewer {
        let now_ns = self.with_picture(|picture| picture.at_ns);
        self.change_status(now_ns, |status| status.watchers += 1);
        let position = if after == 0 { Position::New } else { Position::Resuming(after) };
        Viewer { hub: Arc::clone(self), published: self.published.subscribe(), position }
    }
}

impl Viewer {
    /// Waits until [`Viewer::next`] has something. May return early.
    pub async fn changed(&mut self) {
        let seen = match self.position {
            Position::At(number) => number,
            Position::New | Position::Resuming(_) => return,
        };
        // The sender lives in the hub that this viewer holds, so waiting cannot fail.
        let _ = self.published.wait_for(|number| *number > seen).await;
    }

    /// What to send next, or None when the viewer is up to date.
    pub fn next(&mut self, encode_snapshot: impl FnOnce(&Picture) -> Bytes) -> Option<Next> {
        let mut inner = self.hub.lock();
        let last = inner.last_number;
        match self.position {
            Position::At(number) if number == last => return None,
            Position::At(number) => {
                let behind = last - number;
                if let Some(mut deltas) = inner.after(number) {
                    if behind <= MAX_BEHIND {
                        let delta = Arc::clone(deltas.next()?);
                        self.position = Position::At(delta.number);
                        return Some(Next::Delta(delta));
                    }
                    let merged = merge(deltas);
                    self.position = Position::At(last);
                    return Some(Next::Merged(Box::new(merged)));
                }
            }
            Position::Resuming(sequence) if !inner.is_recording => {
                // Only where a delta ended exactly there is the viewer's state one that this hub knows.
                let known = inner.backlog.iter().rev().find(|(_, _, delta)| delta.sequence <= sequence);
                if let Some(number) = known.filter(|(_, _, delta)| delta.sequence == sequence).map(|(_, _, d)| d.number)
                    && let Some(deltas) = inner.after(number)
                {
                    let mut merged = merge(deltas);
                    // The status may have changed without an event.
                    merged.status = Some(inner.picture.status_now());
                    merged.sequence = inner.last_sequence;
                    merged.at_ns = inner.picture.at_ns;
                    self.position = Position::At(last);
                    return Some(Next::Merged(Box::new(merged)));
                }
            }
            Position::New | Position::Resuming(_) => {}
        }
        // A snapshot must be the state at the end of a delta, or the next one would repeat a part of it.
        if let Some(number) = inner.publish() {
            self.hub.published.send_replace(number);
        }
        let last = inner.last_number;
        self.position = Position::At(last);
        let bytes = match &inner.snapshot {
            Some((number, bytes)) if *number == last => bytes.clone(),
            _ => {
                let bytes = encode_snapshot(&inner.picture);
                inner.snapshot = Some((last, bytes.clone()));
                bytes
            }
        };
        Some(Next::Snapshot(bytes))
    }

    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let now_ns = self.hub.with_picture(|picture| picture.at_ns);
        self.hub.change_status(now_ns, |status| status.watchers = status.watchers.saturating_sub(1));
    }
}

fn merge<'a>(deltas: impl Iterator<Item = &'a Arc<Delta>>) -> Delta {
    let mut merged = Delta::default();
    deltas.for_each(|delta| merged.merge(delta));
    merged.trim_log();
    merged
}
