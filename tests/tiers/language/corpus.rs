//! What fuzzing found before, and seeds of it, through what the fuzz targets ask.

use tracedeck_tests::{captured, fuzzing};

/// The inputs of a target, with their names.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = captured::home().join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut found: Vec<(String, Vec<u8>)> = files
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).expect("an input that can be read"))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{}: no inputs", directory.display());
    found
}

/// Names the input that fails.
fn replay(target: &str, check: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    for (name, input) in inputs(target) {
        let passed = std::panic::catch_unwind(|| check(&input)).is_ok();
        assert!(passed, "{target}/{name}: {}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn the_corpus_of_the_parser_holds() {
    replay("parser", fuzzing::parser);
}

#[test]
fn the_corpus_of_sema_holds() {
    let kernel = captured::kernel("linux-6.18");
    // What the parser stumbled over goes further than it.
    for target in ["parser", "sema"] {
        replay(target, |input| fuzzing::sema(&kernel, input));
    }
}
