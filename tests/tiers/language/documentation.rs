//! The document of the language is the one that the tables make.

use tracedeck::cli;
use tracedeck_compiler::documentation;
use tracedeck_tests::golden;

#[test]
fn the_document_of_the_language_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let text = documentation::language(&cli::run_options());
    if golden::is_update() {
        std::fs::write(&path, &text).expect("writing the document");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/language.md is stale: run `cargo xtask codegen`");
}
