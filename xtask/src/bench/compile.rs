//! From a script's text to its object in a process that has compiled before, by an example program of the server crate.

use anyhow::{Context, Result};

use super::Bench;
use super::table::{Table, Unit};
use crate::shell;

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    shell::run(&mut shell::command("cargo", &["build", "--release", "-p", "tracedeck", "--example", "compile_time"]))?;
    let program = shell::target_directory().join("release/examples/compile_time");
    let rounds = (bench.rounds * 10).to_string();
    let output = std::process::Command::new(&program).arg(rounds).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines() {
        let (time, name) = line.split_once('\t').context("compile_time printed no table")?;
        table.add(format!("compiling: {name}"), Unit::Milliseconds, &[Some(time.parse()?)]);
    }
    Ok(())
}
