//! What one event costs in the kernel: its own statistics of BPF programs, while a process makes system calls.

use anyhow::Result;

use super::Bench;
use super::load::Load;
use super::programs::{self, Statistics};
use super::table::{Table, Unit, median};
use super::tool::Tool;

/// Actions on an event. `->` is spelled in all versions of bpftrace.
const ACTIONS: [&str; 5] =
    ["@ = count()", "@[pid] = count()", "@ = hist(args->id)", "@[comm] = count()", "@[kstack] = count()"];

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
    programs::wait_for(running.pid(), 1, 100)?;
    let before = programs::busiest(running.pid())?;
    load.run()?;
    let after = programs::busiest(running.pid())?;
    running.interrupt()?;
    let (time, runs) = (after.nanoseconds - before.nanoseconds, after.runs - before.runs);
    Ok(time as f64 / runs.max(1) as f64)
}
