//! User-space probes: arguments, return values, offsets, wildcards, a shell's readline.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use tracedeck_tests::binary::{command, run, trace, traced, wait_for_message, wait_until_attached};
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;
use tracedeck_tests::target::{self, TemporaryPath};

#[test]
fn arguments_and_strings_of_a_function_are_read() {
    require_tracing!();
    let script = format!(
        r#"uprobe:{}:counted_function /arg0 < 3/ {{ printf("%d %s\n", arg0, str(arg1)); }}"#,
        target::target().display()
    );
    assert_eq!(trace(&script, "call 100").printed(), ["0 call-0\n", "1 call-1\n", "2 call-2\n"]);
}

#[test]
fn return_values_are_read() {
    require_tracing!();
    let script =
        format!("uretprobe:{}:counted_function {{ @ = sum(retval); @n = count(); }}", target::target().display());
    let run = trace(&script, "call 100");
    assert_eq!((run.map("@"), run.map("@n")), (9900.into(), 100.into()));
}

#[test]
fn conditions_and_stacks_of_calls_and_returns() {
    require_tracing!();
    // It returns twice its argument.
    let script = r#"
        uprobe:BIN:counted_function /arg0 >= 90/ { @calls = count(); @from[ustack(perf)] = count(); }
        uretprobe:BIN:counted_f* /retval > 100/ { @returns = count(); @to[ustack(perf)] = count(); }
        uretprobe:BIN:counted_f* /retval == 1/ { @none = count(); }"#;
    let run = trace(&script.replace("BIN", &target::target().display().to_string()), "call 100");
    assert_eq!((run.map("@calls"), run.map("@returns")), (10.into(), 49.into()));
    assert!(!run.stdout.contains("@none"), "{}", run.stdout);
    let (from, to) = (run.map("@from"), run.map("@to"));
    let only = |map: &serde_json::Value| map.as_object().expect("stacks").keys().cloned().collect::<Vec<String>>();
    assert!(only(&from).iter().all(|it| it.contains("counted_function") && it.contains("main")), "{from}");
    assert!(only(&to).iter().all(|it| it.contains("main")), "{to}");
}

#[test]
fn a_wildcard_attaches_to_every_function_with_one_link() {
    require_tracing!();
    let script = format!("uprobe:{}:spin_* {{ @[probe] = count(); }}", target::target().display());
    let run = trace(&script, "spin 1");
    let counts = run.map("@");
    let names: Vec<&String> = counts.as_object().expect("probes").keys().collect();
    assert!(names.iter().any(|name| name.ends_with(":spin_inner")), "{names:?}");
    assert_eq!(counts[format!("uprobe:{}:spin_outer", target::target().display())], 1);
}

#[test]
fn an_entry_offset_is_the_function_itself() {
    require_tracing!();
    let script = format!("u:{}:counted_function+0 {{ @ = count(); }}", target::target().display());
    assert_eq!(trace(&script, "call 12").map("@"), 12);
}

#[test]
fn what_is_typed_into_a_shell_is_printed() {
    require_tracing!();
    let mut tracer =
        command(&["-e", r#"uretprobe:/bin/bash:readline { printf("typed: %s\n", str(retval)); exit(); }"#])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tracedeck");
    wait_until_attached(&mut tracer);

    let terminal = nix::pty::openpty(None, None).expect("a terminal");
    let mut shell = std::process::Command::new("/bin/bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("TERM", "dumb");
    for stream in 0..3 {
        let end: OwnedFd = terminal.slave.try_clone().expect("the terminal");
        match stream {
            0 => shell.stdin(Stdio::from(end)),
            1 => shell.stdout(Stdio::from(end)),
            _ => shell.stderr(Stdio::from(end)),
        };
    }
    let mut shell = shell.spawn().expect("bash");
    let mut keyboard = std::fs::File::from(terminal.master);
    keyboard.write_all(b"echo hello from a test\n").expect("typing");

    let output = tracer.wait_with_output().expect("tracedeck");
    let _ = keyboard.write_all(b"exit\n");
    let _ = shell.kill();
    let _ = shell.wait();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("typed: echo hello from a test\n"), "{text}");
}

#[test]
fn a_file_that_is_removed_is_reported_and_a_process_that_runs_it_is_traced_on() {
    require_tracing!();
    let copy = TemporaryPath::new("removed");
    std::fs::copy(target::target(), copy.path()).expect("a copy");
    let path = copy.path().display().to_string();
    let mut process = std::process::Command::new(copy.path());
    let mut process = process.args(["gate", "7"]).stdin(Stdio::piped()).spawn().expect("the copy");
    let run = traced(&[], &format!("u:{path}:counted_function {{ @ = count(); }}"), |tracer| {
        std::fs::remove_file(&path).expect("removing");
        wait_for_message(tracer, "was removed");
        process.stdin.take().expect("its input").write_all(b"x").expect("a byte");
        assert!(process.wait().expect("its end").success());
    });
    assert_eq!(run.stdout.trim(), "@: 7", "{}", run.stderr);
}

#[test]
fn a_function_that_cannot_be_probed_is_left_out_of_a_pattern() {
    require_tracing!();
    // Begins with an instruction that locks the bus, which the kernel does not take.
    let alone = run(&["-e", "u:libc:pthread_spin_lock { @ = count(); }"]);
    if alone.code == Some(0) {
        return skip(module_path!(), "this C library's pthread_spin_lock can be probed");
    }
    assert!(alone.stderr.contains("its first instruction cannot be probed"), "{}", alone.stderr);
    let others = "u:libc:pthread_spin_* { @ = count(); } interval:ms:10 { exit(); }";
    for options in [&[][..], &["--no-feature", "uprobe_multi"]] {
        let run = run(&[options, &["-e", others]].concat()).expect_code(0);
        let message = "does not let pthread_spin_lock (its first instruction cannot be probed) be probed";
        assert!(run.stderr.contains(message) && run.stderr.contains("Attached"), "{}", run.stderr);
    }
}
