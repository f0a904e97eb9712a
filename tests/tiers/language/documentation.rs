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

#[test]
fn every_probe_type_names_tests_that_attach_it() {
    let mut wrong = Vec::new();
    for kind in probes::ALL {
        assert!(!kind.tested.is_empty(), "no test of {}", kind.name);
        for test in kind.tested {
            // Where a machine has none, the test says what is told there.
            match text_of(test) {
                None => wrong.push(format!("{}: there is no test {test}", kind.name)),
                Some(text) => {
                    let words = || text.split(|it: char| !it.is_ascii_alphanumeric());

                    let is_named = words().any(|word| word == kind.name || kind.aliases.contains(&word));
                    if !is_named {
                        wrong.push(format!("{}: {test} does not attach it", kind.name));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
