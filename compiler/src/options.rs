//! What a person may choose for one compilation, beside the script itself.

use crate::kernel::Feature;

/// Limits that protect the machine from a script; each has its own error.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    pub max_source_bytes: usize,
    /// Nesting of brackets, blocks and operators.
    pub max_depth: usize,
    pub max_nodes: usize,
    /// Attach points after expansion.
    pub max_probes: usize,
    /// Programs that are generated.
    pub max_programs: usize,
    /// Estimated kernel memory of all maps, bytes.
    pub max_map_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_source_bytes: 64 << 10,
            max_depth: 64,
            max_nodes: 20_000,
            max_probes: 1024,
            max_programs: 1024,
            max_map_bytes: 512 << 20,
        }
    }
}

/// Which probes of a script are compiled: those that trace, its tests, its benchmarks. `begin` and `end` always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Purpose {
    #[default]
    Trace,
    Test,
    Bench,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CompileOptions {
    pub limits: Limits,
    /// `--test`, `--bench`
    #[serde(default)]
    pub purpose: Purpose,
    /// `$1`, `$2`, …
    pub positional: Vec<String>,
    /// `--name=value` after `--`; no value for a flag.
    pub named: Vec<(String, Option<String>)>,
    /// `-p`: only this process (tgid).
    pub pid: Option<u32>,
    /// Whether there is a `-c` child; its pid is in the globals.
    pub has_child: bool,
    /// `--unsafe`
    pub allow_unsafe: bool,
    /// `-k`: count failed memory reads.
    pub count_read_failures: bool,
    /// `BPFTRACE_*` of the environment: config keys that win over the script's block.
    pub environment: Vec<(String, String)>,
    /// `--probe-filter`: only attach points whose name a regular expression matches; begin and end always.
    pub probe_filter: Option<String>,
    /// `--no-feature`: what the kernel has and the script is to do without.
    pub without: Vec<Feature>,
}
