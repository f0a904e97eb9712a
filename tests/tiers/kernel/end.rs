//! After a run nothing stays behind, however it ended.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tracedeck_tests::binary::{command, loaded_programs, run, trace};
use tracedeck_tests::{require_tracing, target};

#[test]
fn a_killed_run_leaves_nothing_attached() {
    require_tracing!();
    let before = loaded_programs();
    let mut child =
        command(&["-e", "tracepoint:syscalls:sys_enter_getppid { @ = count(); } profile:hz:9 { @p = count(); }"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tracedeck");
    let mut message = [0_u8; 8];
    std::io::Read::read_exact(child.stderr.as_mut().expect("stderr"), &mut message).expect("the attach message");
    let during = loaded_programs();
    assert!(during.iter().any(|id| !before.contains(id)), "its programs are loaded");
    child.kill().expect("kill -9");
    child.wait().expect("its end");
    let started = Instant::now();
    loop {
        let left: Vec<u64> =
            loaded_programs().into_iter().filter(|id| during.contains(id) && !before.contains(id)).collect();
        if left.is_empty() {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "still loaded: {left:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_failed_attach_leaves_nothing_attached() {
    require_tracing!();
    let run = run(&["-e", "interval:s:1 { @ = count(); } uprobe:/bin/bash:no_such_function_here { @ = count(); }"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("no_such_function_here"), "{}", run.stderr);
}

#[test]
fn a_dry_run_attaches_and_ends() {
    require_tracing!();
    let run = run(&["--dry-run", "-e", "interval:s:1 { printf(\"never\\n\"); }"]).expect_code(0);
    assert_eq!(run.stdout.trim(), "");
}

#[test]
fn begin_runs_before_and_end_behind_all_others_in_their_order() {
    require_tracing!();
    let script = format!(
        r#"begin {{ printf("begin %d", @n); @n = 100; }} begin {{ @n += 1000; }}
           uprobe:{}:counted_function {{ @n++; }}
           end {{ printf("end %d", @n); @n = 7; }} end {{ printf("last %d", @n); }}"#,
        target::target().display()
    );
    assert_eq!(trace(&script, "call 12").printed(), ["begin 0", "end 1112", "last 7"]);
}
