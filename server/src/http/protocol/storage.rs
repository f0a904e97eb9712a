//! What the server keeps, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/storage`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct StorageInfo {
    /// Days that an ended run is kept; 0: as long as there is room.
    pub keep_days: u32,
    /// Of the database's file.
    #[ts(type = "number")]
    pub used_bytes: u64,
    /// The most that it may have; the oldest runs make room.
    #[ts(type = "number")]
    pub limit_bytes: u64,
    /// Recorded runs, without the copies behind links.
    pub runs: u32,
    /// Runs that are kept whatever their age: pinned, or behind a link that is open.
    pub kept: u32,
    /// Runs that the next cleaning deletes; it comes once a minute.
    pub due: u32,
    /// ISO 8601, UTC; null without runs.
    pub oldest: Option<String>,
}

/// `POST /api/storage`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageRequest {
    pub keep_days: u32,
}
