//! Rendering a flame graph: ten thousand different stacks to SVG, by an example program of the server crate.

use anyhow::{Context, Result};

use super::Bench;
use super::table::{Table, Unit, median};
use crate::shell;

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    shell::run(&mut shell::command("cargo", &["build", "--release", "-p", "tracedeck", "--example", "flame_time"]))?;
    let program = shell::target_directory().join("release/examples/flame_time");
    let mut times = Vec::new();
    for _ in 0..bench.rounds.min(5) {
        let output = std::process::Command::new(&program).arg("10000").output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        times.push(text.trim().parse::<f64>().context("flame_time printed no number")?);
    }
    table.add("flame graph: 10,000 stacks to SVG", Unit::Milliseconds, &[median(times)]);
    Ok(())
}
