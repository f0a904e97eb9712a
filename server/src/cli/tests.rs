//! How command lines are understood.

use super::*;

fn parsed(words: &[&str]) -> Result<Command, clap::Error> {
    parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
}

#[test]
fn the_command_lines_are_consistent() {
    Arguments::command().debug_assert();
    run::RunArguments::command().debug_assert();
}

#[test]
fn a_bare_command_is_a_mistake_and_help_is_none() {
    assert!(parsed(&["tracedeck"]).expect_err("no command").use_stderr());
    assert!(!parsed(&["tracedeck", "run", "--help"]).expect_err("help").use_stderr());
    assert!(!parsed(&["tracedeck", "--version"]).expect_err("version").use_stderr());
}

#[test]
fn called_as_bpftrace_options_need_no_sub_command() {
    let words = ["/usr/local/bin/bpftrace", "-q", "-e", "begin { }", "x"].map(OsString::from);
    assert!(matches!(parse_as_bpftrace(&words), Ok(Command::Run(_))));
}

#[test]
fn a_broken_pipe_is_recognised_behind_context() {
    let error = anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe)).context("writing");
    assert!(is_broken_pipe(&error));
    assert!(!is_broken_pipe(&anyhow::anyhow!("something else")));
}
