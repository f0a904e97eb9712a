//! Every script of a list, and every example of the documentation, is taken by the running kernel.

use tracedeck::host::LiveKernel;
use tracedeck::live::verify_load;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{aggregations, builtins, compile};
use tracedeck_tests::require_tracing;

const SCRIPTS: &str = include_str!("../../scripts/accepted.bt");

/// What is wrong with each script that is not taken.
fn refusals<'a>(scripts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let kernel = LiveKernel::shared();
    let options = CompileOptions { allow_unsafe: true, has_child: true, ..CompileOptions::default() };
    let mut refusals = Vec::new();
    for script in scripts {
        match compile(&SourceFile::new("test", script), &*kernel, &options) {
            Err(diagnostics) => refusals.push(format!("{script}\n{diagnostics:#?}")),
            Ok((compiled, _)) => refusals.extend(verify_load(&compiled).err().map(|text| format!("{script}\n{text}"))),
        }
    }
    refusals
}

#[test]
fn the_verifier_takes_every_script_of_the_list() {
    require_tracing!();
    let refused = refusals(SCRIPTS.lines().filter(|line| !line.starts_with('#')));
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

#[test]
fn the_verifier_takes_the_example_of_every_builtin_and_aggregation() {
    require_tracing!();
    // Whether a binary has symbols, or a cgroup exists, is this machine's business.
    let depends_on_files = |example: &&str| example.contains("/bin/bash") || example.contains("cgroupid");
    let builtins = builtins::ALL.iter().map(|builtin| builtin.example);
    let aggregations = aggregations::ALL.iter().map(|aggregation| aggregation.example);
    let refused = refusals(builtins.chain(aggregations).filter(|example| !depends_on_files(example)));
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

#[test]
fn a_loop_without_an_end_is_refused_as_that() {
    require_tracing!();
    for script in ["begin { while (1) { @ = count(); } }", "begin { while (nsecs < 5) { } }"] {
        let refused = refusals([script]).concat();
        assert!(refused.contains("the kernel cannot see that this loop ends"), "{refused}");
    }
    let refused = refusals(["begin { $i = 0; while ($i < 10000000) { $i++; } }"]).concat();
    assert!(refused.contains("too large for the kernel's verifier"), "{refused}");
}
