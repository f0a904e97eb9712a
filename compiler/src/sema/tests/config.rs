//! The config block and the environment.

use super::{all_say, kernel, said_by, typed};
use crate::options::CompileOptions;
use crate::source::SourceFile;

#[test]
fn settings_reach_types_and_maps() {
    let text = typed("config = { max_strlen = 64; MAX_MAP_KEYS = 9 } begin { @[str(5)] = 1; }");
    assert!(text.starts_with("map @[string[64]]: int8 x9\n"), "{text}");
}

#[test]
fn the_environment_wins_over_the_script() {
    let options = CompileOptions {
        environment: vec![("BPFTRACE_MAX_MAP_KEYS".to_owned(), "7".to_owned())],
        ..CompileOptions::default()
    };
    let file = SourceFile::new("test", "config = { max_map_keys = 9 } begin { @[1] = 1; }");
    let (program, _) = crate::analyze(&file, &kernel(), &options).unwrap();
    assert_eq!(program.maps[0].max_entries, 7);
}

#[test]
fn wrong_settings_are_said_where_they_are() {
    all_say(&[
        (
            "config = { max_strln = 5 } begin { }",
            "error unknown-config `max_strln`: Unknown config variable: 'max_strln' | Did you mean 'max_strlen'?",
        ),
        (
            "config = { strlen = 5 } begin { }",
            "error unknown-config `strlen`: Unknown config variable: 'strlen' | It is called 'max_strlen' now",
        ),
        (
            r#"config = { stack_mode = "prf" } begin { }"#,
            "error bad-config-value `stack_mode = \"prf\"`: Invalid value for 'stack_mode': expected one of bpftrace, perf, raw, build_id | Did you mean 'perf'?",
        ),
        (
            "config = { max_map_keys = 0 } begin { }",
            "error bad-config-value `max_map_keys = 0`: Invalid value for 'max_map_keys': expected a number from 1 to 67108864",
        ),
        (
            "config = { print_maps_on_exit = perhaps } begin { }",
            "error bad-config-value `print_maps_on_exit = perhaps`: Invalid value for 'print_maps_on_exit': expected true or false",
        ),
        (
            "config = { vmlinux = \"x\" } begin { }",
            "error config-environment-only `vmlinux`: 'vmlinux' can only be set in the environment",
        ),
    ]);
}

#[test]
fn missing_probes_can_be_tolerated() {
    let script = |setting| format!("config = {{ missing_probes = {setting} }} t:sched:nope, begin {{ @ = 1; }}");
    let said = |setting| said_by(&script(setting), &kernel(), &CompileOptions::default());
    assert!(said("error").starts_with("error no-such-probe"));
    assert!(said("warn").starts_with("warning no-such-probe"));
    assert_eq!(said("ignore"), "");
}
