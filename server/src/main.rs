//! The `tracedeck` command. All of it is in the library; see `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    tracedeck::cli::main(std::env::args_os())
}
