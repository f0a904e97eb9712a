//! The page in Chromium, by its own tracing: frames while 10,000 lines a second come in, and a flame graph of a million
//! nodes. `tests/browser/bench.mjs` drives the browser; this puts its numbers into the table.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Bench;
use super::table::{Table, Unit};
use crate::shell;

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let Some(tool) = bench.tools.first() else { return Ok(()) };
    let root = shell::root();
    let frontend = root.join("frontend");
    if !frontend.join("node_modules").exists() {
        shell::run(shell::command("npm", &["ci"]).current_dir(&frontend))?;
    }
    // The stand-in server serves the built files themselves.
    shell::run(shell::command("npm", &["run", "--silent", "build"]).current_dir(&frontend))?;
    let output = std::process::Command::new("node")
        .arg(root.join("tests/browser/bench.mjs"))
        .env("TRACEDECK", tool.command(&[]).get_program())
        .stderr(Stdio::inherit())
        .output()
        .context("node")?;
    if !output.status.success() {
        bail!("measuring the page failed: {}", output.status);
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let row: Value = serde_json::from_str(line).with_context(|| format!("no measurement: {line}"))?;
        let unit = match row["unit"].as_str() {
            Some("ms") => Unit::Milliseconds,
            Some("%") => Unit::Percent,
            Some("/s") => Unit::PerSecond,
            _ => bail!("no unit: {line}"),
        };
        table.add(row["what"].as_str().unwrap_or_default(), unit, &[row["value"].as_f64()]);
    }
    Ok(())
}
