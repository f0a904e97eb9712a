//! Licences, sources, duplicates and known vulnerabilities of dependencies, by cargo-deny.

use super::checks;
use super::report::Outcome;
use crate::shell;

/// Pinned, so that a new release with new rules does not fail an old commit.
const VERSION: &str = "0.20.2";

pub fn run(tier: &str, outcome: &mut Outcome) {
    if shell::output("cargo", &["deny", "--version"]).is_none() && !install(tier, outcome) {
        return;
    }
    // Those of other systems are looked at too, which no build has downloaded.
    checks::captured(tier, "cargo", &["fetch", "--locked", "--quiet"], None, outcome);
    let checked = ["deny", "--offline", "check", "bans", "licenses", "sources"];
    checks::check(tier, "cargo deny: bans, licences, sources", "cargo", &checked, None, outcome);
    advisories(tier, outcome);
}

/// A build without optimisation takes about two minutes.
fn install(tier: &str, outcome: &mut Outcome) -> bool {
    let arguments = ["install", "--locked", "--debug", "--quiet", "cargo-deny", "--version", VERSION];
    match checks::captured(tier, "cargo", &arguments, None, outcome) {
        Some((true, _)) => true,
        Some((false, _)) => {
            outcome.skip("cargo deny", &format!("cargo-deny {VERSION} could not be installed (see the log)"));
            false
        }
        None => false,
    }
}

/// The advisory database is a git repository: where it cannot be reached, nothing can be said.
fn advisories(tier: &str, outcome: &mut Outcome) {
    let name = "cargo deny: advisories";
    match checks::captured(tier, "cargo", &["deny", "check", "advisories"], None, outcome) {
        Some((true, _)) => outcome.passed += 1,
        Some((false, output)) if output.contains("failed to fetch advisory database") => {
            outcome.skip(name, "the advisory database cannot be reached from here");
        }
        Some((false, output)) => outcome.fail(name, &output),
        None => {}
    }
}
