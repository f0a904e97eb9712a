//! `tracedeck info`: what this machine and this build can do.

use std::fmt::Write;
use std::io::Write as _;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use tracedeck_compiler::kernel::{Feature, Kernel};

use super::privileges;
use crate::host::{LiveKernel, features};

#[derive(Debug, Args)]
#[command(after_help = "EXAMPLES:\n  tracedeck info\n  tracedeck info --json")]
pub struct InfoArguments {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &InfoArguments) -> Result<u8> {
    let text = if arguments.json { as_json() } else { as_text() };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(0)
}

/// The report as sections of text.
pub fn as_text() -> String {
    let kernel = LiveKernel::shared();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("System"));
    line(format_args!("  OS: Linux {}", kernel.release()));
    line(format_args!("  Arch: {}", std::env::consts::ARCH));
    line(format_args!("  Processors: {} possible", kernel.possible_cpus()));
    line(format_args!("\nBuild"));
    line(format_args!("  version: tracedeck {}", env!("CARGO_PKG_VERSION")));
    line(format_args!("  LLVM: 19"));
    line(format_args!("\nAccess"));
    line(format_args!("  privileges: {}", privileges::missing().as_deref().unwrap_or("sufficient")));
    match kernel.tracefs() {
        Ok(tracefs) => line(format_args!("  tracefs: {}", tracefs.root().display())),
        Err(reason) => line(format_args!("  tracefs: no ({reason})")),
    }
    let mut features = features::report(&kernel);
    features.sort_by_key(|feature| section(feature.feature));
    let mut current = None;
    for feature in features {
        let section = section(feature.feature);
        if current.replace(section) != Some(section) {
            line(format_args!("\n{}", SECTIONS[section]));
        }
        let answer = if feature.available { "yes" } else { "no" };
        let needs = match (feature.available, feature.needs) {
            (true, _) => String::new(),
            (false, "") => format!(" (since Linux {})", feature.since),
            (false, needs) => format!(" (since Linux {}, needs {needs})", feature.since),
        };
        line(format_args!("  {}: {answer}{needs}", feature.name));
    }
    out
}

const SECTIONS: [&str; 3] = ["Kernel helpers", "Kernel features", "Probe types"];

/// Which of [`SECTIONS`] a feature belongs to.
fn section(feature: Feature) -> usize {
    match feature {
        Feature::Loop | Feature::ForEachMapElement | Feature::LookupPerCpuElement => 0,
        Feature::UprobeMulti
        | Feature::KprobeMulti
        | Feature::KprobeSession
        | Feature::Kprobes
        | Feature::Trampolines
        | Feature::HardwareEvents => 2,
        _ => 1,
    }
}

fn as_json() -> String {
    let kernel = LiveKernel::shared();
    let features: Vec<_> = features::report(&kernel)
        .iter()
        .map(|feature| {
            json!({
                "name": feature.name, "available": feature.available, "since": feature.since, "needs": feature.needs,
            })
        })
        .collect();
    let report = json!({
        "kernel": kernel.release(),
        "arch": std::env::consts::ARCH,
        "possible_cpus": kernel.possible_cpus(),
        "version": env!("CARGO_PKG_VERSION"),
        "missing_privileges": privileges::missing(),
        "tracefs": kernel.tracefs().ok().map(|tracefs| tracefs.root().display().to_string()),
        "features": features,
    });
    format!("{report:#}\n")
}
