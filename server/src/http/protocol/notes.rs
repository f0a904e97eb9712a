//! What people write to places of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum NotePlace {
    /// Milliseconds since the run was started.
    Moment {
        #[ts(type = "number")]
        at_ms: u64,
    },
    /// A frame of a flame graph.
    Frame {
        map: String,
        /// As it stands in the page's address.
        zoom: String,
        name: String,
    },
    /// A bucket of a histogram.
    Bucket {
        map: String,
        /// The keys, as the page writes them; empty for a map without keys.
        key: String,
        bucket: String,
    },
}

/// `POST /api/runs/ID/notes`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    pub place: NotePlace,
    pub text: String,
    /// The query of the page's address that shows the place.
    #[serde(default)]
    pub address: String,
}

/// `GET /api/runs/ID/notes`, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct NoteList {
    pub notes: Vec<NoteInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct NoteInfo {
    #[ts(type = "number")]
    pub id: i64,
    pub place: NotePlace,
    pub address: String,
    pub text: String,
    pub author: String,
    /// ISO 8601, UTC.
    pub created_at: String,
}
