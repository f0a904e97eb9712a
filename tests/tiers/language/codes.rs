//! Every kind of diagnostic has a case that shows it.

use std::collections::BTreeSet;
use std::path::Path;

use tracedeck_compiler::diagnostic::codes::CODES;
use tracedeck_compiler::sema::unsupported;
use tracedeck_tests::captured::{files, read};

use super::suite::outcomes;

/// Codes that no script can provoke: they say that the compiler itself is wrong.
const UNREACHABLE: [&str; 2] = ["internal", "internal-parser"];

/// How the calls end that build a diagnostic, up to its code: `Diagnostic::error(`, `typer.error_with(`, `warn(`.
const CONSTRUCTORS: [&str; 4] = ["error(", "error_with(", "warning(", "warn("];

/// The codes that stand in the compiler's source as first argument of a constructor.
fn codes_in_source() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("compiler").join("src");
    let mut codes = BTreeSet::new();
    for path in files(&source, "rs").iter().filter(|path| !path.iter().any(|part| part == "tests")) {
        let text = read(path);
        let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for constructor in CONSTRUCTORS {
            for call in shipped.split(constructor).skip(1) {
                let Some(code) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                    continue;
                };
                if code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
                    codes.insert(code.to_owned());
                }
            }
        }
    }
    codes
}

#[test]
fn the_list_of_codes_is_sorted_and_has_every_code_of_the_source() {
    assert!(CODES.is_sorted());
    let used = codes_in_source();
    assert!(used.len() > 60, "the source was not found");
    let unlisted: Vec<&String> = used.iter().filter(|code| !CODES.contains(&code.as_str())).collect();
    assert!(unlisted.is_empty(), "not in diagnostic::codes::CODES: {unlisted:?}");
}

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<&str> =
        outcomes().iter().flat_map(|it| it.diagnostics.iter().map(|diagnostic| diagnostic.code)).collect();
    let without: Vec<&str> =
        CODES.iter().copied().filter(|code| !shown.contains(code) && !UNREACHABLE.contains(code)).collect();
    assert!(without.is_empty(), "no case in tests/suite shows {without:?}");
    let unlisted: Vec<&&str> = shown.iter().filter(|code| !CODES.contains(code)).collect();
    assert!(unlisted.is_empty(), "not in diagnostic::codes::CODES: {unlisted:?}");
}

#[test]
fn everything_that_is_not_supported_yet_has_a_case() {
    let said: Vec<String> = outcomes()
        .iter()
        .flat_map(|it| it.diagnostics.iter())
        .filter(|diagnostic| diagnostic.code == "not-supported-yet")
        .map(|diagnostic| diagnostic.message.to_lowercase())
        .collect();
    let is_shown = |what: &str| said.iter().any(|message| message.contains(&what.to_lowercase()));
    let without: Vec<&str> =
        unsupported::BUILTINS.iter().map(|(name, ..)| *name).filter(|name| !is_shown(name)).collect();
    assert!(without.is_empty(), "no case in tests/suite shows {without:?}");
}
