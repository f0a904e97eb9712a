//! One run for every front door: its events, where they come from, and who watches.

pub mod driver;
pub mod event;
pub mod names;
