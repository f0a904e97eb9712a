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

/// Which processes a run traces. What belongs to none, `begin`, `end`, `interval` and the like, runs in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessFilter {
    /// Only these (tgids); empty: all.
    pub pids: Vec<u32>,
    /// What they, or the `-c` command, have started and will start, too.
    pub follow: bool,
    /// A control group (v2), by its path, its id or a part of its name: only processes in it and in the groups below.
    pub cgroup: Option<String>,
    /// The tracer's own processes are left out where nobody asked for them.
    pub without_own: bool,
}

impl ProcessFilter {
    /// Only one process.
    pub fn one(pid: u32) -> Self {
        Self { pids: vec![pid], ..Self::default() }
    }

    /// The process whose files and libraries a script means.
    pub fn first(&self) -> Option<u32> {
        self.pids.first().copied()
    }

    /// The tracer's own processes are left out, unless somebody asks for processes by their number, or the script for
    /// the tracer by its name.
    pub fn leave_out_own(self, source: &str) -> Self {
        let is_meant = ["\"tracedeck", "\"bpftrace"].iter().any(|name| source.contains(name));
        Self { without_own: self.pids.is_empty() && !self.follow && !is_meant, ..self }
    }

    /// The processes that the kernel is told to restrict a uprobe to: it cannot follow.
    pub fn for_uprobes(&self) -> Vec<u32> {
        if self.follow { Vec::new() } else { self.pids.clone() }
    }
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
    /// `-p`, `--follow`, `--cgroup`.
    #[serde(default)]
    pub processes: ProcessFilter,
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

#[cfg(test)]
mod tests {
    use super::ProcessFilter;

    #[test]
    fn the_tracer_is_left_out_unless_it_is_meant() {
        let leaves_out = |filter: ProcessFilter, source| filter.leave_out_own(source).without_own;
        assert!(leaves_out(ProcessFilter::default(), "p:hz:9 /comm == \"nginx\"/ { } // tracedeck"));
        assert!(!leaves_out(ProcessFilter::default(), "p:hz:9 /comm == \"tracedeck\"/ { }"));
        assert!(!leaves_out(ProcessFilter::one(1), "p:hz:9 { }"));
    }
}
