//! Listing probes, from exec to the last line, and the memory of it. Both tools have listed the same before.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use super::Bench;
use super::memory::largest;
use super::table::{Table, Unit, median};
use super::tool::Tool;
use crate::shell;

const PATTERNS: [(&str, &str); 4] = [
    ("listing: tracepoints", "tracepoint:*"),
    ("listing: kernel functions", "kprobe:*"),
    ("listing: kernel functions by a part", "kprobe:*tcp_*"),
    ("listing: a word in all providers", "*kill*"),
];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for (what, pattern) in PATTERNS {
        let (mut times, mut lines, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for tool in &bench.tools {
            once(tool, pattern)?;
            let rounds: Vec<_> = (0..bench.rounds.min(5)).map(|_| once(tool, pattern)).collect::<Result<_>>()?;
            lines.push(rounds.first().map(|round| round.1 as f64));
            times.push(median(rounds.into_iter().map(|round| round.0).collect()));
            memory.push(largest(tool, &["-l", pattern]).ok());
        }
        table.add(what, Unit::Milliseconds, &times);
        table.add(format!("{what}, lines"), Unit::Count, &lines);
        table.add(format!("{what}, memory"), Unit::Megabytes, &memory);
    }
    search(bench, table)
}

/// A few letters among all functions, in a process that has the names.
fn search(bench: &Bench, table: &mut Table) -> Result<()> {
    shell::run(&mut shell::command("cargo", &["build", "--release", "-p", "tracedeck", "--example", "search_time"]))?;
    let program = shell::target_directory().join("release/examples/search_time");
    let output = Command::new(&program).arg((bench.rounds * 10).to_string()).output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (time, what) = line.split_once('\t').context("search_time printed no table")?;
        table.add(format!("search: {what}"), Unit::Milliseconds, &[Some(time.parse()?)]);
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
