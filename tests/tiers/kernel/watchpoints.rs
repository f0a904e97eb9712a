//! Watchpoints on a variable of a program of ours, and events that threads inherit.

use object::{Object, ObjectSymbol};
use tracedeck_tests::binary::{run, trace};
use tracedeck_tests::{require_tracing, target};

/// The address of the target's variable; it is not position-independent.
fn watched() -> u64 {
    let bytes = std::fs::read(target::target()).expect("the target");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let found = file.symbols().find(|symbol| symbol.name() == Ok("watched_value"));
    found.expect("the variable").address()
}

#[test]
fn writes_are_counted_in_threads_that_start_later_too() {
    require_tracing!();
    let script = format!(
        "watchpoint:{:#x}:8:w {{ @n = count(); @threads[tid == pid ? \"main\" : \"later\"] = count(); }}",
        watched()
    );
    let run = trace(&script, "watch 25");
    assert_eq!(
        (run.map("@n"), &run.map("@threads")["main"], &run.map("@threads")["later"]),
        (50.into(), &25.into(), &25.into())
    );
}

#[test]
fn reads_and_writes_are_counted_and_stacks_lead_there() {
    require_tracing!();
    let script = format!("w:{:#x}:8:rw /tid == pid/ {{ @[ustack(perf, 1)] = count(); @n = count(); }}", watched());
    let run = trace(&script, "watch 10");
    // One read and one write in each of ten passes.
    assert_eq!(run.map("@n"), 20);
    assert!(run.stdout.contains("main"), "{}", run.stdout);
}

#[test]
fn an_executed_instruction_fires() {
    require_tracing!();
    let bytes = std::fs::read(target::target()).expect("the target");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let function = file.symbols().find(|it| it.name() == Ok("counted_function")).expect("a function").address();
    let script = format!(r#"watchpoint:{function:#x}:8:x {{ @ = sum(reg("di")); @n = count(); }}"#);
    let run = trace(&script, "call 12");
    assert_eq!((run.map("@n"), run.map("@")), (12.into(), 66.into()));
}

#[test]
fn more_watchpoints_than_the_processor_has_are_refused() {
    require_tracing!();
    let watched = watched();
    let script: String = (0..5).map(|index| format!("w:{:#x}:1:w {{ @ = count(); }} ", watched + index)).collect();
    let run = run(&["-c", &target::command("watch 1"), "-e", &script]);
    assert_eq!(run.code, Some(255), "{}", run.stdout);
    assert!(run.stderr.contains("watchpoint"), "{}", run.stderr);
}

#[test]
fn a_profile_of_one_processor_fires_on_that_one() {
    require_tracing!();
    let run = trace("profile:0:ms:1 { @cpus[cpu] = count(); }", "spin 200");
    let cpus = run.map("@cpus");
    assert_eq!(cpus.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>()), Some(vec!["0".to_owned()]));
}
