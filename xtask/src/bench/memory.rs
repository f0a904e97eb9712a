//! Peak memory: the kernel's high-water mark of resident memory, after a second of running.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::table::{Table, Unit};
use super::tool::Tool;

const SCRIPTS: [(&str, &str); 2] = [
    (
        "memory: one tracepoint",
        r#"BEGIN { printf("attached\n"); } tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"#,
    ),
    (
        "memory: profile with stacks",
        r#"BEGIN { printf("attached\n"); } profile:hz:99 { @[kstack, ustack, comm] = count(); }"#,
    ),
];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for (what, script) in SCRIPTS {
        let values: Vec<_> = bench.tools.iter().map(|tool| peak(tool, script).map(Some)).collect::<Result<_>>()?;
        table.add(what, Unit::Megabytes, &values);
    }
    Ok(())
}

/// Megabytes at the end of the run, printing of the maps included.
fn peak(tool: &Tool, script: &str) -> Result<f64> {
    let mut running = tool.start(script)?;
    running.wait_for("attached")?;
    std::thread::sleep(Duration::from_secs(1));
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    running.interrupt()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
