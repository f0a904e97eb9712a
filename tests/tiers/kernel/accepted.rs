//! Every script of a list, and every example of the documentation, is taken by the running kernel.

use tracedeck::host::LiveKernel;
use tracedeck::live::verify_load;
use tracedeck_compiler::documentation::constructs;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{aggregations, builtins, compile};
use tracedeck_tests::guest::only_in_a_guest;
use tracedeck_tests::{require_tracing, skip};

const SCRIPTS: &str = include_str!("../../scripts/accepted.bt");

/// What is wrong with each script that is not taken.
fn refusals<'a>(scripts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let kernel = LiveKernel::shared();
    let options = CompileOptions { allow_unsafe: true, has_child: true, ..CompileOptions::default() };
    let mut refusals = Vec::new();
    for script in scripts {
        match compile(&SourceFile::new("test", script), &*kernel, &options) {
            Err(diagnostics) if diagnostics.iter().any(|it| it.code == "probe-not-supported") => {
                skip::skip("the verifier takes", &format!("this machine has no such probe: {script}"));
            }
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
    let depends_on_files = |example: &&str| ["/bin/bash", "cgroupid"].iter().any(|word| example.contains(word));
    let here = builtins::ALL.iter().filter(|builtin| !only_in_a_guest(builtin.name));
    let builtins = here.map(|builtin| builtin.example);
    let aggregations = aggregations::ALL.iter().map(|aggregation| aggregation.example);
    let refused = refusals(builtins.chain(aggregations).filter(|example| !depends_on_files(example)));
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

#[test]
fn the_verifier_takes_the_example_of_every_construct() {
    require_tracing!();
    // The file that is imported exists in the compiler's own tests; whether a shell has symbols is this machine's business.
    let depends_on_files = |example: &&str| ["import ", "/bin/bash"].iter().any(|word| example.contains(word));
    let refused = refusals(constructs::ALL.iter().map(|it| it.example).filter(|example| !depends_on_files(example)));
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

#[test]
fn a_loop_that_reads_the_context_must_be_seen_to_end() {
    require_tracing!();
    let probe = "t:syscalls:sys_enter_openat";
    for script in ["while (args.dfd != 5) { @ = count(); }", "while (nsecs < 5) { @ = sum(args.dfd); }"] {
        let refused = refusals([format!("{probe} {{ {script} }}").as_str()]).concat();
        assert!(refused.contains("the kernel cannot see that this loop ends"), "{refused}");
    }
    let refused =
        refusals([
            format!("{probe} {{ $i = args.dfd; $i = 0; while ($i < 9999999) {{ $i++; @ = args.dfd; }} }}").as_str()
        ]);
    assert!(refused.concat().contains("too large for the kernel's verifier"), "{}", refused.concat());
}

#[test]
fn loops_of_any_bound_are_taken() {
    require_tracing!();
    let refused = refusals([
        "begin { while (nsecs < 5) { } }",
        "begin { $i = 0; while ($i < 10000000) { $i++; } }",
        "begin { $n = nsecs; $i = 0; while ($i < $n) { $i++; $j = 0; while ($j < $i) { $j++; if ($j == 9) { return; } } } }",
        "begin { while (1) { @n++; if (@n > 5) { break; } $s = str(0); @m[$s] = count(); } }",
        "begin { for $i : 0..9 { $k = $i; while ($k < pid) { $k++; continue; } print($k); } }",
        "fn f($n : int64) : int64 { $i = 0; while ($i < $n) { $i += 2; if ($i == 7) { return -1; } } return $i; } begin { print(f(nsecs)); }",
    ]);
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}
