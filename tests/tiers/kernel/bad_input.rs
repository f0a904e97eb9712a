//! Mistakes: each gets its span and a sentence, nothing is attached, nothing crashes.

use tracedeck_tests::binary::{Run, command, run};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::TemporaryPath;

/// The script fails with status 1, names the place and says one of these words.
#[track_caller]
fn refused(script: &str, place: &str, word: &str) {
    let run = run(&["-e", script]);
    check(&run, place, word);
}

#[track_caller]
fn check(run: &Run, place: &str, word: &str) {
    assert_eq!(run.code, Some(1), "stdout: {}\nstderr: {}", run.stdout, run.stderr);
    assert!(run.stderr.contains(place), "no {place} in: {}", run.stderr);
    assert!(run.stderr.to_lowercase().contains(&word.to_lowercase()), "no '{word}' in: {}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn an_unknown_probe_suggests_the_nearest() {
    require_tracing!();
    refused("tracepont:syscalls:sys_enter_read { @ = count(); }", "stdin:1:1-", "tracepoint");
    refused("tracepoint:syscalls:sys_enter_raed { @ = count(); }", "stdin:1:1-", "sys_enter_read");
}

#[test]
fn an_unknown_field_suggests_the_nearest() {
    require_tracing!();
    refused("tracepoint:syscalls:sys_enter_read { @ = args.cuont; }", "stdin:1:", "count");
    refused("BEGIN { @ = ((struct task_struct *)curtask)->tgdi; }", "stdin:1:", "tgid");
}

#[test]
fn maps_must_be_used_one_way() {
    require_tracing!();
    refused("BEGIN { @a[1] = 1; @a = 2; }", "stdin:1:", "@a");
    refused("BEGIN { print(@nowhere); }", "stdin:1:", "@nowhere");
}

#[test]
fn types_must_agree() {
    require_tracing!();
    refused(r#"BEGIN { $x = 1; $x = "text"; }"#, "stdin:1:22-", "type");
    refused(r#"BEGIN { @x = count(); @x = 5; }"#, "stdin:1:28-", "@x");
}

#[test]
fn a_variable_ends_with_its_block() {
    require_tracing!();
    refused("BEGIN { if (1) { $inner = 1; } @ = $inner; }", "stdin:1:36-", "$inner");
}

#[test]
fn a_string_must_end() {
    require_tracing!();
    refused("BEGIN { printf(\"never closed); }", "stdin:1:16-", "unterminated");
}

#[test]
fn a_megabyte_of_garbage_is_refused_in_a_sentence() {
    require_tracing!();
    let file = TemporaryPath::new("garbage.bt");
    let garbage: Vec<u8> = (0..1_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(file.path(), garbage).expect("writing the file");
    let run = run(&[file.path().to_str().expect("a path")]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.len() < 2000 && run.stderr.contains("ERROR"), "{}", run.stderr);
    std::fs::write(file.path(), "x".repeat(1_000_000)).expect("writing the file");
    let run = command(&[file.path().to_str().expect("a path")]).output().map(Run::from).expect("tracedeck");
    check(&run, "ERROR", "65536");
}

#[test]
fn twenty_thousand_nested_operators_are_refused_in_a_sentence() {
    require_tracing!();
    for (before, inner, after) in [("(", "1", ")"), ("!", "1", ""), ("1+", "1", ""), ("1?", "1", ":1"), ("-", "1", "")]
    {
        let script = format!("BEGIN {{ @ = {}{inner}{}; }}", before.repeat(20_000), after.repeat(20_000));
        let file = TemporaryPath::new("nested.bt");
        std::fs::write(file.path(), script).expect("writing the file");
        let run = run(&[file.path().to_str().expect("a path")]);
        assert_eq!(run.code, Some(1), "{before}: {}", run.stderr);
        assert!(run.stderr.contains("ERROR") && run.stderr.len() < 2000, "{before}: {}", run.stderr);
    }
}

#[test]
fn a_program_too_large_for_the_kernels_stack_is_reported_at_its_probe() {
    require_tracing!();
    let variables: String = (0..120).map(|i| format!("$v{i} = nsecs + {i}; ")).collect();
    let uses: String = (0..120).map(|i| format!("$v{i} = $v{i} * $v{}; ", (i + 7) % 120)).collect();
    let sum: String = (0..120).map(|i| format!("@s{i} = $v{i}; ")).collect();
    let script = format!("BEGIN {{ {variables} for ($i : 0..10) {{ {uses} }} {sum} }}");
    let run = run(&["-e", &script]);
    if run.code != Some(0) {
        check(&run, "stdin:1:", "stack");
    }
}

#[test]
fn an_empty_script_is_refused() {
    require_tracing!();
    refused("", "stdin:1:1", "empty");
    refused("   // only a comment\n", "stdin", "empty");
}

#[test]
fn without_privilege_a_sentence_says_what_is_missing() {
    require_tracing!();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid", "65534", "--clear-groups", "--"])
        .arg(copy_for_everyone().path())
        .args(["run", "-e", "BEGIN { exit(); }"])
        .output();
    let Ok(output) = output else { return tracedeck_tests::skip::skip("privilege", "setpriv is not installed") };
    let run = Run::from(output);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("CAP_BPF") || run.stderr.contains("root"), "{}", run.stderr);
}

/// The binary where another user may execute it.
fn copy_for_everyone() -> TemporaryPath {
    let path = TemporaryPath::new("tracedeck");
    std::fs::copy(tracedeck_tests::binary::tracedeck(), path.path()).expect("a copy of the binary");
    path
}

#[test]
fn a_probe_that_this_kernel_lacks_says_why() {
    require_tracing!();
    refused("kprobe:vfs_read { @ = count(); }", "stdin:1:1-", "kprobe");
    refused("hardware:cycles { @ = count(); }", "stdin:1:1-", "hardware");
}
