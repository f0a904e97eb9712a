//! What one event costs in the kernel: its own statistics of BPF programs, while a process makes system calls.

use std::path::Path;

use anyhow::{Context, Result};

use super::Bench;
use super::load::Load;
use super::table::{Table, Unit, median};
use super::tool::Tool;

/// Actions on an event. `->` is spelled in all versions of bpftrace.
const ACTIONS: [&str; 5] =
    ["@ = count()", "@[pid] = count()", "@ = hist(args->id)", "@[comm] = count()", "@[kstack] = count()"];

/// Statistics cost a little for every program, hence they are off by default.
const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let _on = Statistics::switch_on()?;
    for action in ACTIONS {
        let mut samples = vec![Vec::new(); bench.tools.len()];
        for _ in 0..bench.rounds.min(3) {
            for (tool, samples) in bench.tools.iter().zip(&mut samples) {
                samples.push(cost(tool, action, bench.seconds)?);
            }
        }
        let medians: Vec<_> = samples.into_iter().map(median).collect();
        table.add(format!("cost of one event: {action}"), Unit::Nanoseconds, &medians);
    }
    Ok(())
}

/// Nanoseconds per run of the program. The predicate keeps other processes' calls cheap and out of the maps.
fn cost(tool: &Tool, action: &str, seconds: u64) -> Result<f64> {
    let load = Load::prepare(seconds)?;
    let script = format!(
        "BEGIN {{ printf(\"attached\\n\"); }} tracepoint:raw_syscalls:sys_enter /pid == {}/ {{ {action}; }}",
        load.pid()
    );
    let mut running = tool.start(&script)?;
    running.wait_for("attached")?;
    // bpftrace runs BEGIN before it attaches the rest.
    wait_for_program(running.pid())?;
    let before = busiest(running.pid())?;
    load.run()?;
    let after = busiest(running.pid())?;
    running.interrupt()?;
    let (time, runs) = (after.0 - before.0, after.1 - before.1);
    Ok(time as f64 / runs.max(1) as f64)
}

fn wait_for_program(pid: u32) -> Result<()> {
    for _ in 0..500 {
        if busiest(pid)?.1 > 100 {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    anyhow::bail!("the program of process {pid} never ran")
}

/// Run time in nanoseconds and number of runs of the program that ran most, of those that a process holds.
fn busiest(pid: u32) -> Result<(u64, u64)> {
    let directory = format!("/proc/{pid}/fdinfo");
    let mut best = (0, 0);
    for entry in std::fs::read_dir(Path::new(&directory)).context(directory)?.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let number = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().parse::<u64>().ok()
        };
        if let (Some(time), Some(runs)) = (number("run_time_ns:"), number("run_cnt:"))
            && runs > best.1
        {
            best = (time, runs);
        }
    }
    Ok(best)
}

/// The switch, put back when the measurement ends.
struct Statistics {
    before: String,
}

impl Statistics {
    fn switch_on() -> Result<Self> {
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
