//! Counting what passed, and saying it.

use std::process::ExitCode;

/// What one tier came to.
#[derive(Default)]
pub struct Outcome {
    pub passed: usize,
    /// Name and what it printed.
    pub failed: Vec<(String, String)>,
    /// Name and reason.
    pub skipped: Vec<(String, String)>,
}

impl Outcome {
    pub fn fail(&mut self, name: &str, output: &str) {
        self.failed.push((name.to_owned(), output.to_owned()));
    }

    pub fn skip(&mut self, name: &str, reason: &str) {
        self.skipped.push((name.to_owned(), reason.to_owned()));
    }

    /// For a line of progress, worded unlike the closing line.
    pub fn counts(&self) -> String {
        format!("passed: {}, failed: {}, skipped: {}", self.passed, self.failed.len(), self.skipped.len())
    }
}

/// The line that ends every run.
fn closing_line(passed: usize, failed: usize, skipped: usize) -> String {
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

/// Lines of a failure's output that are shown; the rest stands in the tier's log.
const SHOWN_LINES: usize = 60;

/// Prints failures, skips, the table and the closing line.
pub fn print(outcomes: &[(String, Outcome)]) -> ExitCode {
    for (tier, outcome) in outcomes {
        for (name, output) in &outcome.failed {
            println!("\nfailed: {tier}: {name}");
            let lines: Vec<_> = output.lines().collect();
            for line in &lines[lines.len().saturating_sub(SHOWN_LINES)..] {
                println!("    {line}");
            }
        }
    }
    println!();
    for (tier, outcome) in outcomes {
        for (name, reason) in &outcome.skipped {
            println!("skipped: {tier}: {name}: {reason}");
        }
    }
    println!("\n{:<12} {:>7} {:>7} {:>8}", "tier", "passed", "failed", "skipped");
    for (tier, outcome) in outcomes {
        println!("{tier:<12} {:>7} {:>7} {:>8}", outcome.passed, outcome.failed.len(), outcome.skipped.len());
    }
    let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(|(_, outcome)| count(outcome)).sum::<usize>();
    let failed = sum(|outcome| outcome.failed.len());
    println!("\n{}", closing_line(sum(|outcome| outcome.passed), failed, sum(|outcome| outcome.skipped.len())));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
