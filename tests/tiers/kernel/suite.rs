//! Cases of `tests/suite` that say what they print: the running kernel prints it.

use tracedeck_tests::{case, require_tracing};

#[test]
fn a_run_prints_what_its_case_expects() {
    require_tracing!();
    // The name of a case, or the beginning of some.
    let wanted = std::env::var("CASE").unwrap_or_default();
    let cases: Vec<_> =
        case::all().into_iter().filter(|case| case.is_run() && case.name.starts_with(&wanted)).collect();
    assert!(!cases.is_empty(), "no case says what it prints");
    let problems: Vec<String> = cases.iter().filter_map(|case| case.run().err()).collect();
    assert!(problems.is_empty(), "{} of {} cases\n{}", problems.len(), cases.len(), problems.join("\n"));
}
