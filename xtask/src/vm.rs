//! `cargo xtask vm`: runs a command under another kernel, in a virtual machine that sees this machine's files.
//!
//! The machine is emulated in software, so that it works inside of virtual machines and containers. Its kernel is
//! Debian's, its root file system is the host's, read-only, under one that forgets: what the command writes vanishes,
//! except below the shared directory.

mod boot;
mod image;
mod initrd;
mod modules;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

pub use image::{Release, fetch, kernel, missing_tools};

use crate::shell;

#[derive(clap::Args)]
pub struct Options {
    /// Which kernel: 6.12 has all that tracedeck knows, 6.1 is for what it does without.
    #[arg(long, value_name = "RELEASE", default_value = "6.12")]
    kernel: Release,
    /// Processors of the machine. More than one makes it slower, not faster: they are emulated.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    cpus: u32,
    /// Memory of the machine.
    #[arg(long, value_name = "MEGABYTES", default_value_t = 2048)]
    memory: u32,
    /// The directory whose changes stay. It is created if it is not there.
    #[arg(long, value_name = "DIRECTORY", default_value_os_t = default_shared())]
    shared: PathBuf,
    /// Also show what the kernel says, on standard error.
    #[arg(long)]
    console: bool,
    /// The command and its arguments. It starts as root in the current directory, with this PATH.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// A machine to boot and what to run there.
pub struct Machine<'a> {
    pub kernel: Release,
    pub cpus: u32,
    pub memory: u32,
    pub shared: PathBuf,
    pub console: bool,
    pub command: &'a [String],
}

fn default_shared() -> PathBuf {
    directory().join("shared")
}

/// Where kernels and initial file systems are kept.
pub fn directory() -> PathBuf {
    shell::target_directory().join("vm")
}

/// Runs the command; the exit status is its own.
pub fn run(options: &Options) -> Result<ExitCode> {
    let machine = Machine {
        kernel: options.kernel,
        cpus: options.cpus,
        memory: options.memory,
        shared: options.shared.clone(),
        console: options.console,
        command: &options.command,
    };
    boot::run(&machine).map(ExitCode::from)
}
