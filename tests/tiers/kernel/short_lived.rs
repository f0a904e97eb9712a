//! Processes that are gone before anybody can look at them have names in their stacks.

use tracedeck_tests::binary::trace;
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
