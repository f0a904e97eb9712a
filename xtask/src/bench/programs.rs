//! The BPF programs of a tracer as the kernel sees them: their runs, their time, their instructions.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Statistics cost a little for every program, hence they are off by default.
const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

#[derive(Debug, Clone, Copy, Default)]
pub struct Program {
    pub id: u32,
    pub nanoseconds: u64,
    pub runs: u64,
}

/// The programs that a process holds.
pub fn of_process(pid: u32) -> Result<Vec<Program>> {
    let directory = format!("/proc/{pid}/fdinfo");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(Path::new(&directory)).context(directory)?.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let number = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().parse::<u64>().ok()
        };
        // A link names its program, too, but not how long that ran.
        if let (Some(id), Some(nanoseconds), Some(runs)) =
            (number("prog_id:"), number("run_time_ns:"), number("run_cnt:"))
        {
            found.insert(id, Program { id: id as u32, nanoseconds, runs });
        }
    }
    Ok(found.into_values().collect())
}

/// The program that ran most often.
pub fn busiest(pid: u32) -> Result<Program> {
    Ok(of_process(pid)?.into_iter().max_by_key(|program| program.runs).unwrap_or_default())
}

/// Until this many programs of the process have run so often.
pub fn wait_for(pid: u32, count: usize, runs: u64) -> Result<()> {
    for _ in 0..1000 {
        let programs = of_process(pid)?;
        if programs.iter().filter(|program| program.runs >= runs).count() >= count {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("the programs of process {pid} never ran")
}

/// How many instructions a program has after the verifier, which writes some helpers out.
pub fn instructions(id: u32) -> Result<u64> {
    let text = shell::output("bpftool", &["-j", "prog", "show", "id", &id.to_string()]);
    let text = text.context("bpftool is needed to count instructions")?;
    let program: serde_json::Value = serde_json::from_str(&text)?;
    Ok(program["bytes_xlated"].as_u64().context("the kernel does not tell the size of programs")? / 8)
}

/// The switch, put back when the measurement ends.
pub struct Statistics {
    before: String,
}

impl Statistics {
    pub fn switch_on() -> Result<Self> {
        let before = std::fs::read_to_string(SWITCH).context(SWITCH)?;
        std::fs::write(SWITCH, "1").context(SWITCH)?;
        Ok(Self { before })
    }
}

impl Drop for Statistics {
    fn drop(&mut self) {
        let _ = std::fs::write(SWITCH, self.before.trim());
    }
}
