//! `cargo xtask fuzz`: invented input. Any bytes for the parser and for semantic analysis, and random programs of which
//! the kernel must take each that is accepted.
//!
//! The fuzz targets are a crate of their own, because all that they call is built to count which branches were taken.
//! The compiler of the stable toolchain can do that; nothing but libFuzzer, which cargo fetches, is needed beside it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{serve, shell};

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Any bytes to the parser and to the formatter.
    Parser(Search),
    /// Any bytes through everything before code generation, on a known kernel.
    Sema(Search),
    /// Random well-typed programs of all kinds of probes: none panics, and the kernel takes each. Needs root.
    Programs(Programs),
}

#[derive(clap::Args)]
struct Search {
    /// How long to search.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Run these inputs once instead.
    inputs: Vec<PathBuf>,
}

#[derive(clap::Args)]
struct Programs {
    /// How many programs.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The number of the first one: the same number gives the same program.
    #[arg(long, default_value_t = 1)]
    first: u64,
}

pub fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Parser(search) => search_with("parser", search),
        What::Sema(search) => search_with("sema", search),
        What::Programs(programs) => random_programs(programs),
    }
}

/// What counts branches: a byte for each edge, and the values of comparisons.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
                        --cfg fuzzing";
/// Scripts may be larger, but what a larger one finds a smaller one finds as well.
const LARGEST_INPUT: u32 = 4096;

fn search_with(target: &str, search: &Search) -> Result<()> {
    let directory = shell::target_directory().join("fuzz");
    let program = build(target, &directory)?;
    let home = shell::root().join("tests/fuzz");
    let mut command = Command::new(program);
    command.env("RUST_BACKTRACE", "0");
    if !search.inputs.is_empty() {
        return shell::run(command.args(&search.inputs));
    }
    // libFuzzer writes what it finds to the first directory; the others are read.
    let (found, failures) = (directory.join("corpus").join(target), directory.join("artifacts").join(target));
    for directory in [&found, &failures] {
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    }
    command.arg(&found).arg(home.join("corpus").join(target)).arg(shell::root().join("server/examples"));
    command.arg(shell::root().join("compiler/src/syntax/corpus"));
    command.arg(format!("-dict={}", home.join("words.dict").display()));
    command.arg(format!("-artifact_prefix={}/", failures.display()));
    command.arg(format!("-max_total_time={}", search.seconds));
    command.arg(format!("-max_len={LARGEST_INPUT}"));
    // A search goes on after what it found; how many there were is its exit status.
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-fork=1", "-ignore_crashes=1", "-ignore_timeouts=1"]);
    shell::step(&format!("searching for {} s; what fails is kept in {}", search.seconds, failures.display()));
    let status = command.status().context("starting the search")?;
    let left = std::fs::read_dir(&failures)?.flatten().count();
    anyhow::ensure!(left == 0 && status.success(), "{left} inputs in {} fail ({status})", failures.display());
    Ok(())
}

fn build(target: &str, directory: &std::path::Path) -> Result<PathBuf> {
    let host = shell::output("rustc", &["-vV"]).context("rustc is needed")?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not tell its target")?;
    let manifest = shell::root().join("tests/fuzz/Cargo.toml").display().to_string();
    // Named as a target, so that build scripts and procedural macros are left as they are.
    let arguments = ["build", "--release", "--bin", target, "--manifest-path", &manifest, "--target", host];
    let mut command = shell::command("cargo", &arguments);
    command.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", directory);
    shell::run(&mut command)?;
    Ok(directory.join(host).join("release").join(target))
}

fn random_programs(programs: &Programs) -> Result<()> {
    serve::build(false)?;
    let last = programs.first + programs.count.max(1) - 1;
    let arguments = ["test", "-p", "tracedeck-tests", "--test", "kernel", "random_programs", "--", "--nocapture"];
    let mut command = shell::command("cargo", &arguments);
    command.env("TRACEDECK_PROGRAMS", format!("{}-{last}", programs.first));
    shell::run(&mut command)
}
