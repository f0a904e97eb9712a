//! `cargo xtask bench`: measurements of tracedeck beside `bpftrace`, in one run on one machine.
//!
//! Both tools are asked the same through the same door: a process with a script, its output on a pipe, the kernel's own
//! statistics. Nothing here is a test: numbers are printed, not judged.

mod attach;
mod compile;
mod cost;
mod dashboard;
mod flame;
mod instructions;
mod listing;
mod load;
mod memory;
mod page;
mod printing;
mod programs;
mod server;
mod startup;
mod table;
mod tool;
mod viewers;

use anyhow::{Result, bail};

use crate::{serve, shell};
pub use load::Options as LoadOptions;
pub use load::generate as generate_load;
pub use memory::{Options as PeakOptions, print_peak};
use table::Table;
use tool::Tool;

#[derive(clap::Args)]
pub struct Options {
    /// Repetitions of start-up measurements; the median counts.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=101))]
    rounds: u32,
    /// Seconds of load for each measurement of costs and rates.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Only measurements whose name contains this: start, attach, memory, cost, instructions, compile, printing, listing,
    /// server, flame, page.
    #[arg(long)]
    only: Option<String>,
    /// Measure this binary instead of building one.
    #[arg(long, env = "TRACEDECK", value_name = "PATH")]
    tracedeck: Option<std::path::PathBuf>,
}

/// What every measurement gets.
pub struct Bench {
    /// tracedeck, then bpftrace if there is one.
    pub tools: Vec<Tool>,
    pub rounds: u32,
    pub seconds: u64,
}

/// One measurement: fills rows of the table.
type Measurement = (&'static str, fn(&Bench, &mut Table) -> Result<()>);

const MEASUREMENTS: [Measurement; 11] = [
    ("start", startup::measure),
    ("attach", attach::measure),
    ("memory", memory::measure),
    ("cost", cost::measure),
    ("instructions", instructions::measure),
    ("compile", compile::measure),
    ("printing", printing::measure),
    ("listing", listing::measure),
    ("server", server::measure),
    ("flame", flame::measure),
    ("page", page::measure),
];

pub fn run(options: &Options) -> Result<()> {
    if !shell::is_root() {
        bail!("measuring loads programs into the kernel and needs root");
    }
    let tracedeck = match &options.tracedeck {
        Some(path) => path.clone(),
        None => serve::prepare(true)?,
    };
    let mut tools = vec![Tool::tracedeck(tracedeck)];
    match Tool::bpftrace() {
        Some(bpftrace) => tools.push(bpftrace),
        None => eprintln!("    bpftrace is not installed: its column stays empty (BPFTRACE=PATH names one)"),
    }
    let bench = Bench { tools, rounds: options.rounds, seconds: options.seconds };
    let mut table = Table::default();
    for (name, measure) in MEASUREMENTS {
        if options.only.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        shell::step(&format!("measuring: {name}"));
        measure(&bench, &mut table)?;
    }
    print!("{}", machine(&bench));
    print!("{table}");
    Ok(())
}

/// What was measured, and on what.
fn machine(bench: &Bench) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("\nLinux {}, {cpus} CPUs", read("/proc/sys/kernel/osrelease"));
    for tool in &bench.tools {
        text.push_str(&format!("; {}", tool.version()));
    }
    text.push_str("\n\n");
    text
}
