//! `cargo xtask test`: every tier, a table, each skip with its reason, and one closing line.

mod checks;
mod deny;
mod libtest;
mod lines;
mod page;
mod report;
mod tiers;
mod vm;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::{setup, shell};
use report::Outcome;

#[derive(clap::Args)]
pub struct Options {
    /// Only these tiers, separated by commas. Without it all are run.
    #[arg(long, value_delimiter = ',', value_name = "TIER")]
    tier: Vec<String>,
    /// Name the tiers and stop.
    #[arg(long)]
    list: bool,
    /// Install nothing; what is missing then shows as failures or skips.
    #[arg(long)]
    no_setup: bool,
}

impl Options {
    /// One tier, nothing installed.
    pub fn only(tier: &str) -> Self {
        Self { tier: vec![tier.to_owned()], list: false, no_setup: true }
    }
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let all = tiers::all();
    if options.list {
        for tier in &all {
            println!("{:<10} {}", tier.name, tier.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = options.tier.iter().find(|name| !all.iter().any(|tier| tier.name == **name)) {
        let names: Vec<_> = all.iter().map(|tier| tier.name.as_str()).collect();
        bail!("there is no tier '{unknown}'; the tiers are: {}", names.join(", "));
    }
    if !options.no_setup {
        setup::run(&setup::Options::for_tests())?;
    }
    let mut outcomes = Vec::new();
    for tier in all.iter().filter(|tier| options.tier.is_empty() || options.tier.contains(&tier.name)) {
        shell::step(&format!("{}: {}", tier.name, tier.about));
        let mut outcome = Outcome::default();
        (tier.run)(tier, &mut outcome);
        eprintln!("    {}", outcome.counts());
        outcomes.push((tier.name.clone(), outcome));
    }
    Ok(report::print(&outcomes))
}
