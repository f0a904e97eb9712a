//! Lines that tests print for this command: skips in every tier, results in tiers that are no cargo tests.

use super::report::Outcome;

/// `skipped: NAME: REASON`
pub fn skip(line: &str) -> Option<(&str, &str)> {
    let (name, reason) = line.trim().strip_prefix("skipped: ")?.split_once(": ")?;
    (!name.is_empty() && !reason.is_empty()).then_some((name, reason))
}

/// Counts `ok NAME` (or `ok N - NAME`), `not ok NAME` and `skipped: NAME: REASON` lines. What stands between a failure
/// and the next result belongs to the failure.
pub fn results(output: &str, outcome: &mut Outcome) {
    let mut in_failure = false;
    for line in output.lines() {
        if let Some((name, reason)) = skip(line) {
            outcome.skip(name, reason);
            in_failure = false;
        } else if let Some(name) = line.strip_prefix("not ok ") {
            outcome.fail(name.trim(), "");
            in_failure = true;
        } else if line.starts_with("ok ") {
            outcome.passed += 1;
            in_failure = false;
        } else if let (true, Some((_, shown))) = (in_failure, outcome.failed.last_mut()) {
            shown.push_str(line);
            shown.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_has_a_name_and_a_reason() {
        assert_eq!(skip("skipped: kprobes: this kernel has none: see"), Some(("kprobes", "this kernel has none: see")));
        assert_eq!(skip("skipped: all"), None);
        assert_eq!(skip("3 skipped: a: b"), None);
    }

    #[test]
    fn results_are_counted_and_failures_keep_what_follows_them() {
        let mut outcome = Outcome::default();
        results(
            "ok 1 - opens\nnoise\nnot ok runs\n  expected 2\nskipped: axe: not installed\nok closes\n",
            &mut outcome,
        );
        assert_eq!(outcome.passed, 2);
        assert_eq!(outcome.failed, [("runs".to_owned(), "  expected 2\n".to_owned())]);
        assert_eq!(outcome.skipped, [("axe".to_owned(), "not installed".to_owned())]);
    }
}
