//! Kernel and user stacks with names, also of processes that are gone when the stacks are printed.

use tracedeck_tests::binary::{run, trace};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::{self, TemporaryPath};

#[test]
fn user_stacks_of_an_exited_process_have_names() {
    require_tracing!();
    let run = trace(r#"profile:hz:99 /comm == "td_target"/ { @[ustack] = count(); }"#, "spin 600");
    let stacks = run.map("@");
    let stacks = stacks.as_object().expect("stacks");
    let named: i64 = stacks
        .iter()
        .filter(|(stack, _)| stack.contains("spin_inner") && stack.contains("spin_outer") && stack.contains("main"))
        .filter_map(|(_, count)| count.as_i64())
        .sum();
    let all: i64 = stacks.values().filter_map(|count| count.as_i64()).sum();
    assert!(all >= 30, "{all} samples in 600 ms at 99 Hz");
    assert!(named * 10 >= all * 8, "{named} of {all} samples have spin_inner, spin_outer and main: {stacks:?}");
}

#[test]
fn kernel_stacks_have_names() {
    require_tracing!();
    let run =
        trace(r#"tracepoint:syscalls:sys_enter_getppid /comm == "td_target"/ { @[kstack] = count(); }"#, "getppid 50");
    let stacks = run.map("@");
    let stacks = stacks.as_object().expect("stacks");
    let total: i64 = stacks.values().filter_map(|count| count.as_i64()).sum();
    assert_eq!(total, 50);
    assert!(stacks.keys().any(|stack| stack.contains("do_syscall_64")), "{stacks:?}");
}

#[test]
fn stacks_and_names_share_a_key() {
    require_tracing!();
    let run = run(&[
        "-f",
        "folded",
        "-c",
        &target::command("spin 500"),
        "-e",
        r#"profile:hz:99 /comm == "td_target"/ { @[kstack, ustack, comm] = count(); }"#,
    ])
    .expect_code(0);
    let mut total = 0;
    for line in run.stdout.lines() {
        let (stack, count) = line.rsplit_once(' ').expect("a stack and a count");
        assert!(stack.starts_with("td_target;"), "{line}");
        total += count.parse::<i64>().expect("a count");
    }
    assert!(total >= 20, "{}", run.stdout);
    assert!(run.stdout.contains("main;spin_outer;spin_inner"), "{}", run.stdout);
}

#[test]
fn a_flame_graph_is_written_as_svg() {
    require_tracing!();
    let svg = TemporaryPath::new("flame.svg");
    run(&[
        "--flame",
        svg.path().to_str().expect("a path"),
        "-c",
        &target::command("spin 400"),
        "-e",
        r#"profile:hz:99 /comm == "td_target"/ { @[ustack] = count(); }"#,
    ])
    .expect_code(0);
    let text = std::fs::read_to_string(svg.path()).expect("the SVG");
    assert!(text.contains("<svg") && text.contains("spin_inner") && text.trim_end().ends_with("</svg>"));
}

#[test]
fn printed_stacks_are_in_the_layout_of_their_mode() {
    require_tracing!();
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let script = format!(r#"{uprobe} {{ printf("%s", ustack(2)); printf("%s", ustack(perf, 1)); exit(); }}"#);
    let run = run(&["-c", &target::command("call 1 300"), "-e", &script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("        counted_function+0"), "{lines:?}");
    assert!(lines[1].starts_with("        main+"), "{lines:?}");
    assert!(lines[2].starts_with('\t') && lines[2].contains(" counted_function+0 ("), "{lines:?}");
}

#[test]
fn many_different_stacks_are_all_counted() {
    require_tracing!();
    let run = trace(
        r#"tracepoint:syscalls:sys_*_m* /comm == "td_target"/ { @[kstack, ustack, probe] = count(); @all = count(); }"#,
        "short /bin/true /bin/true /bin/true",
    );
    let by_stack: i64 = run.map("@").as_object().expect("stacks").values().filter_map(|count| count.as_i64()).sum();
    assert_eq!(run.map("@all"), by_stack);
}
