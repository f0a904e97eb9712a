//! `cargo xtask serve`: from a fresh clone to a running dashboard.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Result;

use crate::{page, setup, shell};

#[derive(clap::Args)]
pub struct Options {
    /// Build without optimisation, which is quicker to build and slower to run.
    #[arg(long)]
    debug: bool,
    /// Arguments for `tracedeck serve`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let binary = prepare(!options.debug)?;
    let mut command = if shell::is_root() || !shell::exists("sudo") {
        Command::new(&binary)
    } else {
        shell::step("tracing needs root: starting through sudo");
        let mut command = Command::new("sudo");
        command.arg(&binary);
        command
    };
    command.arg("serve").args(&options.arguments);
    shell::step(&shell::show(&command));
    Err(command.exec().into())
}

/// Installs what building needs, builds the page and the program; where the program is.
pub fn prepare(release: bool) -> Result<std::path::PathBuf> {
    setup::run(&setup::Options::for_building())?;
    page::build()?;
    build(release)
}

/// Builds the program and says where it is.
pub fn build(release: bool) -> Result<std::path::PathBuf> {
    shell::step(if release { "cargo build --release" } else { "cargo build" });
    let mut arguments = vec!["build", "-p", "tracedeck", "--bin", "tracedeck"];
    if release {
        arguments.push("--release");
    }
    shell::run(&mut shell::command("cargo", &arguments))?;
    Ok(shell::target_directory().join(if release { "release" } else { "debug" }).join("tracedeck"))
}
