//! The command line: one sub-command in each file beside this one. Called as `bpftrace`, it is `tracedeck run`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing::Level;

pub mod arguments;
pub mod check;
pub mod emit;
pub mod explain;
pub mod fmt;
pub mod info;
pub mod list;
mod notify;
pub mod options;
pub mod privileges;
pub mod run;
pub mod script;
pub mod serve;
pub mod signals;
pub mod sources;
pub mod tools;
pub mod user;
pub mod worker;

/// Exit code of a usage error, a script with errors, and whatever else keeps a command from its work.
pub const FAILURE: u8 = 1;

#[derive(Debug, Parser)]
#[command(
    name = "tracedeck",
    version,
    about = "Live tracing of this machine: bpftrace scripts in the terminal and in the browser",
    after_help = "Run `tracedeck COMMAND --help` for options and examples.\n\
                  A link to this program that is called `bpftrace` behaves as `tracedeck run`."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a script in the terminal
    Run(Box<run::RunArguments>),
    /// Run a ready script in the terminal
    Tool(tools::ToolArguments),
    /// List the ready scripts
    Tools(tools::ToolsArguments),
    /// Look for mistakes in a script without running it
    Check(check::CheckArguments),
    /// Tell what a script will do: types, maps, attach points, sizes
    Explain(explain::ExplainArguments),
    /// Lay scripts out
    Fmt(fmt::FmtArguments),
    /// List what can be probed
    List(list::ListArguments),
    /// Tell what this kernel can do
    Info(info::InfoArguments),
    /// Serve the dashboard
    Serve(Box<serve::ServeArguments>),
    /// Accounts of the dashboard
    User(user::UserArguments),
    /// Run one script for a server
    #[command(hide = true)]
    Worker,
}

/// Parses the arguments and does what they ask for.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let name = arguments.first().and_then(|name| Path::new(name).file_name()).unwrap_or_default().to_owned();
    let command = if name == "bpftrace" { parse_as_bpftrace(&arguments) } else { parse(&arguments) };
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            // Help and versions are "errors" that go to the standard output.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILURE } else { 0 });
        }
    };
    // A server is looked after by its log; a command speaks when something is wrong.
    log_to_stderr(if matches!(command, Command::Serve(_)) { Level::INFO } else { Level::WARN });
    let result = match command {
        Command::Run(arguments) => run::run(*arguments),
        Command::Tool(arguments) => tools::run(arguments),
        Command::Tools(arguments) => tools::list(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::User(arguments) => user::run(&arguments),
        Command::Worker => worker::run(),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ERROR: {error:#}");
            ExitCode::from(FAILURE)
        }
    }
}

fn parse(arguments: &[OsString]) -> Result<Command, clap::Error> {
    Arguments::try_parse_from(arguments).map(|arguments| arguments.command)
}

fn parse_as_bpftrace(arguments: &[OsString]) -> Result<Command, clap::Error> {
    let matches = run::RunArguments::command()
        .name("bpftrace")
        .display_name("bpftrace")
        .override_usage(
            "bpftrace [OPTIONS] FILE [PARAMETER]... [-- --NAME=VALUE...]\n       \
             bpftrace [OPTIONS] -e 'PROGRAM' [PARAMETER]...\n       \
             bpftrace -l [PATTERN]",
        )
        .version(concat!("v0.26.1, spoken by tracedeck ", env!("CARGO_PKG_VERSION")))
        .try_get_matches_from(arguments)?;
    run::RunArguments::from_arg_matches(&matches).map(|arguments| Command::Run(Box::new(arguments)))
}

/// Messages about the program itself: warnings, and what `TRACEDECK_LOG` asks for.
fn log_to_stderr(level: Level) {
    use tracing_subscriber::EnvFilter;

    let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
    match EnvFilter::try_from_env("TRACEDECK_LOG") {
        Ok(filter) => log.with_env_filter(filter).init(),
        Err(_) => log.with_max_level(level).init(),
    }
}

/// The reader of our output has gone, as `head` does: nothing to complain about.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests;
