//! The examples of the compiler's records are documentation: each compiles, code included.

use tracedeck_compiler::options::{CompileOptions, Purpose};
use tracedeck_compiler::probes::Support;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{aggregations, builtins, compile, probes};
use tracedeck_tests::captured;

use super::{KERNEL, object};

/// What is wrong with a script that must compile.
fn problem(name: &str, script: &str) -> Option<String> {
    let purpose = match script.split(':').next() {
        Some("test") => Purpose::Test,
        Some("bench") => Purpose::Bench,
        _ => Purpose::Trace,
    };
    let options = CompileOptions { has_child: true, allow_unsafe: true, purpose, ..CompileOptions::default() };
    let what = match compile(&SourceFile::new("example", script), &captured::kernel(KERNEL), &options) {
        Ok((compiled, warnings)) => {
            // That a call is for debugging is no fault of its example.
            let said = warnings.iter().filter(|it| it.code != "debug-output").map(|it| it.message.clone());
            object::disagreements(&compiled).into_iter().chain(said).collect::<Vec<_>>()
        }
        // Its probe type is not there yet.
        Err(errors) if errors.iter().any(|it| it.code == "probe-not-supported") => return None,
        Err(errors) => errors.iter().map(|it| it.message.clone()).collect(),
    };
    (!what.is_empty()).then(|| format!("{name}: {script}\n  {}", what.join("\n  ")))
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_example_of_every_builtin_becomes_a_program() {
    assert_none(&builtins::ALL.iter().filter_map(|it| problem(it.name, it.example)).collect::<Vec<_>>());
}

#[test]
fn the_example_of_every_aggregation_becomes_a_program() {
    assert_none(&aggregations::ALL.iter().filter_map(|it| problem(it.name, it.example)).collect::<Vec<_>>());
}

#[test]
fn the_example_of_every_probe_type_that_is_supported_becomes_a_program() {
    let supported = probes::ALL.iter().filter(|it| matches!(it.support, Support::Yes(_)));
    let script = |example: &str| format!("{example} {{ @ = count(); }}");
    assert_none(&supported.filter_map(|it| problem(it.name, &script(it.example))).collect::<Vec<_>>());
}
