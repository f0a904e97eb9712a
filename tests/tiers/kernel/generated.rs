//! Random scripts: each passes sema, so the kernel must take it, and it must print what the language says.

use tracedeck_tests::binary::run;
use tracedeck_tests::generate;
use tracedeck_tests::require_tracing;

/// Statements of one script.
const STATEMENTS: usize = 14;

/// How a script failed, if it did.
fn failure(seed: u64) -> Option<String> {
    let script = generate::script(seed, STATEMENTS);
    let run = run(&["-q", "-e", &script.text]);
    let printed: Vec<&str> = run.stdout.lines().collect();
    let expected: Vec<&str> = script.lines.iter().map(String::as_str).collect();
    if run.code == Some(0) && printed == expected {
        return None;
    }
    let differs = (0..expected.len().max(printed.len())).find(|at| expected.get(*at) != printed.get(*at));
    let difference =
        differs.map(|at| format!("line {at}: expected {:?}, got {:?}\n", expected.get(at), printed.get(at)));
    Some(format!("seed {seed}\n{}{}{}", script.text, difference.unwrap_or_default(), run.stderr))
}

#[test]
fn random_scripts_load_and_print_what_the_language_says() {
    require_tracing!();
    // More of them while something is looked for: TRACEDECK_SEEDS=1000-1500.
    let seeds = std::env::var("TRACEDECK_SEEDS").ok();
    let (first, last) = seeds
        .as_deref()
        .and_then(|text| text.split_once('-'))
        .map_or((1, 24), |(a, b)| (a.parse().expect("a seed"), b.parse().expect("a seed")));
    let failures: Vec<String> = (first..=last).filter_map(failure).collect();
    assert!(failures.is_empty(), "{} scripts\n{}", failures.len(), failures.join("\n\n"));
}
