//! Iterators: a walk over the kernel's objects, and what it sees of a process that the test started.

use std::process::{Child, Command, Stdio};

use tracedeck_tests::binary::{Run, run, tracedeck};
use tracedeck_tests::{require_tracing, target};

/// A process that lives until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let sleeper = Command::new(target::target()).args(["call", "1", "100000"]).stdin(Stdio::piped()).spawn();
        Self(sleeper.expect("the target"))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_task_is_visited_once_and_the_run_ends() {
    require_tracing!();
    let sleeper = Sleeper::start();
    let script = format!(
        r#"iter:task /ctx.task.tgid == {}/ {{ printf("%d %s %d\n", ctx.task.pid, ctx.task.comm, ctx.task.real_parent.tgid); }}"#,
        sleeper.0.id()
    );
    // The text comes raw, without the name of the map or the probe.
    let run: Run = run(&["-q", "-e", &script]).expect_code(0);
    assert_eq!(run.stdout.trim_end(), format!("{} td_target {}", sleeper.0.id(), std::process::id()), "{}", run.stderr);
}

#[test]
fn all_tasks_are_counted() {
    require_tracing!();
    let _sleeper = Sleeper::start();
    let run = run(&["-f", "json", "-e", "iter:task { @n = count(); if (ctx.task.tgid == 0) { @none = count(); } }"])
        .expect_code(0);
    let all = run.map("@n").as_u64().expect("a count");
    let threads = std::fs::read_dir("/proc").expect("proc").flatten().count() as u64;
    assert!(all > 10 && all < threads * 50, "{all}");
    // The kernel ends a walk with a visit of nothing, which is not the script's business.
    assert!(!run.stdout.contains("@none"), "{}", run.stdout);
}

#[test]
fn the_files_of_one_process_are_visited() {
    require_tracing!();
    let sleeper = Sleeper::start();
    let pid = sleeper.0.id().to_string();
    let script = r#"iter:task_file { @[ctx.task.tgid, (uint64)ctx.fd] = count(); }"#;
    let run = run(&["-f", "json", "-p", &pid, "-e", script]).expect_code(0);
    let files = run.map("@");
    let files = files.as_object().expect("files");
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files").count();
    assert_eq!(files.len(), open, "{files:?}");
    assert!(files.keys().all(|key| key.starts_with(&format!("{pid},"))), "{files:?}");
}

#[test]
fn the_memory_of_one_process_is_visited() {
    require_tracing!();
    let sleeper = Sleeper::start();
    let pid = sleeper.0.id().to_string();
    let script = r#"iter:task_vma { printf("%lx-%lx\n", ctx.vma.vm_start, ctx.vma.vm_end); }"#;
    let run = run(&["-q", "-p", &pid, "-e", script]).expect_code(0);
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
    let expected: Vec<String> = maps
        .lines()
        .filter(|line| !line.contains("[vsyscall]"))
        .filter_map(|line| {
            let (start, end) = line.split_once(' ')?.0.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).expect("an address");
            Some(format!("{:x}-{:x}", number(start), number(end)))
        })
        .collect();
    let seen: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn an_iterator_left_behind_writes_to_whoever_reads_it() {
    require_tracing!();
    let sleeper = Sleeper::start();
    let name = format!("tracedeck-test-{}", std::process::id());
    let script = format!(
        r#"iter:task:{name} /ctx.task.tgid == {}/ {{ printf("%-6d|%s|100%%\n", ctx.task.pid, ctx.task.comm); }}"#,
        sleeper.0.id()
    );
    // In a mount namespace of its own, so that a BPF file system is there and what is left behind is gone with it.
    let shell = r#"mount -t bpf bpf /sys/fs/bpf && "$0" run -e "$1" && cat "$2" "$2""#;
    let path = format!("/sys/fs/bpf/{name}");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", shell])
        .arg(tracedeck())
        .args([&script, &path])
        .output()
        .expect("unshare");
    // Each reading is a walk of its own.
    let line = format!("{:<6}|td_target|100%\n", sleeper.0.id());
    let expected = format!("Program pinned to {path}\n{line}{line}");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{errors}");
}
