//! What is attached to the machine.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

use super::RunInfo;

/// `GET /api/box`
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct OnThisBox {
    /// Of a clock that never jumps, to tell rates from two answers.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Runs of this server that are not over, newest first.
    pub runs: Vec<BoxRun>,
    /// Processes that hold BPF programs or links and are not this server's.
    pub others: Vec<BpfHolder>,
    /// Whether the kernel measures how long programs run (`kernel.bpf_stats_enabled`).
    pub measured: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct BoxRun {
    pub run: RunInfo,
    /// The worker process.
    pub pid: Option<u32>,
    /// CPU time of the worker so far.
    #[ts(type = "number")]
    pub cpu_ms: u64,
    /// Time in its programs so far; null where the kernel does not measure it.
    #[ts(type = "number | null")]
    pub kernel_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct BpfHolder {
    pub pid: u32,
    pub name: String,
    pub user: String,
    /// Programs of each type: `tracing`, `kprobe`.
    pub programs: Vec<BpfPrograms>,
    pub links: u32,
    #[ts(type = "number")]
    pub cpu_ms: u64,
    #[ts(type = "number | null")]
    pub kernel_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct BpfPrograms {
    pub kind: String,
    pub count: u32,
}
