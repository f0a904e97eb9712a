//! Running a program for a tier: output into the tier's log, success or failure into its outcome.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::report::Outcome;
use crate::shell;

/// Runs a program and returns whether it succeeded, and all it printed. The log is `target/test-logs/TIER.log`.
/// A program that cannot be started is a failure of the tier.
pub fn captured(
    tier: &str,
    program: &str,
    arguments: &[&str],
    directory: Option<&Path>,
    outcome: &mut Outcome,
) -> Option<(bool, String)> {
    let mut command = shell::command(program, arguments);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let shown = shell::show(&command);
    eprintln!("    {shown}");
    let started = open_log(tier, &shown).and_then(|log| {
        let start = log.metadata()?.len();
        // One file for both streams keeps the order of lines.
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let status = command.status()?;
        let text = std::fs::read(log_path(tier))?;
        Ok((status.success(), String::from_utf8_lossy(&text[start as usize..]).into_owned()))
    });
    match started {
        Ok(result) => Some(result),
        Err(error) => {
            outcome.fail(&shown, &error.to_string());
            None
        }
    }
}

/// A check that either holds or not.
pub fn check(
    tier: &str,
    name: &str,
    program: &str,
    arguments: &[&str],
    directory: Option<&Path>,
    outcome: &mut Outcome,
) {
    match captured(tier, program, arguments, directory, outcome) {
        Some((true, _)) => outcome.passed += 1,
        Some((false, output)) => outcome.fail(name, &output),
        None => {}
    }
}

fn log_path(tier: &str) -> std::path::PathBuf {
    shell::target_directory().join("test-logs").join(format!("{tier}.log"))
}

fn open_log(tier: &str, command: &str) -> std::io::Result<std::fs::File> {
    let path = log_path(tier);
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(log, "\n$ {command}")?;
    Ok(log)
}

/// Forgets the log of an earlier run.
pub fn fresh_log(tier: &str) {
    let _ = std::fs::remove_file(log_path(tier));
}
