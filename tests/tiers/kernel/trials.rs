//! `--test` and `--bench`: scripts that test and measure themselves.

use tracedeck_tests::binary::run;
use tracedeck_tests::require_tracing;

const SCRIPT: &str = r#"
begin { @base = 40; }
test:passes { if (@base + 2 != 42) { return 1; } printf("not shown\n"); }
test:returns { printf("shown %d\n", 7); return 3; }
test:complains { errorf("not %s", "good"); }
test:exits { exit(2); }
t:sched:sched_switch { @switches = count(); }
bench:empty { }
bench:busy { for ($i : 0..100) { @n[$i] = count(); } printf("dropped"); }
bench:skipped { return 1; }
"#;

#[test]
fn tests_pass_or_fail_with_what_they_said() {
    require_tracing!();
    let run = run(&["--test", "-e", SCRIPT]).expect_code(1);
    let lines: Vec<String> = run
        .stdout
        .lines()
        .map(|line| match line.rsplit_once(" (") {
            Some((rest, time)) if time.contains("us") => rest.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let text = lines.join("\n");
    assert!(text.starts_with("[==========] Running 4 tests.\n[ RUN      ] passes\n[       OK ] passes\n"), "{text}");
    assert!(text.contains("[ RUN      ] returns\nshown 7\n[  FAILED  ] returns\n"), "{text}");
    assert!(text.contains("not good") && !text.contains("not shown"), "{text}");
    let end = "[==========] 4 tests ran.\n[  PASSED  ] 1 test.\n[  FAILED  ] 3 tests, listed below:\n\
               [  FAILED  ] returns\n[  FAILED  ] complains\n[  FAILED  ] exits";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn tests_are_told_as_json() {
    require_tracing!();
    let passing = run(&["--mode", "test", "-f", "json", "-e", "test:one { } test:two { return 0; }"]).expect_code(0);
    let results = passing.json();
    assert_eq!(results.len(), 2, "{}", passing.stdout);
    assert_eq!((&results[0]["type"], &results[1]["data"]["two"]["passed"]), (&"test_result".into(), &true.into()));
}

#[test]
fn benchmarks_are_measured() {
    require_tracing!();
    let run = run(&["--bench", "-f", "json", "-e", SCRIPT]).expect_code(0);
    let results = run.json();
    assert_eq!(results.len(), 2, "{}", run.stdout);
    let average = |at: usize, name: &str| results[at]["data"][name]["average"].as_u64();
    assert!(results[0]["data"]["empty"]["iters"].as_u64() > Some(1), "{}", run.stdout);
    // A hundred updates of a map are a hundred times what a machine with other work may add to an empty body.
    assert!(average(1, "busy") > average(0, "empty"), "{}", run.stdout);
}

#[test]
fn benchmarks_are_a_table() {
    require_tracing!();
    let run = run(&["--bench", "-e", SCRIPT]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], format!("{:<41}{:<15}Iterations", "Benchmark", "Time(ns)"));
    assert!(lines[1].chars().all(|it| it == '-') && lines[2].starts_with("empty "), "{}", run.stdout);
    assert_eq!(lines.len(), 4, "{}", run.stdout);
}
