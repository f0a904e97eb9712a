//! The page's own tests, its size, and its journeys in a browser.

use std::path::Path;

use super::report::Outcome;
use super::tiers::Tier;
use super::{checks, lines};
use crate::{page, serve, shell};

/// Bytes, compressed as they are served: what the first view loads, and everything.
const FIRST_LOAD_BUDGET: u64 = 120_000;
const TOTAL_BUDGET: u64 = 300_000;

pub fn run(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    if let Err(error) = page::install() {
        outcome.fail("npm ci", &format!("{error:#}"));
        return;
    }
    let frontend = shell::root().join("frontend");
    checks::check(
        &tier.name,
        "types and accessibility",
        "npm",
        &["run", "--silent", "check"],
        Some(&frontend),
        outcome,
    );
    // Built first: some tests look at the built files.
    let build = checks::captured(&tier.name, "npm", &["run", "--silent", "build"], Some(&frontend), outcome);
    match build {
        Some((true, _)) => budget(outcome),
        Some((false, output)) => outcome.fail("building the page", &output),
        None => {}
    }
    vitest(&tier.name, &frontend, outcome);
}

fn vitest(tier: &str, frontend: &Path, outcome: &mut Outcome) {
    let report = shell::target_directory().join("test-logs/vitest.json");
    let _ = std::fs::remove_file(&report);
    let output_file = format!("--outputFile={}", report.display());
    let arguments = ["exec", "--", "vitest", "run", "--reporter=default", "--reporter=json", &output_file];
    let Some((success, output)) = checks::captured(tier, "npm", &arguments, Some(frontend), outcome) else { return };
    let parsed = std::fs::read(&report).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let failed_before = outcome.failed.len();
    if let Some(report) = parsed {
        read_vitest(&report, outcome);
    }
    if !success && outcome.failed.len() == failed_before {
        outcome.fail("vitest", &output);
    }
}

fn read_vitest(report: &serde_json::Value, outcome: &mut Outcome) {
    let files = report["testResults"].as_array().into_iter().flatten();
    for test in files.flat_map(|file| file["assertionResults"].as_array().into_iter().flatten()) {
        let name = test["fullName"].as_str().unwrap_or("unnamed").trim();
        match test["status"].as_str() {
            Some("passed") => outcome.passed += 1,
            Some("failed") => {
                let messages = test["failureMessages"].as_array().into_iter().flatten();
                let text: Vec<_> = messages.filter_map(|message| message.as_str()).collect();
                outcome.fail(name, &text.join("\n"));
            }
            Some(status) => outcome.skip(name, &format!("vitest says {status}")),
            None => outcome.fail(name, "vitest gave no status"),
        }
    }
}

/// Compares the compressed sizes of the built files with the budgets.
fn budget(outcome: &mut Outcome) {
    let dist = shell::root().join("static/dist");
    let index = std::fs::read_to_string(dist.join("index.html")).unwrap_or_default();
    let (mut first, mut total) = (gzip_size(&dist.join("index.html")), gzip_size(&dist.join("index.html")));
    let mut assets = Vec::new();
    for entry in std::fs::read_dir(dist.join("assets")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let code = [".js", ".css"].iter().any(|suffix| name.ends_with(suffix));
        if code || name.ends_with(".svg") || name.ends_with(".woff2") {
            let size = gzip_size(&entry.path());
            total += size;
            if code && index.contains(&name) {
                first += size;
            }
            assets.push(format!("{size:>8} {name}"));
        }
    }
    eprintln!("    first load {first} bytes compressed, everything {total}");
    let holds = |size: u64, limit| size > 0 && size <= limit;
    for (name, size, limit) in [("first load", first, FIRST_LOAD_BUDGET), ("everything", total, TOTAL_BUDGET)] {
        if holds(size, limit) {
            outcome.passed += 1;
        } else {
            let list = assets.join("\n");
            outcome.fail(&format!("size of the page, {name}"), &format!("{size} of at most {limit} bytes\n{list}"));
        }
    }
}

/// Size as gzip -9 makes it; 0 when the file cannot be read.
fn gzip_size(path: &Path) -> u64 {
    let mut command = shell::command("gzip", &["-9", "-c"]);
    command.arg(path).output().map_or(0, |output| output.stdout.len() as u64)
}

/// The journeys: a Node script that prints `ok NAME`, `not ok NAME` and `skipped: NAME: REASON`.
pub fn run_browser(tier: &Tier, outcome: &mut Outcome) {
    checks::fresh_log(&tier.name);
    let script = shell::root().join("tests/browser/run.mjs");
    if !script.exists() {
        outcome.skip("journeys", "there is no tests/browser/run.mjs yet");
        return;
    }
    if !shell::is_root() {
        outcome.skip("journeys", "tracing needs root");
        return;
    }
    if !["chromium", "chromium-browser", "google-chrome"].iter().any(|program| shell::exists(program)) {
        outcome.skip("journeys", "there is no Chromium");
        return;
    }
    // The release build has the page inside, as people get it.
    let binary = match page::build().and_then(|()| serve::build(true)) {
        Ok(binary) => binary,
        Err(error) => return outcome.fail("building what the journeys use", &format!("{error:#}")),
    };
    let frontend = shell::root().join("frontend");
    let tracedeck = format!("TRACEDECK={}", binary.display());
    let arguments = [&tracedeck, "npm", "run", "--silent", "test:browser"];
    let failed_before = outcome.failed.len();
    let Some((success, output)) = checks::captured(&tier.name, "env", &arguments, Some(&frontend), outcome) else {
        return;
    };
    lines::results(&output, outcome);
    if !success && outcome.failed.len() == failed_before {
        outcome.fail("the browser script", &output);
    }
}
