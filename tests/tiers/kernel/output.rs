//! What the terminal prints: order, streams, exit codes, parameters, JSON.

use std::io::Write;
use std::process::{Command, Stdio};

use tracedeck_tests::binary::{Run, run, trace};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target;

#[test]
fn begin_and_end_frame_the_output_and_maps_come_last() {
    require_tracing!();
    let run = run(&["-e", r#"BEGIN { printf("first\n"); @b = 2; @a[1] = 5; exit(); } END { printf("last\n"); }"#])
        .expect_code(0);
    assert_eq!(run.stdout, "first\nlast\n\n\n@a[1]: 5\n@b: 2\n");
    assert_eq!(run.stderr, "Attached 2 probes\n");
}

#[test]
fn the_exit_code_is_the_scripts() {
    require_tracing!();
    run(&["-q", "-e", "BEGIN { exit(7); }"]).expect_code(7);
}

#[test]
fn a_command_that_cannot_start_is_told_before_anything_is_attached() {
    require_tracing!();
    let run = run(&["-c", "/no/such/program x", "-e", "end { print(1) }"]).expect_code(1);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("The command '/no/such/program x' was not started: No such file"), "{}", run.stderr);
    assert!(!run.stderr.contains("Attached"), "{}", run.stderr);
}

#[test]
fn settings_of_the_environment_are_told_where_they_stand() {
    require_tracing!();
    let arguments = ["-q", "-e", "begin { print(config.str_trunc_trailer) }"];
    let output = tracedeck_tests::binary::command(&arguments).env("BPFTRACE_STRLEN", "64").output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("HINT: It is called 'max_strlen' now\nHINT: The environment says BPFTRACE_STRLEN=64\n"),
        "{text}"
    );
    // A text may look like a number.
    let mut command = tracedeck_tests::binary::command(&arguments);
    let output = command.env("BPFTRACE_STR_TRUNC_TRAILER", "77").output().expect("runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "77");
}

#[test]
fn positional_parameters_are_numbers_or_strings_by_use() {
    require_tracing!();
    let run =
        run(&["-q", "-e", r#"BEGIN { printf("%d %s %d\n", $1 + 1, str($2), $#); }"#, "41", "word"]).expect_code(0);
    assert_eq!(run.stdout.lines().next(), Some("42 word 2"));
}

#[test]
fn the_largest_entries_are_printed_last() {
    require_tracing!();
    let script = "BEGIN { for ($i : 0..20) { @[$i] = $i * 10; } print(@, 3); clear(@); }";
    let run = run(&["-q", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["@[17]: 170", "@[18]: 180", "@[19]: 190"]);
}

#[test]
fn ctrl_c_prints_the_maps() {
    require_tracing!();
    let mut child = tracedeck_tests::binary::command(&["-e", "BEGIN { @seen = 11; } interval:s:100 { exit(); }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tracedeck");
    let mut message = [0_u8; 8];
    std::io::Read::read_exact(child.stderr.as_mut().expect("stderr"), &mut message).expect("the attach message");
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("Ctrl-C");
    let run = Run::from(child.wait_with_output().expect("its end")).expect_code(0);
    assert_eq!(run.stdout, "\n\n@seen: 11\n");
}

#[test]
fn jq_accepts_the_json_of_every_shape() {
    require_tracing!();
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let script = format!(
        r#"{uprobe} {{
            @count[comm] = count(); @hist = hist(arg0); @lhist[pid] = lhist(arg0, 0, 10, 2); @stats[1] = stats(arg0);
            @avg = avg(arg0); @tuple[comm, arg0 % 2] = sum(arg0); @stack[ustack] = count(); @pair = (1, "a\"b\n");
            printf("%s \"quoted\" \\ %d\n", comm, arg0); print((1, "x")); time("%H\n"); @s[str(arg1)] = max(arg0);
        }}"#
    );
    let traced = trace(&script, "call 5");
    let mut jq =
        Command::new("jq").args(["-c", ".type"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("jq");
    jq.stdin.take().expect("its input").write_all(traced.stdout.as_bytes()).expect("writing to jq");
    let seen = jq.wait_with_output().expect("jq");
    assert!(seen.status.success());
    assert_eq!(String::from_utf8_lossy(&seen.stdout).lines().count(), traced.json().len());
    assert_eq!(traced.map("@count")["td_target"], 5);
}

#[test]
fn a_hostile_process_name_forges_nothing() {
    require_tracing!();
    let run = trace("tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); }", "hostile");
    let counts = run.map("@");
    let hostile: Vec<_> = counts.as_object().expect("names").iter().filter(|(name, _)| name.contains("<b>")).collect();
    assert_eq!(hostile.len(), 1, "{counts}");
    assert_eq!(hostile[0].1, 10);
}

#[test]
fn run_time_warnings_name_the_statement_and_the_helper() {
    require_tracing!();
    let script = "let @m = hash(1);\nbegin {\n  @m[1] = 1;\n  @m[2] = 1;\n  delete(@m, 7);\n  $z = nsecs - nsecs;\n  print(5 / ($z * 0));\n}";
    let said = run(&["-q", "-e", script]).expect_code(0).stderr;
    for (at, helper) in
        [("stdin:4:3-", Some("map_update_elem, retcode: -7")), ("stdin:5:3-", Some("map_delete_elem, retcode: -2"))]
    {
        let from = said.find(at).unwrap_or_else(|| panic!("{at} is not in\n{said}"));
        let block: Vec<&str> = said[from..].lines().take(4).collect();
        assert!(block[0].contains(": WARNING: ") && block[2].trim().starts_with('~'), "{said}");
        assert_eq!(block[3].strip_prefix("Additional Info - helper: "), helper, "{said}");
    }
    assert!(said.contains("stdin:7:9-") && !said.contains("has no such key. The value"), "{said}");
    assert_eq!(run(&["-q", "--no-warnings", "-e", script]).expect_code(0).stderr, "");
}

#[test]
fn with_k_reads_of_memory_and_of_missing_keys_are_told() {
    require_tracing!();
    let script = "begin { @m[1] = 1; print(@m[2]); print(*(uint64 *)0); }";
    assert_eq!(run(&["-q", "-e", script]).expect_code(0).stderr, "");
    let said = run(&["-q", "-k", "-e", script]).expect_code(0).stderr;
    assert!(said.contains("@m has no such key. The value is 0"), "{said}");
    assert!(said.contains("Additional Info - helper: map_lookup_elem, retcode: 0\n"), "{said}");
    assert!(said.contains("Additional Info - helper: probe_read_kernel, retcode: -34\n"), "{said}");
    let failures = run(&["-q", "-k", "-f", "json", "-e", script]).expect_code(0).json();
    let kinds: Vec<_> =
        failures.iter().filter(|it| it["type"] == "helper_error").map(|it| it["helper"].clone()).collect();
    assert_eq!(kinds, ["map_lookup_elem", "probe_read_kernel"]);
}

#[test]
fn zeroed_maps_keep_their_entries_and_cleared_ones_lose_them() {
    require_tracing!();
    let script = "begin { @c = count(); @k[1] = count(); @h = hist(3); @s = sum(4); @x = count(); @i = 7; \
                  zero(@c); zero(@k); zero(@h); zero(@s); zero(@i); clear(@x); print(@x); }";
    let said = run(&["-q", "-e", script]).expect_code(0).stdout;
    assert_eq!(said, "@x: 0\n\n\n@c: 0\n@h:\n\n@i: 0\n@k[1]: 0\n@s: 0\n");
}

#[test]
fn a_signal_that_no_probe_waits_for_ends_nothing() {
    require_tracing!();
    let mut child = tracedeck_tests::binary::command(&["-e", "interval:ms:300 { @n++; if (@n == 2) { exit(3); } }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tracedeck");
    let mut message = [0_u8; 16];
    std::io::Read::read_exact(child.stderr.as_mut().expect("piped"), &mut message).expect("Attached 1 probe");
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGUSR1).expect("to send it");
    Run::from(child.wait_with_output().expect("the end")).expect_code(3);
}

#[test]
fn an_entry_of_a_histogram_or_of_stats_can_be_printed_alone() {
    require_tracing!();
    let script = r#"begin { @h["a", 1] = hist(5); @h["a", 2] = hist(9); @s["x"] = stats(4); @s["longer"] = stats(7);
        print(@h["a", 1]); print(@s["x"]); print(@s["none"]); clear(@h); clear(@s); }"#;
    let bar = "@".repeat(52);
    assert_eq!(
        run(&["-q", "-e", script]).expect_code(0).stdout,
        format!(
            "@h[a, 1]:\n[4, 8)                 1 |{bar}|\n\n@s[x]: {{ .count = 1, .average = 4, .total = 4 }}\n\
             @s[none]: {{ .count = 0, .average = 0, .total = 0 }}\n\n\n"
        )
    );
    let lines = run(&["-q", "-f", "json", "-e", script]).expect_code(0).json();
    assert_eq!(lines[0]["data"], serde_json::json!({"@h": {"a,1": [{"min": 4, "max": 7, "count": 1}]}}));
    assert_eq!(lines[1]["data"], serde_json::json!({"@s": {"x": {"count": 1, "average": 4, "total": 4}}}));
}
