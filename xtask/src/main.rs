//! `cargo xtask`: everything that is done to this repository, from installing what it needs to measuring it.

mod bench;
mod codegen;
mod fuzz;
mod page;
mod serve;
mod setup;
mod shell;
mod test;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Set-up, tests and benchmarks of tracedeck.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what building needs (LLVM 19, compression and ffi libraries, a C compiler, Node) and mount tracefs.
    ///
    /// On Debian and Ubuntu packages are installed with apt, as root or through sudo; elsewhere it says what to install.
    /// Runs again at no cost: what is there is left alone.
    Setup(setup::Options),
    /// Build the page and the program, start the dashboard and print its address.
    ///
    /// Installs first what building needs. Everything after `--` goes to `tracedeck serve`.
    Serve(serve::Options),
    /// Build the page and the program: target/release/tracedeck.
    ///
    /// Installs first what building needs.
    Build,
    /// Run every tier of tests, print a table, each skip with its reason, and one closing line.
    ///
    /// Installs first what the tests need. Exit status 1 when anything failed.
    Test(test::Options),
    /// Measure tracedeck, side by side with bpftrace where it is installed.
    ///
    /// Needs root. BPFTRACE=PATH names another bpftrace.
    Bench(bench::Options),
    /// Search with invented input: for the parser, for semantic analysis, and random programs for the kernel.
    ///
    /// Example: cargo xtask fuzz parser --seconds 600
    Fuzz(fuzz::Options),
    /// The load of the benchmarks, in a process of its own.
    #[command(hide = true)]
    Load(bench::LoadOptions),
    /// The largest process of a command, for the benchmarks.
    #[command(hide = true)]
    Peak(bench::PeakOptions),
    /// Run a command under another kernel, in an emulated machine that sees this machine's files.
    ///
    /// For what the running kernel lacks, such as kprobes. The root file system is the host's; what the command writes
    /// vanishes, except below the shared directory. Its output and its exit status are passed on.
    ///
    /// Example: cargo xtask vm -- target/debug/tracedeck run -e 'kprobe:vfs_read { @[comm] = count(); }' -c 'ls /'
    Vm(vm::Options),
    /// Check formatting, lints, and the licences and sources of dependencies.
    Lint,
    /// Write the files that are generated from Rust sources: frontend/src/protocol.gen.ts.
    Codegen,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Setup(options) => setup::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Serve(options) => serve::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Build => {
            serve::prepare(true).map(|binary| println!("{}", binary.display())).map(|()| ExitCode::SUCCESS)
        }
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Fuzz(options) => fuzz::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Load(options) => bench::generate_load(&options).map(|()| ExitCode::SUCCESS),
        Command::Peak(options) => bench::print_peak(&options).map(|()| ExitCode::SUCCESS),
        Command::Vm(options) => vm::run(&options),
        Command::Lint => test::run(&test::Options::only("lint")),
        Command::Codegen => codegen::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
