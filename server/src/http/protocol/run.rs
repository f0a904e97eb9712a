//! A run as the page sees it: its state, its log, its losses and its diagnostics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct RunInfo {
    pub id: String,
    pub title: String,
    pub source: String,
    /// `$1`, `$2`, …
    pub parameters: Vec<String>,
    pub state: RunState,
    /// Why it ended, as a sentence without a full stop.
    pub reason: Option<String>,
    /// Whether it ended as it should; null while it runs.
    pub ok: Option<bool>,
    /// ISO 8601, UTC.
    pub started_at: String,
    /// So far, or in all.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// 0: no limit.
    #[ts(type = "number")]
    pub time_limit_seconds: u64,
    /// Attach points, once attached.
    pub probes: u32,
    /// Progress of a long attach.
    pub attaching: Option<Progress>,
    /// Pages that watch now.
    pub watchers: u32,
    /// Events and updates that were lost, over all causes.
    #[ts(type = "number")]
    pub lost_total: u64,
    /// Who watches, each name once.
    pub watching: Vec<Watcher>,
    /// The name of who began it.
    pub started_by: String,
    /// Kept when others make room.
    pub pinned: bool,
    /// What opens its flame graphs in a tab of their own: `?k=KEY`. Operators only.
    pub view_key: Option<String>,
    pub maps: Vec<MapShape>,
    /// Why the run is not being stored (any more); null while it is.
    pub recording_problem: Option<String>,
    /// Grows when notes are added or removed, while somebody looks at the run.
    pub notes: u32,
    /// What the probes cost so far; empty before the first second.
    pub costs: Vec<ProbeCost>,
}

/// Somebody who watches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, TS, JsonSchema)]
pub struct Watcher {
    pub name: String,
    /// Came by a link, without an account.
    pub guest: bool,
    /// In so many tabs; guests of all links are counted together.
    pub tabs: u32,
    /// What the tab shows that moved last, for those who follow: the query part of the run's address. Null for guests,
    /// and for those who have not said.
    pub at: Option<String>,
}

/// How often the programs of one probe ran, and how long that took in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeCost {
    /// The attach point, or the first of several that share the program.
    pub probe: String,
    /// Where it stands in the script, counted from 1.
    pub line: u32,
    /// How many attach points share the program.
    pub probes: u32,
    #[ts(type = "number")]
    pub hits: u64,
    #[ts(type = "number")]
    pub nanoseconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    Starting,
    Running,
    Stopping,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
}

/// A map of the script before it has content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct MapShape {
    pub id: u32,
    /// With its `@`.
    pub name: String,
    /// Type of the key; null for a map without keys.
    pub key: Option<String>,
    pub value: String,
}

/// `GET /api/runs/{id}/lines`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct LogLines {
    /// In their order.
    pub lines: Vec<LogLine>,
    /// How many there are, `lines` included.
    #[ts(type = "number")]
    pub matched: u64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct LogLine {
    /// Counts the lines of the run from 1, without gaps: a gap at the page is a line it was not sent.
    #[ts(type = "number")]
    pub sequence: u64,
    /// Milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    pub stream: LogStream,
    pub kind: LogKind,
    /// Without the newline. Bytes that are not printable UTF-8 are written `\xNN`, a backslash `\\`, an escape `\e`.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    Out,
    Error,
    Warning,
}

/// What wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    Printf,
    Time,
    Join,
    Cat,
    System,
    /// `print()` of a value.
    Value,
    /// `print()` of a map.
    Map,
    /// tracedeck itself.
    Note,
}

/// Total of one cause of loss so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Loss {
    /// Stands for the cause and its place in the script.
    pub id: u32,
    /// A stable name: `ring-full`, `map-full`, `stack-failed`, …
    pub cause: String,
    /// What happened, as a sentence without a full stop.
    pub text: String,
    #[ts(type = "number")]
    pub total: u64,
    /// When it was last seen to grow, milliseconds since the run was started.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Whether data is missing because of it; otherwise it is a warning about the script, such as a division by zero.
    pub is_loss: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct DiagnosticView {
    pub severity: DiagnosticSeverity,
    /// Stable name of the kind of diagnostic.
    pub code: String,
    pub message: String,
    /// Byte offsets in UTF-8, half open.
    pub start: u32,
    pub end: u32,
    /// The same in UTF-16 code units, as JavaScript and editors count.
    pub start_utf16: u32,
    pub end_utf16: u32,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// What to do about it.
    pub help: Vec<String>,
    /// The block that a terminal shows.
    pub rendered: String,
    /// An edit that is likely to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub replacement: Option<Replacement>,
}

/// New text for a stretch of the script, in UTF-16 code units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Replacement {
    pub start: u32,
    pub end: u32,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticSeverity {
    Warning,
    Error,
}
