//! What the page and the server say to each other: the only browser-facing types. `frontend/src/protocol.gen.ts` is
//! generated from this module by `cargo xtask codegen`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod api;
mod course;
mod editor;
mod flame;
mod history;
mod notes;
mod number;
mod on_this_box;
mod probes;
mod run;
mod storage;
mod team;
mod values;

pub use api::*;
pub use course::*;
pub use editor::*;
pub use flame::*;
pub use history::*;
pub use notes::*;
pub use number::Num;
pub use on_this_box::*;
pub use probes::*;
pub use run::*;
pub use storage::*;
pub use team::*;
pub use values::*;

pub use crate::store::users::Role;

/// A message of the page on the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// The first message: who is asking, and for which run.
    Hello {
        /// The half of the credential that scripts hold; None for clients that sent `Authorization` on the upgrade.
        #[serde(default)]
        #[ts(optional = nullable)]
        secret: Option<String>,
        run: String,
        /// The last sequence number the page has seen of this run; 0 for none.
        #[serde(default)]
        #[ts(type = "number")]
        after: u64,
    },
    /// Watch another run on the same socket.
    Subscribe {
        run: String,
        #[serde(default)]
        #[ts(type = "number")]
        after: u64,
    },
    /// Stop the run that is being watched. Who began it, and administrators.
    Stop,
    /// What this page shows of the run from now on, for those who follow its reader: the query part of its address.
    Looking { address: String },
}

/// A message of the server on the WebSocket. Encoded once for all viewers of a run.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "built, encoded and dropped; never stored")]
pub enum ServerMessage {
    Snapshot(Snapshot),
    Update(Update),
    /// This viewer was too slow: so many log lines were left out for it.
    Skipped {
        #[ts(type = "number")]
        lines: u64,
    },
    /// This viewer took no message for so long that the server lets it go; the connection ends with this.
    Evicted {
        #[ts(type = "number")]
        seconds: u64,
    },
    Error {
        message: String,
    },
}

/// All there is to see of a run at one moment. Replaces what the page had.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct Snapshot {
    /// The last event that is included.
    #[ts(type = "number")]
    pub sequence: u64,
    /// Milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    pub run: RunInfo,
    pub log: Vec<LogLine>,
    /// Lines that the server no longer keeps.
    #[ts(type = "number")]
    pub log_dropped: u64,
    pub maps: Vec<MapView>,
    pub lost: Vec<Loss>,
    pub diagnostics: Vec<DiagnosticView>,
    /// Lines of output and values that went into counts, histograms and statistics, so far.
    #[ts(type = "number")]
    pub events: u64,
}

/// What changed since the message before. A part that is left out has not changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, TS, JsonSchema)]
pub struct Update {
    #[ts(type = "number")]
    pub sequence: u64,
    /// Milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// To append.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<LogLine>>")]
    pub log: Vec<LogLine>,
    /// Each replaces the map of the same id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<MapView>>")]
    pub maps: Vec<MapView>,
    /// Each replaces the loss of the same id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Loss>>")]
    pub lost: Vec<Loss>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunInfo>,
    /// To append.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<DiagnosticView>>")]
    pub diagnostics: Vec<DiagnosticView>,
    /// Lines of output per second of late.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rate: Option<f64>,
    /// As in the snapshot.
    #[ts(type = "number")]
    pub events: u64,
}

#[cfg(test)]
mod codegen;
#[cfg(test)]
mod samples;
