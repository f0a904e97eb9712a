//! What is asked at a terminal before a script is attached to hundreds of functions.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tracedeck_tests::{binary, require_tracing};

/// `tracedeck run` at a terminal, where somebody types these lines; all that the terminal shows.
fn at_a_terminal(arguments: &str, typed: &str) -> String {
    let command = format!("{} run {arguments}", binary::tracedeck().display());
    let mut terminal = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env("TRACEDECK_NO_CACHE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script of util-linux");
    terminal.stdin.take().expect("its keyboard").write_all(typed.as_bytes()).expect("it is read");
    String::from_utf8_lossy(&terminal.wait_with_output().expect("its screen").stdout).into_owned()
}

#[test]
fn hundreds_of_functions_are_asked_about_where_somebody_can_answer() {
    require_tracing!();
    // Of the C library, about three hundred.
    let script = "-e 'uprobe:libc:p* { @ = count(); } interval:ms:10 { exit(); }'";
    let no = at_a_terminal(script, "no\n");
    assert!(
        no.contains("functions; where they are called often") && no.contains("Attach to all of them? [y/N]"),
        "{no}"
    );
    assert!(no.contains("Nothing was attached: you said no") && !no.contains("Attached"), "{no}");
    let yes = at_a_terminal(script, "y\n");
    assert!(yes.contains("Attach to all of them?") && yes.contains("Attached"), "{yes}");
    let few = at_a_terminal("-e 'uprobe:libc:strlen { @ = count(); } interval:ms:10 { exit(); }'", "");
    assert!(!few.contains("Attach to all of them?") && few.contains("Attached 2 probes"), "{few}");
    let said_before = at_a_terminal(&format!("--yes {script}"), "");
    assert!(!said_before.contains("Attach to all of them?") && said_before.contains("Attached"), "{said_before}");
    // A script in a pipeline is not asked.
    let run = binary::run(&["-e", "uprobe:libc:p* { @ = count(); } interval:ms:10 { exit(); }"]).expect_code(0);
    assert!(!run.stderr.contains("Attach to all of them?") && run.stderr.contains("Attached"), "{}", run.stderr);
}
