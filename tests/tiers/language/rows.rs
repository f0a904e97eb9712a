//! `tests/suite/ROWS.md` is true: the cases that it names exist, and every builtin is run by one of its own.

use std::collections::HashSet;
use std::path::PathBuf;

use tracedeck_compiler::{aggregations, builtins};
use tracedeck_tests::captured::{home, read};
use tracedeck_tests::case::{self, Case};
use tracedeck_tests::guest::ONLY_IN_A_GUEST;

/// A statement about the language and the cases that show it.
struct Row {
    statement: String,
    cases: Vec<String>,
}

/// Words in backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let text = read(&home().join("suite/ROWS.md"));
    let table = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| row "));
    let rows: Vec<Row> = table
        .filter_map(|line| {
            let (statement, cases) = line.trim_matches(['|', ' ']).split_once(" | ")?;
            Some(Row { statement: statement.to_owned(), cases: quoted(cases) })
        })
        .collect();
    assert!(rows.len() > 150, "only {} rows were found", rows.len());
    rows
}

/// The file and the name of a test function: `kernel/values::NAME`, `compiler/abi/order::NAME`.
fn test_function(case: &str) -> Option<(PathBuf, &str)> {
    let (module, name) = case.split_once("::")?;
    let file = match module.strip_prefix("compiler/") {
        Some(module) => home().join("../compiler/src").join(module),
        None => home().join("tiers").join(module),
    };
    Some((file.with_extension("rs"), name))
}

/// The text of a test function, up to the next one; None where there is none.
pub fn text_of(case: &str) -> Option<String> {
    let (file, name) = test_function(case)?;
    let text = std::fs::read_to_string(file).ok()?;
    let body = text.split(&format!("fn {name}()")).nth(1)?;
    Some(body.split("#[test]").next().unwrap_or_default().to_owned())
}

#[test]
fn every_case_that_is_named_exists() {
    let suite: HashSet<String> = case::all().into_iter().map(|case| case.name).collect();
    let mut missing = Vec::new();
    for row in rows() {
        assert!(!row.cases.is_empty(), "no case: {}", row.statement);
        missing.extend(row.cases.into_iter().filter(|case| !suite.contains(case) && text_of(case).is_none()));
    }
    assert!(missing.is_empty(), "no such cases:\n{}", missing.join("\n"));
}

#[test]
fn every_case_that_is_run_has_a_row() {
    let named: HashSet<String> = rows().into_iter().flat_map(|row| row.cases).collect();
    let silent: Vec<String> =
        case::all().into_iter().filter(|case| case.name.starts_with("run/")).map(|case| case.name).collect();
    let silent: Vec<&String> = silent.iter().filter(|name| !named.contains(*name)).collect();
    assert!(silent.is_empty(), "no row names {silent:?}");
}

/// Whether a word stands in a text, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

/// Whether a case runs the builtin in a kernel: by a tier's test, or as a case of the suite that says what it prints.
fn runs(case: &str, tier: &str, name: &str, suite: &[Case]) -> bool {
    match suite.iter().find(|it| it.name == case) {
        Some(case) => tier == "kernel/" && case.is_run() && has_word(&case.script, name),
        None => case.starts_with(tier) && text_of(case).is_some_and(|text| has_word(&text, name)),
    }
}

#[test]
fn every_builtin_is_run_by_a_case_of_its_row() {
    let (rows, suite) = (rows(), case::all());
    let names = builtins::ALL.iter().map(|it| it.name).chain(aggregations::ALL.iter().map(|it| it.name));
    let mut without = Vec::new();
    for name in names {
        let tier = if ONLY_IN_A_GUEST.iter().any(|(known, _)| *known == name) { "vm/" } else { "kernel/" };
        let of_it = rows.iter().filter(|row| quoted(&row.statement).iter().any(|word| has_word(word, name)));
        if !of_it.flat_map(|row| &row.cases).any(|case| runs(case, tier, name, &suite)) {
            without.push(format!("{name}: no case of tests/tiers/{tier} or tests/suite in its row runs it"));
        }
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn what_is_left_to_the_guest_is_in_the_table_for_a_reason() {
    for (name, reason) in ONLY_IN_A_GUEST {
        assert!(builtins::find(name).is_some_and(|it| it.name == *name), "{name}");
        assert!(reason.len() > 10, "{name}");
    }
}
