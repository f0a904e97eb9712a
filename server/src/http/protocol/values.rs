//! The content of maps as the page draws it.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

use super::Num;

/// One map at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct MapView {
    /// Index of its shape in `RunInfo.maps`.
    pub id: u32,
    /// With its `@`.
    pub name: String,
    /// Grows with every change of the content.
    #[ts(type = "number")]
    pub version: u64,
    pub kind: MapKind,
    /// Without a key: at most one entry.
    pub scalar: bool,
    /// A type for each part of the key.
    pub key_parts: Vec<String>,
    /// A part of the key (or the value) is a stack: there is a flame graph at `/r/ID/flame.svg?map=NAME`.
    pub has_stack: bool,
    /// Keys in the map.
    #[ts(type = "number")]
    pub total_entries: u64,
    /// Keys that are not among `entries`.
    #[ts(type = "number")]
    pub omitted: u64,
    /// Sum over all keys of the map that the server knows; null for values that do not add up.
    pub sum: Option<Num>,
    /// The largest, in descending order.
    pub entries: Vec<MapEntry>,
}

/// Which form all values of a map have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MapKind {
    Number,
    Stats,
    Histogram,
    Series,
    Text,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct MapEntry {
    /// Empty for a scalar map.
    pub key: Vec<KeyPart>,
    pub value: MapValue,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
#[serde(tag = "t", content = "v", rename_all = "lowercase")]
pub enum KeyPart {
    /// Escaped as the text of log lines is.
    Text(String),
    Number(Num),
    /// Innermost frame first.
    Stack(Vec<Frame>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Frame {
    pub name: String,
    /// Binary, library or kernel module.
    pub module: Option<String>,
    pub kind: FrameKind,
    /// Why there is no symbol, as a sentence without a full stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    Kernel,
    User,
    Inlined,
    /// Code that was made at run time.
    Jit,
    Unresolved,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum MapValue {
    Number {
        v: Num,
    },
    Stats {
        count: Num,
        average: Num,
        total: Num,
    },
    /// From the first bucket that holds something to the last.
    Histogram {
        buckets: Vec<Bucket>,
    },
    /// Oldest first; intervals without a value are left out.
    Series {
        points: Vec<Point>,
        #[ts(type = "number")]
        interval_ms: u64,
    },
    Text {
        v: String,
    },
}

/// A bucket of a histogram: `low <= value < high`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Bucket {
    /// As the terminal writes it: `[4, 8)`.
    pub label: String,
    /// Null: no lower bound.
    pub low: Option<Num>,
    /// Null: no upper bound.
    pub high: Option<Num>,
    pub count: Num,
}

/// A point of a time series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Point {
    /// ISO 8601, UTC: the start of the interval.
    pub at: String,
    pub value: Num,
}
