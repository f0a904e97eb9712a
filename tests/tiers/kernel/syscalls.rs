//! Wildcards over system calls: one program for hundreds of tracepoints, each counted under its own name.

use std::process::Stdio;
use std::time::Instant;

use tracedeck_tests::binary::{command, trace, wait_until_attached};
use tracedeck_tests::skip::skip;
use tracedeck_tests::{require_tracing, target};

#[test]
fn every_entry_and_exit_has_its_own_name() {
    require_tracing!();
    let script = r#"tracepoint:syscalls:sys_enter_* /pid == cpid/ { @in[probe] = count(); @numbers[args.__syscall_nr] = count(); }
        t:syscalls:sys_exit_* /pid == cpid/ { @out[probe] = count(); @results = sum(args.ret > 0 ? 1 : 0); }"#;
    let run = trace(script, "getppid 321");
    let (entries, exits) = (run.map("@in"), run.map("@out"));
    assert_eq!(entries["tracepoint:syscalls:sys_enter_getppid"], 321, "{entries}");
    assert_eq!(exits["tracepoint:syscalls:sys_exit_getppid"], 321, "{exits}");
    // getppid is 110 on x86-64, and never fails.
    assert_eq!(run.map("@numbers")["110"], 321);
    assert!(run.map("@results").as_u64() >= Some(321));
    // What both saw agrees, but for the exec that the command began with and the exit that never returns.
    assert!(entries.as_object().map(|it| it.len()) >= Some(5), "{entries}");
    assert_eq!(entries["tracepoint:syscalls:sys_enter_exit_group"], 1, "{entries}");
}

#[test]
fn a_pattern_counts_its_matches_only() {
    require_tracing!();
    let run = trace("t:syscalls:sys_enter_get* /pid == cpid/ { @[probe] = count(); } ", "getppid 50");
    let counts = run.map("@");
    assert_eq!(counts["tracepoint:syscalls:sys_enter_getppid"], 50, "{counts}");
    let names: Vec<&String> = counts.as_object().expect("names").keys().collect();
    assert!(names.iter().all(|name| name.starts_with("tracepoint:syscalls:sys_enter_get")), "{names:?}");
}

#[test]
fn all_system_calls_attach_and_stop_without_waiting_for_each() {
    require_tracing!();
    let started = Instant::now();
    let mut tracer = command(&["-e", "t:syscalls:sys_enter_* { @[probe] = count(); }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tracedeck");
    wait_until_attached(&mut tracer);
    let attached = started.elapsed();
    let signal =
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(tracer.id() as i32), nix::sys::signal::Signal::SIGINT);
    signal.expect("a signal");
    let stopped = Instant::now();
    let output = tracer.wait_with_output().expect("its end");
    eprintln!("attached after {attached:?}, stopped after {:?}", stopped.elapsed());
    assert!(String::from_utf8_lossy(&output.stdout).contains("@[tracepoint:syscalls:sys_enter_"));
}

#[test]
fn calls_by_the_table_of_32_bits_are_not_taken_for_others() {
    require_tracing!();
    let works = std::process::Command::new(target::target()).args(["compat", "1"]).status().expect("the program");
    if !works.success() {
        return skip(module_path!(), "this kernel has no system calls of 32 bits");
    }
    let script = "t:syscalls:sys_enter_* /pid == cpid/ { @in[args.__syscall_nr] = count(); }
        t:syscalls:sys_exit_* /pid == cpid/ { @out[args.__syscall_nr] = count(); }
        t:syscalls:sys_enter_getppid /pid == cpid/ { @alone = count(); }";
    let run = trace(script, "compat 25");
    for map in ["@in", "@out"] {
        let counts = run.map(map);
        // 64 is semget here, and getppid there.
        assert_eq!((&counts["64"], &counts["110"]), (&serde_json::Value::Null, &25.into()), "{map}: {counts}");
    }
    assert_eq!(run.map("@alone"), 25);
}
