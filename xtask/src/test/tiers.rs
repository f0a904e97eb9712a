//! The table of tiers. A new `[[test]]` target of any crate becomes a tier by itself; others are added here.

use super::report::Outcome;
use super::{checks, deny, libtest, page, vm};
use crate::{serve, shell};

pub struct Tier {
    pub name: String,
    pub about: String,
    pub run: fn(&Tier, &mut Outcome),
}

/// Tiers that are `[[test]]` targets: what they need beside cargo is said by their skips.
const CARGO_TIERS: [(&str, &str); 6] = [
    ("language", "case files: script in, tree, types, IR and text out"),
    ("replay", "the server from outside, over recorded runs: access, API, sockets, restarts"),
    ("command", "the terminal command: arguments, messages, exit codes"),
    ("kernel", "real scripts on the running kernel (root)"),
    ("peer", "the same script through bpftrace and through tracedeck (root, bpftrace)"),
    ("tidy", "the source tree keeps its rules"),
];

/// All tiers in the order in which they run: quick ones first.
pub fn all() -> Vec<Tier> {
    let tier = |name: &str, about: &str, run| Tier { name: name.to_owned(), about: about.to_owned(), run };
    let mut tiers = vec![
        // First, because it builds the page, which becomes part of the program that the others build.
        tier("page", "types, reducers, layout and size of the page (Node)", page::run),
        tier("lint", "formatting, clippy, licences and sources of dependencies", lint),
        tier("unit", "tests beside the code of all crates", unit),
    ];
    tiers.extend(CARGO_TIERS.iter().map(|(name, about)| tier(name, about, cargo)));
    let vm = tier("vm", "what the running kernel lacks, in an emulated machine (qemu)", vm::run);
    for (_, target) in targets().into_iter().filter(|(_, target)| *target != vm.name) {
        if !tiers.iter().any(|tier| tier.name == target) {
            tiers.push(tier(&target, "tests from outside", cargo));
        }
    }
    tiers.push(tier(
        "browser",
        "journeys in real Chromium against the real server (root, chromium)",
        page::run_browser,
    ));
    tiers.push(vm);
    tiers
}

/// Package and name of every `[[test]]` target of the workspace.
fn targets() -> Vec<(String, String)> {
    let Some(metadata) = shell::metadata() else { return Vec::new() };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .flat_map(|package| package["targets"].as_array().into_iter().flatten().map(move |target| (package, target)))
        .filter(|(_, target)| target["kind"][0] == "test")
        .map(|(package, target)| (text(&package["name"]), text(&target["name"])))
        .collect()
}

fn lint(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    checks::check(&tier.name, "formatting", "cargo", &["fmt", "--all", "--check"], None, outcome);
    let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    checks::check(&tier.name, "clippy", "cargo", &clippy, None, outcome);
    deny::run(&tier.name, outcome);
}

fn unit(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    libtest::run(&tier.name, &["--workspace", "--lib", "--bins"], outcome);
}

fn cargo(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    let targets = targets();
    let Some((package, _)) = targets.iter().find(|(_, name)| *name == tier.name) else {
        outcome.skip(&tier.name, "there is no such test target yet");
        return;
    };
    // These tiers start the program itself.
    if let Err(error) = serve::build(false) {
        outcome.fail("cargo build", &error.to_string());
        return;
    }
    libtest::run(&tier.name, &["-p", package, "--test", &tier.name], outcome);
}
