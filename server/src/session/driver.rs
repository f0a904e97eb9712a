//! Where events come from: the live kernel in this process, a worker process, or a recorded run.

use std::sync::mpsc::Receiver;

use serde::{Deserialize, Serialize};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::{Part, SourceFile};

use super::event::Event;

/// All that starts a run. Plain data: it crosses the socket to a worker process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    /// What messages call the script: a file name, or `stdin`.
    pub source_name: String,
    pub source: String,
    /// The files that the script imports; None: it may not import any.
    #[serde(default)]
    pub imported: Option<Vec<Part>>,
    pub options: CompileOptions,
    /// `-c`: start this command when all is attached and end with it.
    pub command: Option<String>,
    /// Stop after attaching.
    pub dry_run: bool,
    /// Send `Event::Maps` while running (a terminal that prints text does not need them).
    pub live_maps: bool,
    /// At most this many entries of one map in a live snapshot; the largest are kept. 0: all.
    pub live_map_entries: u32,
    /// Seconds after which the run ends by itself; 0: never.
    pub time_limit_seconds: u64,
    /// Tell how often the probes fire and how long that takes (`Event::Costs`).
    #[serde(default)]
    pub measure: bool,
    /// The server that runs it, whose processes are left out like this one; None in a terminal.
    #[serde(default)]
    pub server: Option<u32>,
    /// Where else to look for debug information, beside the usual directories.
    #[serde(default)]
    pub debug_directories: Vec<String>,
}

impl RunRequest {
    /// The script with what it imports.
    pub fn source_file(&self) -> SourceFile {
        let main = SourceFile::new(self.source_name.clone(), self.source.clone());
        match &self.imported {
            Some(parts) => main.with_parts(parts.clone()),
            None => main,
        }
    }
}

/// A run under way. Dropping it stops the run and lets the kernel objects go.
pub trait Driver: Send {
    /// Events in order; the channel closes after `Event::Ended`. Taken once.
    fn events(&mut self) -> Option<Receiver<Event>>;
    /// Asks the run to end: mutes the programs at once, runs `end` probes, takes the final maps. Idempotent.
    fn stop(&self);
    /// The process that traces, if it is another one.
    fn process(&self) -> Option<u32> {
        None
    }
    /// A handle for stopping from another thread, such as a signal handler.
    fn handle(&self) -> Box<dyn StopHandle>;
}

/// Stops a run from another thread.
pub trait StopHandle: Send + Sync {
    fn stop(&self);
}
