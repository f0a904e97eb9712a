//! The `vm` tier: one boot of each kernel runs the whole test program.

use std::path::Path;

use super::report::Outcome;
use super::tiers::Tier;
use super::{checks, libtest};
use crate::vm::{self, Release};
use crate::{serve, shell};

const PACKAGE: &str = "tracedeck-tests";
const TARGET: &str = "vm";
/// Compiles the program that the tests trace; compiling in the emulated machine would take minutes.
const PREPARATION: &str = "the_program_to_trace_is_compiled";

pub fn run(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    if let Some(reason) = vm::missing_tools() {
        outcome.skip("all", &reason);
        return;
    }
    // Emulated, the unoptimised program takes three times as long.
    let tracedeck = match serve::build(true) {
        Ok(path) => path,
        Err(error) => return outcome.fail("cargo build --release", &error.to_string()),
    };
    let Some(program) = test_program(&tier.name, outcome) else { return };
    match checks::captured(&tier.name, &program, &["--exact", PREPARATION], None, outcome) {
        Some((true, _)) => {}
        Some((false, output)) => return outcome.fail(PREPARATION, &output),
        None => return,
    }
    for release in Release::ALL {
        in_machine(&tier.name, release, &program, &tracedeck, outcome);
    }
}

/// Builds the test program: its path.
fn test_program(tier: &str, outcome: &mut Outcome) -> Option<String> {
    let arguments = ["test", "--no-run", "--message-format=json-render-diagnostics", "-p", PACKAGE, "--test", TARGET];
    let (success, output) = checks::captured(tier, "cargo", &arguments, None, outcome)?;
    let program =
        output.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find_map(|message| {
            (message["target"]["name"] == TARGET).then(|| message["executable"].as_str().map(str::to_owned))?
        });
    if !success || program.is_none() {
        outcome.fail("cargo test --no-run", &output);
        return None;
    }
    program
}

/// All tests under one kernel; names say which.
fn in_machine(tier: &str, release: Release, program: &str, tracedeck: &Path, outcome: &mut Outcome) {
    if let Err(error) = vm::kernel(release) {
        outcome.skip(&format!("Linux {}", release.name()), &format!("{error:#}"));
        return;
    }
    let Ok(own) = std::env::current_exe() else { return outcome.fail("the path of xtask", "unknown") };
    let own = own.to_string_lossy();
    let tracedeck = format!("TRACEDECK={}", tracedeck.display());
    let test = ["env", &tracedeck, program, "--show-output", "--test-threads=1"];
    let arguments: Vec<&str> = ["vm", "--kernel", release.name(), "--"].into_iter().chain(test).collect();
    let Some((success, output)) = checks::captured(tier, &own, &arguments, Some(shell::root()), outcome) else {
        return;
    };
    let mut here = Outcome::default();
    libtest::read(&output, &mut here);
    if !success && here.failed.is_empty() {
        here.fail("the machine or its test program", &output);
    }
    let named = |(name, text): (String, String)| (format!("Linux {}: {name}", release.name()), text);
    outcome.passed += here.passed;
    outcome.failed.extend(here.failed.into_iter().map(named));
    outcome.skipped.extend(here.skipped.into_iter().map(named));
}
