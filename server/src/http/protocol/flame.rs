//! A flame graph as the explorer draws it.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

use super::Num;

/// `GET /r/ID/flame.json?map=NAME`: nodes in depth-first order, siblings by name. The first is the root.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct FlameTree {
    /// Grows with every change of the map.
    #[ts(type = "number")]
    pub version: u64,
    /// What the weights count: `samples`, or the name of the map.
    pub unit: String,
    /// Each distinct frame once.
    pub frames: Vec<FlameFrameInfo>,
    /// For each node the index of its frame.
    pub frame: Vec<u32>,
    /// For each node its distance from the root.
    pub depth: Vec<u32>,
    /// For each node the weight of the samples that end in it.
    pub own: Vec<Num>,
}

/// `GET /api/runs/ID/samples?map=NAME`: when the samples of a map with stacks came.
#[derive(Debug, Clone, PartialEq, Serialize, TS, JsonSchema)]
pub struct SampleTimes {
    /// Milliseconds that each number stands for.
    pub step_ms: u32,
    /// Weight that came in each step since the start of the run.
    pub samples: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct FlameFrameInfo {
    pub name: String,
    pub kind: FlameKind,
    /// Binary, library or kernel module.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub module: Option<String>,
    /// Why there is no symbol, as a sentence without a full stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlameKind {
    /// A part of the key that is not a stack, such as the name of a process.
    Label,
    Kernel,
    User,
    Inlined,
    /// Code that was made at run time.
    Jit,
    Unresolved,
}
