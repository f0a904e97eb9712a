//! The documents are those that the tables make.

use tracedeck::{cli, examples};
use tracedeck_compiler::{documentation, probes};
use tracedeck_tests::golden;

use super::rows::text_of;

/// Compares a document with what the tables make, or writes it.
fn check(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if golden::is_update() {
        std::fs::write(&path, text).expect("writing the document");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/{name} is stale: run `cargo xtask codegen`");
}

#[test]
fn the_document_of_the_language_is_up_to_date() {
    check("language.md", &documentation::language(&cli::options::run_options()));
}

#[test]
fn the_table_of_probe_types_is_up_to_date() {
    check("probes.md", &documentation::probe_types::document());
}

#[test]
fn the_list_of_tools_is_up_to_date() {
    check("tools.md", &examples::document::document());
}

/// What the text of a test must have to show something of a probe type.
const MARKS: [(&str, &str); 5] =
    [("count", "assert"), ("values", ""), ("wildcard", "*"), ("predicate", "/ {"), ("stack", "stack")];

#[test]
fn every_probe_type_names_tests_that_attach_it() {
    let mut wrong = Vec::new();
    for kind in probes::ALL {
        assert!(kind.tested.tests().next().is_some(), "no test of {}", kind.name);
        for test in kind.tested.tests() {
            // Where a machine has none, the test says what is told there.
            let Some(text) = text_of(test) else {
                wrong.push(format!("{}: there is no test {test}", kind.name));
                continue;
            };
            let mut words = text.split(|it: char| !it.is_ascii_alphanumeric());
            if !words.any(|word| word == kind.name || kind.aliases.contains(&word)) {
                wrong.push(format!("{}: {test} does not attach it", kind.name));
            }
        }
        for ((name, shown), (marked, mark)) in kind.tested.columns().into_iter().zip(MARKS) {
            assert_eq!(name, marked);
            let without = |test: &&&str| text_of(test).is_some_and(|text| !text.contains(mark));
            wrong.extend(
                shown.tests().iter().filter(without).map(|test| format!("{}: {test} has no {name}", kind.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
