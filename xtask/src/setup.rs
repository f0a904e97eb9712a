//! `cargo xtask setup`: what a machine needs before anything can be built or tested.

mod node;
mod packages;
mod tracefs;

use anyhow::Result;

use crate::vm;
use packages::Purpose;

#[derive(clap::Args, Clone, Copy, Default)]
pub struct Options {
    /// Also install what the tests need: Chromium, bpftrace and bpftool to compare with, jq, an emulator and two kernels
    /// to boot in it.
    #[arg(long)]
    pub tests: bool,
}

impl Options {
    pub fn for_building() -> Self {
        Self { tests: false }
    }

    pub fn for_tests() -> Self {
        Self { tests: true }
    }
}

pub fn run(options: &Options) -> Result<()> {
    let mut purposes = vec![Purpose::Build];
    if options.tests {
        purposes.push(Purpose::Test);
    }
    packages::install(&purposes)?;
    node::install()?;
    tracefs::mount();
    if options.tests {
        vm::fetch();
    }
    Ok(())
}

/// Brings apt's lists of packages up to date.
pub fn update_lists() -> Result<()> {
    packages::apt(&["update", "-qq"])
}
