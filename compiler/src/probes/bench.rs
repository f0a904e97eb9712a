//! `test` and `bench`: scripts that test or measure themselves.
//!
//! A test is a raw tracepoint program like `begin`: it may call every helper that the script's other probes call. A
//! benchmark is an XDP program, the type that the kernel runs many times in one call and measures itself; run once a
//! system call, a body of a few nanoseconds would drown in the microseconds of the call.

use super::{Expander, ProbeKind, Shown, Support, Tested, has_wildcard, plain};
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind};

pub static TEST: ProbeKind = ProbeKind {
    name: "test",
    aliases: &[],
    syntax: "test:NAME",
    doc: "A test, run with `--test`. It passes if it returns 0 and calls neither errorf() nor exit() with another code.",
    since: "5.10",
    mechanism: "an XDP program that the engine runs",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/trials::tests_pass_or_fail_with_what_they_said"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("names of tests are chosen with --probe-filter"),
        predicate: Shown::By(&["kernel/kinds::conditions_of_probes_that_run_by_themselves_are_tested"]),
        stack: Shown::Not("no event is behind it"),
        further: &["kernel/trials::tests_are_told_as_json"],
    },
    example: "test:addition",
    support: Support::Yes(|expander, parts| {
        expand(expander, parts, ProgramKind::RawTracepoint, |name| AttachSpec::Test { name });
    }),
};

pub static BENCH: ProbeKind = ProbeKind {
    name: "bench",
    aliases: &[],
    syntax: "bench:NAME",
    doc: "A benchmark, run with `--bench` as often as it takes to measure it. One that does not return 0 is skipped.",
    since: "5.18",
    mechanism: "an XDP program that the engine runs",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/trials::benchmarks_are_measured"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("names of benchmarks are chosen with --probe-filter"),
        predicate: Shown::Not("a condition would be measured with the rest"),
        stack: Shown::Not("no event is behind it"),
        further: &["kernel/trials::benchmarks_are_a_table"],
    },
    example: "bench:addition",
    support: Support::Yes(|expander, parts| {
        expand(expander, parts, ProgramKind::Xdp, |name| AttachSpec::Bench { name });
    }),
};

fn expand(expander: &mut Expander<'_>, parts: &[String], program: ProgramKind, spec: fn(String) -> AttachSpec) {
    let kind = expander.kind.name;
    let [name] = parts else {
        return expander.malformed(format!("{kind} needs one name"));
    };
    if name.is_empty() || has_wildcard(name) {
        return expander.malformed(format!("The name of a {kind} is plain text without wildcards"));
    }
    expander.push(plain(format!("{kind}:{name}"), spec(name.clone()), program, Context::None));
}
