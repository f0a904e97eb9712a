//! Tools that take any function or event, against known numbers of calls.

use std::process::{Command, Output};

use serde_json::Value;
use tracedeck_tests::binary::tracedeck;
use tracedeck_tests::require_tracing;
use tracedeck_tests::target;

fn tool(arguments: &[&str]) -> Output {
    Command::new(tracedeck()).arg("tool").args(arguments).output().expect("tracedeck")
}

/// The final contents of the only map that was printed.
fn map(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.rfind(|line| line["type"] == "map" || line["type"] == "hist");
    found.unwrap_or_else(|| panic!("no map: {text}\n{}", String::from_utf8_lossy(&output.stderr)))["data"].clone()
}

#[test]
fn calls_stacks_and_values_of_named_functions() {
    require_tracing!();
    let program = target::target();
    let function = format!("{}:counted_function", program.display());
    let child = format!("{} call 40", program.display());
    let run = |name: &str, pattern: &str| map(&tool(&[name, pattern, "-f", "json", "-c", &child]));

    let probe = format!("uprobe:{function}");
    let calls = run("funccount", &format!("uprobe:{}:counted_*", program.display()));
    assert_eq!(calls["@calls"][&probe], 40);
    let stacks = run("stackcount", &probe);
    let of_target: Vec<_> = stacks["@stacks"].as_object().expect("stacks").iter().collect();
    assert_eq!(of_target.iter().map(|(_, count)| count.as_u64().unwrap_or(0)).sum::<u64>(), 40);
    assert!(of_target.iter().all(|(stack, _)| stack.contains("counted_function")), "{of_target:?}");
    for (name, map) in [("ufunclatency", "@nsecs"), ("valuedist", "@returned")] {
        let data = run(name, &function);
        let buckets =
            data[map].as_object().and_then(|map| map.values().next()).and_then(Value::as_array).expect("a histogram");
        assert_eq!(buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap_or(0)).sum::<u64>(), 40, "{name}");
    }
}

#[test]
fn a_parameter_that_is_needed_is_asked_for() {
    let output = tool(&["funccount"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("funccount needs its pattern: `tracedeck tool funccount 'tracepoint:sched:*'`"), "{said}");
}
