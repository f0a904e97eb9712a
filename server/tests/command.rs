//! The command as its users call it, for what needs no privilege.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn tracedeck(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tracedeck"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_correct_script_passes_the_check() {
    let output = tracedeck(&["check", "-e", "begin { @a = count(); @b[1] = 2; }"]);
    assert_eq!(text(&output.stdout), "stdin: no errors (1 probe, 2 maps)\n");
    assert!(output.status.success());
}

#[test]
fn a_mistake_is_shown_at_its_place_with_a_suggestion() {
    let output = tracedeck(&["check", "-e", "begin { @a = cuont(); }"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stderr);
    assert!(shown.starts_with("stdin:1:14-19: ERROR: "), "{shown}");
    assert!(shown.contains("\nbegin { @a = cuont(); }\n             ~~~~~\n"), "{shown}");
    assert!(shown.contains("'count'"), "{shown}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_check_for_editors_is_one_json_object() {
    let output = tracedeck(&["check", "--json", "-e", "begin {\n  @a = cuont(); }"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let diagnostic = &report["diagnostics"][0];
    assert_eq!(diagnostic["severity"], "error");
    assert_eq!((&diagnostic["line"], &diagnostic["column"]), (&Value::from(2), &Value::from(8)));
    assert_eq!((&diagnostic["start"], &diagnostic["end"]), (&Value::from(15), &Value::from(20)));
}

#[test]
fn the_stages_of_the_compiler_can_be_shown() {
    let script = ["-e", "begin { @a = 1; }"];
    let manifest = tracedeck(&["check", "--emit", "manifest", script[0], script[1]]);
    let manifest: Value = serde_json::from_slice(&manifest.stdout).expect("JSON");
    assert_eq!(manifest["maps"][0]["name"], "@a");
    for (stage, expected) in [("ast", "@a"), ("hir", "@a"), ("ir", "define"), ("bytecode", "exit")] {
        let output = tracedeck(&["run", "-d", stage, script[0], script[1]]);
        assert!(output.status.success() && text(&output.stdout).contains(expected), "{stage}: {output:?}");
    }
}

#[test]
fn the_probes_of_a_script_can_be_listed() {
    let output = tracedeck(&["run", "-l", "-e", "interval:s:1 { } end { }"]);
    assert_eq!(text(&output.stdout), "interval:s:1\nend\n");
}

#[test]
fn usage_errors_exit_with_one_and_say_what_is_wrong() {
    for (arguments, expected) in [
        (&["run"][..], "-e"),
        (&["run", "--nonsense"], "--nonsense"),
        (&["run", "/nonexistent.bt"], "/nonexistent.bt"),
        (&["run", "-p", "0", "-e", "begin { }"], "not a process id"),
        (&["run", "-d", "nonsense", "-e", "begin { }"], "nonsense"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let output = tracedeck(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn help_shows_examples_of_every_command() {
    for command in ["run", "check", "list", "info"] {
        let output = tracedeck(&[command, "--help"]);
        assert!(output.status.success() && text(&output.stdout).contains("EXAMPLES"), "{command}");
    }
}

#[test]
fn a_link_called_bpftrace_runs_scripts() {
    let directory = std::env::temp_dir().join(format!("tracedeck-command-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let link = directory.join("bpftrace");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tracedeck"), &link).expect("a link");
    let output = Command::new(&link).args(["-l", "-e", "BEGIN { }"]).output();
    std::fs::remove_dir_all(&directory).expect("the directory is ours");
    assert_eq!(text(&output.expect("the link can be called").stdout), "begin\n");
}
