//! What a run did over time, for the strip under the top bar and for heat maps.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

use super::Bucket;

/// `GET /api/runs/ID/history`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS, JsonSchema)]
pub struct History {
    /// Totals so far, oldest first, evenly spaced.
    pub points: Vec<HistoryPoint>,
    pub histograms: Vec<HistogramHistory>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct HistoryPoint {
    /// Milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Lines of output and values that went into counts, histograms and statistics.
    #[ts(type = "number")]
    pub events: u64,
    /// Events and updates that were lost.
    #[ts(type = "number")]
    pub lost: u64,
}

/// The content of a map of histograms over time, its keys added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct HistogramHistory {
    /// With its `@`.
    pub map: String,
    pub points: Vec<HistogramPoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct HistogramPoint {
    /// Milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Totals so far.
    pub buckets: Vec<Bucket>,
}
