//! Requests and answers of the HTTP API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Declared, DiagnosticView, Role, RunInfo};

/// `POST /api/login`: a one-time token or that of an account, or a run and the key of a link to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(untagged)]
pub enum LoginRequest {
    Token { token: String },
    View { run: String, view: String },
}

/// The cookie holds the other half of the credential; neither alone is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LoginResponse {
    /// To be sent as `Authorization: Bearer …`, and in the first WebSocket message.
    pub secret: String,
    pub role: Role,
    /// The only run a viewer may see.
    pub run: Option<String>,
}

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ErrorBody {
    /// A stable name, such as `not-authenticated`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// `GET /api/host`
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct HostInfo {
    pub hostname: String,
    /// As `uname -r` prints it.
    pub kernel: String,
    pub cpus: u32,
    /// Of tracedeck.
    pub version: String,
    /// Whom the server runs as.
    pub user: String,
    pub features: Vec<FeatureInfo>,
    pub limits: LimitsInfo,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct FeatureInfo {
    pub name: String,
    pub available: bool,
    /// The first kernel version that has it.
    pub since: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct LimitsInfo {
    #[ts(type = "number")]
    pub source_bytes: u64,
    /// Attach points of one script.
    #[ts(type = "number")]
    pub probes: u64,
    /// Kernel memory of all maps of one script.
    #[ts(type = "number")]
    pub map_bytes: u64,
    /// 0: no limit.
    #[ts(type = "number")]
    pub time_limit_seconds: u64,
    pub runs_at_once: u32,
    pub viewers: u32,
    /// Of stored runs; the oldest make room.
    #[ts(type = "number")]
    pub storage_bytes: u64,
}

/// `GET /api/language`: what the editor completes and explains.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct LanguageInfo {
    pub keywords: Vec<String>,
    pub builtins: Vec<BuiltinInfo>,
    pub probes: Vec<ProbeTypeInfo>,
    pub config: Vec<ConfigKeyInfo>,
}

/// A key of the `config` block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ConfigKeyInfo {
    pub name: String,
    /// What it may be set to, in words.
    pub values: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct BuiltinInfo {
    pub name: String,
    pub signature: String,
    pub doc: String,
    pub example: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ProbeTypeInfo {
    /// The full name, then short ones.
    pub names: Vec<String>,
    pub syntax: String,
    pub doc: String,
    pub available: bool,
    /// Why it is not available.
    pub reason: Option<String>,
}

/// `GET /api/examples`
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct ExampleList {
    pub examples: Vec<ExampleInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ExampleInfo {
    pub id: String,
    pub title: String,
    /// The subject, such as `Disks`.
    pub category: String,
    /// What a person wants to know who picks it.
    pub question: String,
    pub script: String,
    pub how_to_read: String,
    /// How much it disturbs, in words.
    pub cost: String,
    /// What shows the answer best.
    pub view: ExampleView,
    /// `$1`, `$2`, …
    pub parameters: Vec<ScriptParameter>,
    /// Why it cannot run on this machine; null when it can.
    pub problem: Option<String>,
}

/// A field of the form that a script is started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ScriptParameter {
    /// Without `--`; `$1` where nothing better is known.
    pub name: String,
    pub kind: ParameterKind,
    /// What stands for it where it is not given.
    pub default: String,
    /// Where the script cannot do without it: a value that can stand there.
    pub example: Option<String>,
    pub doc: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// `$1`, `$2`, … in this order.
    Positional,
    /// `--name`
    Flag,
    /// `--name=true`
    Bool,
    /// `--name=5`
    Number,
    /// `--name=text`
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExampleView {
    Flame,
    Table,
    Histogram,
    Log,
}

/// `POST /api/check`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    pub source: String,
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub parameters: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct CheckResponse {
    pub diagnostics: Vec<DiagnosticView>,
    /// Attach points, every match of a pattern; 0 with errors.
    pub probes: u32,
    /// Those that are functions, where they are so many that whoever starts the script should be asked; else 0.
    pub many_functions: u32,
    pub maps: Vec<CheckedMap>,
    /// Scratch variables; empty with errors.
    pub variables: Vec<Declared>,
    /// What the script takes; with errors only `$1`, `$2`, ….
    pub parameters: Vec<ScriptParameter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct CheckedMap {
    pub name: String,
    pub key: Option<String>,
    pub value: String,
}

/// `POST /api/runs`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequestBody {
    pub source: String,
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub parameters: Vec<String>,
    /// Only these processes are traced; none: all.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<u32>>")]
    pub pids: Vec<u32>,
    /// What these processes start is traced, too.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub follow: bool,
    /// Only processes in this control group (v2) and below are traced: its path, its id, or a part of its name.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub cgroup: Option<String>,
    /// The tracer's own processes are traced like all others.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub include_self: bool,
    #[serde(default)]
    #[ts(optional = nullable)]
    pub title: Option<String>,
    /// At most the server's limit, which is also what is taken without it.
    #[serde(default)]
    #[ts(optional = nullable, type = "number")]
    pub time_limit_seconds: Option<u64>,
    /// Chosen by the page for one press of Run: the same key again answers with the same run.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RunCreated {
    pub id: String,
}

/// `POST /api/runs/ID/pin`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinRequest {
    pub pinned: bool,
}

/// Whether a map of a run is exposed at `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricRequest {
    /// With `@`.
    pub map: String,
    pub exposed: bool,
}

/// Maps of a run that are exposed at `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct MetricsOfRun {
    /// With `@`, by name.
    pub maps: Vec<String>,
}

/// `GET /api/runs`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct RunList {
    pub runs: Vec<RunInfo>,
}
