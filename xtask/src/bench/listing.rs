//! Listing probes, from exec to the last line.

use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::table::{Table, Unit, median};
use super::tool::Tool;

const PATTERNS: [(&str, &str); 2] =
    [("listing: tracepoints", "tracepoint:*"), ("listing: kernel functions", "kprobe:*")];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for (what, pattern) in PATTERNS {
        let (mut times, mut lines) = (Vec::new(), Vec::new());
        for tool in &bench.tools {
            let rounds: Vec<_> = (0..bench.rounds.min(5)).map(|_| once(tool, pattern)).collect::<Result<_>>()?;
            lines.push(rounds.first().map(|round| round.1 as f64));
            times.push(median(rounds.into_iter().map(|round| round.0).collect()));
        }
        table.add(what, Unit::Milliseconds, &times);
        table.add(format!("{what}, lines"), Unit::Count, &lines);
    }
    Ok(())
}

/// Milliseconds and lines.
fn once(tool: &Tool, pattern: &str) -> Result<(f64, usize)> {
    let started = Instant::now();
    let output = tool.command(&["-l", pattern]).stderr(Stdio::null()).output()?;
    let elapsed = started.elapsed().as_secs_f64() * 1000.0;
    Ok((elapsed, output.stdout.iter().filter(|byte| **byte == b'\n').count()))
}
