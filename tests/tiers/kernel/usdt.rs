//! USDT probes of a program of ours and of its library: places, arguments, semaphores, one process among several.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tracedeck_tests::binary::{Run, command, run, wait_until_attached};
use tracedeck_tests::{require_tracing, skip, target};

fn marked() -> Option<&'static Path> {
    let program = target::marked();
    if program.is_none() {
        skip::skip(module_path!(), "sys/sdt.h is missing: install systemtap-sdt-dev");
    }
    program
}

fn trace(script: &str, program: &Path, count: u32) -> Run {
    let script = script.replace("MARKED", &program.display().to_string());
    run(&["-f", "json", "-c", &format!("{} {count}", program.display()), "-e", &script]).expect_code(0)
}

#[test]
fn arguments_are_read_from_wherever_they_are() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let script = r#"usdt:MARKED:shop:kinds {
        printf("%d %d %d %d %s %d %d %d\n", arg0, arg1, arg2, arg3, str(arg4), arg5, arg6, arg7); }"#;
    assert_eq!(
        trace(script, program, 3).printed(),
        ["0 -1 255 -300 item-0 -7 0 100\n", "1 -1 255 -300 item-1 -7 -1 200\n", "2 -1 255 -300 item-2 -7 -2 300\n"]
    );
}

#[test]
fn operands_relative_to_variables_and_parts_of_registers_are_read() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let script = r#"usdt:MARKED:shop:direct {
        printf("%d %d %x %x %d %d\n", arg0, arg1, arg2, arg3, arg4, *(uint64 *)arg5); }"#;
    assert_eq!(trace(script, program, 2).printed(), ["0 100 12 1234 200 100\n", "-1 200 12 1234 200 100\n"]);
}

#[test]
fn every_place_of_a_probe_fires_with_its_own_arguments() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let script = "usdt:MARKED:shop:sold { @ids = sum(arg0); @prices = sum((int32)arg1); @n = count(); }";
    let run = trace(script, program, 10);
    // Ids 0..10 and 1000..1010; prices 5 each, and 0 to -9.
    let all = (run.map("@n"), run.map("@ids"), run.map("@prices"));
    assert_eq!(all, (20.into(), (45 + 10_045).into(), (50 - 45).into()), "{}", run.stdout);
    assert_eq!(attached(&run), 1);
}

fn attached(run: &Run) -> u64 {
    let messages = run.json();
    let found = messages.iter().find(|message| message["type"] == "attached_probes").expect("the number of probes");
    found["data"]["probes"].as_u64().expect("a number")
}

#[test]
fn patterns_match_providers_and_names() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let run = trace("usdt:MARKED:*:sold { @ = count(); } usdt:MARKED:sh*:pl* { @p = count(); }", program, 7);
    assert_eq!((run.map("@"), run.map("@p")), (21.into(), 7.into()));
    let run = trace("usdt:MARKED:*:* { @[probe] = count(); }", program, 2);
    let counts = run.map("@");
    let name = |end: &str| format!("usdt:{}:{end}", program.display());
    assert_eq!((&counts[name("shop:sold")], &counts[name("stock:sold")]), (&4.into(), &2.into()), "{counts}");
}

#[test]
fn conditions_and_stacks_of_probes() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let script = "usdt:MARKED:shop:sold /arg0 < 5/ { @n = count(); @stack[ustack(perf)] = count(); }
                  usdt:MARKED:shop:sold /arg0 == 500/ { @none = count(); }";
    let run = trace(script, program, 10);
    assert_eq!(run.map("@n"), 5);
    assert!(!run.stdout.contains("@none"), "{}", run.stdout);
    let stacks = run.map("@stack");
    let mut names = stacks.as_object().expect("stacks").keys();
    assert!(names.all(|stack| stack.contains("main")), "{stacks}");
}

#[test]
fn a_semaphore_is_raised_while_the_probe_is_traced() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let count = trace("usdt:MARKED:shop:guarded { @ = count(); @sum = sum(arg0); }", program, 9);
    assert_eq!((count.map("@"), count.map("@sum")), (9.into(), 36.into()));
    // Many places at once have one link, and counters of their own.
    assert_eq!(trace("usdt:MARKED:shop:* { @ = count(); }", program, 4).map("@"), 24);
    // The links are let go behind the end of the command, perhaps in the middle of a run: that one sees a part.
    let seen = || Command::new(program).arg("5").output().expect("the program").stderr;
    while seen() == b"guarded 5\n" {}
    assert_eq!(String::from_utf8_lossy(&seen()), "guarded 0\n");
}

#[test]
fn a_library_has_probes_too() {
    require_tracing!();
    let Some(program) = marked() else { return };
    let library = program.with_file_name("libtd_marked.so");
    let script = format!(
        r#"usdt:{}:depot:stored {{ @[str(arg1)] = sum(arg0); }} usdt:MARKED:plain {{ @n = count(); }}"#,
        library.display()
    );
    let run = trace(&script, program, 5);
    assert_eq!((run.map("@")["from a library"].clone(), run.map("@n")), (10.into(), 5.into()));
}

/// The program, waiting for a line before it does anything.
fn waiting(program: &Path, count: u32) -> Child {
    Command::new(program)
        .args([&count.to_string(), "wait"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program")
}

/// Traces a waiting program while another of its kind runs too; the tracer's output.
fn trace_one(program: &Path, script: &str) -> String {
    let (mut traced, mut other) = (waiting(program, 6), waiting(program, 100));
    let script = script.replace("PID", &traced.id().to_string());
    let mut tracer = command(&["-p", &traced.id().to_string(), "-e", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tracedeck");
    wait_until_attached(&mut tracer);
    for process in [&mut other, &mut traced] {
        process.stdin.take().expect("its input").write_all(b"\n").expect("a line");
        process.wait().expect("its end");
    }
    let run: Run = tracer.wait_with_output().expect("tracedeck").into();
    run.expect_code(0).stdout.trim().to_owned()
}

#[test]
fn one_process_is_traced_without_the_path_of_its_files() {
    require_tracing!();
    let Some(program) = marked() else { return };
    assert_eq!(trace_one(program, "usdt:plain { @ = count(); }"), "@: 6");
    assert_eq!(trace_one(program, "usdt::stock:sold { @ = count(); }"), "@: 6");
    // Its library is one of the files that it has mapped.
    assert_eq!(trace_one(program, "usdt:*:depot:stored /pid == PID/ { @ = count(); }"), "@: 6");
}
