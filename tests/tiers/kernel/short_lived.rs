//! Processes that are gone before anybody can look at them have names in their stacks.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use tracedeck_tests::binary::{Run, command, trace};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target;

/// Processes of one run.
const COUNT: i64 = 300;

/// Every process is counted, and in nearly all of the stacks the first frame is this function.
#[track_caller]
fn assert_named(stacks: &serde_json::Value, function: &str) {
    let (mut all, mut nameless) = (0, Vec::new());
    for (stack, count) in stacks.as_object().expect("stacks") {
        all += count.as_i64().expect("a count");
        if !stack.trim_start().starts_with(function) {
            nameless.push(stack);
        }
    }
    assert_eq!(all, COUNT);
    assert!(
        nameless.len() as i64 * 100 <= COUNT * 5,
        "{} of {COUNT} are not in {function}: {nameless:#?}",
        nameless.len()
    );
}

#[test]
fn programs_that_run_for_one_system_call_have_names() {
    require_tracing!();
    let run = trace(
        r#"tracepoint:syscalls:sys_enter_getppid /comm == "td_target"/ { @[ustack] = count(); }"#,
        &format!("programs {COUNT}"),
    );
    assert_named(&run.map("@"), "syscall+");
}

#[test]
fn copies_of_a_process_that_call_one_function_have_names() {
    require_tracing!();
    let script = format!("uprobe:{}:counted_function {{ @[ustack] = count(); }}", target::target().display());
    let run = trace(&script, &format!("copies {COUNT}"));
    assert_named(&run.map("@"), "counted_function+");
}

#[test]
fn the_symbol_of_an_address_in_a_process_that_is_gone_has_its_name() {
    require_tracing!();
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let run = trace(&format!(r#"{uprobe} {{ @[pid] = usym(reg("ip")); }}"#), &format!("copies {COUNT}"));
    let symbols = run.map("@");
    let symbols: Vec<_> = symbols.as_object().expect("symbols").values().filter_map(|name| name.as_str()).collect();
    assert_eq!(symbols.len() as i64, COUNT);
    let named = symbols.iter().filter(|name| **name == "counted_function").count() as i64;
    assert!(named * 100 >= COUNT * 95, "{named} of {COUNT} have their name: {symbols:?}");
}

#[test]
fn a_process_that_was_there_before_and_is_gone_at_the_end_has_the_symbol_of_its_probe() {
    require_tracing!();
    // Nobody looks at it while it lives: its address goes into a map, which is read at the end.
    let mut target =
        Command::new(target::target()).args(["gate", "3"]).stdin(Stdio::piped()).spawn().expect("the target");
    let script = format!(r#"uprobe:{}:counted_function {{ @[pid] = usym(reg("ip")); }}"#, target::target().display());
    let mut tracer = command(&["-e", &script]);
    let mut tracer = tracer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
    let mut said = [0_u8; 8];
    tracer.stderr.as_mut().expect("stderr").read_exact(&mut said).expect("the attach message");
    target.stdin.take().expect("stdin").write_all(b"x").expect("a byte");
    let line = format!("@[{}]: counted_function", target.id());
    assert!(target.wait().expect("its end").success());
    assert!(Command::new("kill").args(["-INT", &tracer.id().to_string()]).status().expect("kill").success());
    let run = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
    assert!(run.stdout.lines().any(|printed| printed == line), "{}", run.stdout);
}
