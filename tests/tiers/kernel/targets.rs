//! What probes are in changes while they are attached: it is said, and the run goes on.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use tracedeck::host::LiveKernel;
use tracedeck::live::LiveDriver;
use tracedeck::session::driver::{Driver, RunRequest};
use tracedeck::session::event::{EndReason, Event};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_tests::binary::{Run, command, traced, wait_for_message, wait_until_attached};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::{self, TemporaryPath, Waiting};

/// Traces a copy of the program while this is done to it; what is said then.
fn said_when(change: impl FnOnce(&Path)) -> String {
    let copy = TemporaryPath::new("traced");
    std::fs::copy(target::target(), copy.path()).expect("a copy");
    let path = copy.path().display().to_string();
    let script =
        format!("uprobe:{path}:counted_function {{ @ = count(); }} uretprobe:{path}:spin_* {{ @r = count(); }}");
    let mut message = String::new();
    traced(&[], &script, |tracer| {
        change(copy.path());
        message = wait_for_message(tracer, &path);
    });
    message
}

#[test]
fn a_file_that_is_replaced_is_reported() {
    require_tracing!();
    let other = TemporaryPath::new("new version");
    let message = said_when(|path| {
        std::fs::copy(target::target(), other.path()).expect("a copy");
        std::fs::rename(other.path(), path).expect("a new name");
    });
    assert!(message.contains("was replaced") && message.contains("counted_function (and 1 more)"), "{message}");
}

#[test]
fn a_file_that_is_written_to_is_reported() {
    require_tracing!();
    let message = said_when(|path| {
        OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(b"more")).expect("writing");
    });
    assert!(message.contains("was written to") && message.contains("start the run again"), "{message}");
}

#[test]
fn processes_that_end_are_reported_and_with_the_last_the_run_ends() {
    require_tracing!();
    let (one, other) = (Waiting::new("getppid 3"), Waiting::new("getppid 4"));
    let pids = [one.pid(), other.pid()];
    let script = "t:syscalls:sys_enter_getppid { @ = count(); }";
    let mut tracer = command(&["-p", &pids[0], "-p", &pids[1], "-e", script]);
    let mut tracer = tracer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
    wait_until_attached(&mut tracer);
    one.work();
    let message = wait_for_message(&mut tracer, &pids[0]);
    assert!(message.contains("has ended; one process is still traced"), "{message}");
    other.work();
    let run = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
    assert!(run.stderr.contains(&format!("{} has ended; nothing is left to trace", pids[1])), "{}", run.stderr);
    assert_eq!(run.stdout.trim(), "@: 7");
}

/// Descriptors of this process that keep programs attached.
fn held() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").expect("own descriptors").flatten();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let names = targets.map(|target| target.to_string_lossy().into_owned());
    names.filter(|name| ["bpf_link", "bpf-prog", "[perf_event]"].iter().any(|kind| name.contains(kind))).collect()
}

#[test]
fn a_failure_half_way_leaves_nothing_attached() {
    require_tracing!();
    let program = target::target().display();
    // The processor has four watchpoints; all that stands before the fifth is attached when it is refused.
    let watchpoints: String =
        (0..5).map(|index| format!("watchpoint:{:#x}:8:w {{ @w++; }} ", 0x40_0000 + 8 * index)).collect();
    let script = format!(
        "t:sched:sched_switch {{ @s++; }} rt:sched_process_exit {{ @r++; }} {watchpoints} u:{program}:spin_* {{ @u++; }}"
    );
    let mut options = CompileOptions::default();
    options.processes.pids = vec![std::process::id()];
    let request = RunRequest {
        imported: None,
        source_name: "stdin".to_owned(),
        source: script,
        options,
        command: None,
        dry_run: false,
        live_maps: false,
        live_map_entries: 0,
        time_limit_seconds: 0,
        measure: false,
        server: None,
        debug_directories: Vec::new(),
    };
    let before = held();
    let mut driver = LiveDriver::start(request, LiveKernel::shared()).expect("starts");
    let events: Vec<Event> = driver.events().expect("taken once").iter().collect();
    let Some(Event::Ended { reason: EndReason::Failed { message }, .. }) = events.last() else { panic!("{events:#?}") };
    assert!(message.contains("watchpoint"), "{message}");
    // Links are let go behind the last event.
    while held().len() > before.len() {
        std::thread::yield_now();
    }
    assert_eq!(held(), before);
}
