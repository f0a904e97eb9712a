//! Where the events of a run are kept while it goes on.

use std::sync::Arc;

use super::event::Stamped;
use super::hub::picture::Status;

/// Takes the events of one run in order. Never blocks for long and never fails the run: what goes wrong is told by
/// [`Recorder::problem`].
pub trait Recorder: Send {
    fn record(&mut self, event: &Arc<Stamped>);
    /// Called several times a second, also when nothing happens.
    fn tick(&mut self);
    /// Why events are not being kept (any more), as a sentence; None while they are.
    fn problem(&self) -> Option<String>;
    /// The run has ended like this: keeps all that is left.
    fn finish(&mut self, status: &Status);
}

/// Keeps nothing.
#[derive(Debug, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&mut self, _: &Arc<Stamped>) {}
    fn tick(&mut self) {}
    fn problem(&self) -> Option<String> {
        None
    }
    fn finish(&mut self, _: &Status) {}
}
