//! Running cargo tests and reading what Rust's test runner prints.

use std::collections::HashSet;

use super::report::Outcome;
use super::{checks, lines};

/// Runs `cargo test` with these arguments. Output of tests that pass is shown too: that is where skips are.
pub fn run(tier: &str, arguments: &[&str], outcome: &mut Outcome) {
    let mut all = vec!["test", "--no-fail-fast"];
    all.extend(arguments);
    all.extend(["--", "--show-output"]);
    let Some((success, output)) = checks::captured(tier, "cargo", &all, None, outcome) else { return };
    let failed_before = outcome.failed.len();
    read(&output, outcome);
    if !success && outcome.failed.len() == failed_before {
        outcome.fail(&format!("cargo {}", all.join(" ")), &output);
    }
}

/// Adds up the results of all test programs in the output.
pub fn read(output: &str, outcome: &mut Outcome) {
    let (mut passed, mut skips, mut failed) = (0, HashSet::new(), 0);
    let mut names = Vec::new();
    let mut failed_count = 0;
    for line in output.lines() {
        if let Some((name, reason)) = lines::skip(line) {
            skips.insert((name.to_owned(), reason.to_owned()));
        } else if let Some(rest) = line.strip_prefix("test result: ") {
            passed += number_before(rest, " passed");
            failed_count += number_before(rest, " failed");
        } else if let Some((name, result)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            if result == "FAILED" {
                names.push(name.to_owned());
            } else if let Some(reason) = result.strip_prefix("ignored") {
                let reason = reason.trim_start_matches([',', ' ']);
                outcome.skip(name, if reason.is_empty() { "marked as ignored" } else { reason });
            }
        }
    }
    // A test that says it was skipped returned early, which the runner counts as passed.
    outcome.passed += usize::saturating_sub(passed, skips.len());
    let mut skips: Vec<_> = skips.into_iter().collect();
    skips.sort();
    outcome.skipped.extend(skips);
    for name in names {
        outcome.fail(&name, failure(output, &name));
        failed += 1;
    }
    // Names can be torn apart by what tests write at the same time; the counts cannot.
    for number in failed..failed_count {
        outcome.fail(&format!("failure {} (see the log)", number + 1), "");
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let Some(end) = text.find(word) else { return 0 };
    text[..end].rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The block that the runner prints for a failed test.
fn failure<'a>(output: &'a str, name: &str) -> &'a str {
    let header = format!("---- {name} stdout ----");
    let Some(start) = output.rfind(&header) else { return "" };
    let block = &output[start + header.len()..];
    let end = ["\n---- ", "\nfailures:\n"].iter().filter_map(|mark| block.find(mark)).min().unwrap_or(block.len());
    block[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "running 4 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... ignored, needs a PMU\n\
        skipped: d: needs root\ntest d ... ok\n\nfailures:\n\n---- b stdout ----\nleft: 1\nright: 2\n\nfailures:\n    b\n\n\
        test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";

    #[test]
    fn skipped_tests_do_not_count_as_passed() {
        let mut outcome = Outcome::default();
        read(OUTPUT, &mut outcome);
        assert_eq!(outcome.passed, 1);
        assert_eq!(outcome.failed, [("b".to_owned(), "left: 1\nright: 2".to_owned())]);
        let skipped: Vec<_> = outcome.skipped.iter().map(|(name, reason)| (name.as_str(), reason.as_str())).collect();
        assert_eq!(skipped, [("c", "needs a PMU"), ("d", "needs root")]);
    }

    #[test]
    fn several_test_programs_add_up() {
        let mut outcome = Outcome::default();
        read("test result: ok. 3 passed; 0 failed;\ntest result: ok. 12 passed; 0 failed;\n", &mut outcome);
        assert_eq!((outcome.passed, outcome.failed.len()), (15, 0));
    }
}
