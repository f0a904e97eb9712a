//! What there is to trace.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

/// `GET /api/probes?query=…&limit=…`: attach points that have the letters of each word of the query in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeMatches {
    /// How many match.
    pub total: u32,
    /// The best of them, best first: `tracepoint:sched:sched_switch`.
    pub names: Vec<String>,
}

/// `GET /api/probes/arguments?name=…`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeArguments {
    /// C declarations of what the probe can read.
    pub arguments: Vec<String>,
}

/// `GET /api/probes/tree?prefix=…`: the attach points by provider and category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeTree {
    pub children: Vec<ProbeNode>,
    /// How many more there are.
    pub omitted: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeNode {
    /// From the beginning: `tracepoint:`, `tracepoint:sched:`, `tracepoint:sched:sched_switch`.
    pub name: String,
    /// How many attach points begin so.
    pub probes: u32,
    pub is_branch: bool,
}

/// `GET /api/processes`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProcessList {
    pub processes: Vec<ProcessInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProcessInfo {
    pub pid: u32,
    pub name: String,
    /// The file that it runs.
    pub program: String,
}

/// `GET /api/processes/PID/files`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProcessFiles {
    /// Its program and libraries.
    pub files: Vec<String>,
}
