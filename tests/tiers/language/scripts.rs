//! Scripts that people meet first, in the documents and on the start page: they compile.

use tracedeck_compiler::compile;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_tests::binary::source_path;
use tracedeck_tests::captured::{self, files, read};

use super::KERNEL;

/// What is said about a script that does not compile.
fn refusal(name: &str, script: &str) -> Option<String> {
    let file = SourceFile::new(name, script);
    let errors = compile(&file, &captured::kernel(KERNEL), &CompileOptions::default()).err()?;
    Some(errors.iter().map(|error| render(&file, error)).collect())
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_ready_scripts_of_the_start_page_compile() {
    let scripts = files(&source_path("../server/examples"), "bt");
    assert!(scripts.len() >= 8, "only {} scripts", scripts.len());
    let refused = scripts.iter().filter_map(|path| refusal(&path.display().to_string(), &read(path)));
    // What this kernel lacks is a fact about it, not a mistake in a script.
    assert_none(&refused.filter(|text| !text.contains(" probes need ")).collect::<Vec<_>>());
}

/// The scripts in README.md's shell blocks, which people type first.
#[test]
fn the_scripts_of_the_readme_compile() {
    let readme = read(&source_path("../README.md"));
    let scripts: Vec<&str> = readme
        .split("tracedeck run")
        .skip(1)
        .filter_map(|rest| rest.split("-e '").nth(1)?.split('\'').next())
        .collect();
    assert!(scripts.len() >= 5, "only {} scripts were found", scripts.len());
    assert_none(&scripts.iter().filter_map(|script| refusal("README.md", script)).collect::<Vec<_>>());
}
