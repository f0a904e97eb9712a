//! Which processes are traced: `-p`, `--follow`, `--cgroup`, and the tracer's own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tracedeck_tests::binary::{self, Run, command, run, wait_until_attached};
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;
use tracedeck_tests::target;

/// Children of one target.
const CHILDREN: u64 = 20;
const SYSTEM_CALLS: &str = r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ { @ = count(); }"#;

/// A target that waits to be let go.
struct Family(Child);

impl Family {
    fn new() -> Self {
        let mut target = Command::new(target::target());
        target.args(["family", &CHILDREN.to_string(), "wait"]).stdin(Stdio::piped());
        Self(target.spawn().expect("the target"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn work(mut self) {
        self.0.stdin.take().expect("its input").write_all(b"x").expect("a byte");
        assert!(self.0.wait().expect("its end").success());
    }
}

/// Runs a script until it is stopped; `work` is done while its probes are attached.
fn traced(options: &[&str], script: &str, work: impl FnOnce()) -> Run {
    binary::traced(options, script, |_| work())
}

/// The events of two families, of which the options name one or both.
fn of_two(options: impl Fn(&Family, &Family) -> Vec<String>, script: &str) -> u64 {
    let (one, other) = (Family::new(), Family::new());
    let options = options(&one, &other);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = traced(&options, script, || {
        other.work();
        one.work();
    });
    count(&run)
}

/// The map of a run that has one number.
#[track_caller]
fn count(run: &Run) -> u64 {
    let number = run.stdout.trim().strip_prefix("@: ").and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("stdout: {}\nstderr: {}", run.stdout, run.stderr))
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn one_process_is_traced_without_its_children() {
    require_tracing!();
    assert_eq!(of_two(|one, _| words(&format!("-p {}", one.pid())), SYSTEM_CALLS), CHILDREN);
}

#[test]
fn several_processes_are_traced() {
    require_tracing!();
    let both = |one: &Family, other: &Family| words(&format!("-p {} -p {}", one.pid(), other.pid()));
    assert_eq!(of_two(both, SYSTEM_CALLS), 2 * CHILDREN);
    let list = |one: &Family, other: &Family| words(&format!("-p {},{}", one.pid(), other.pid()));
    assert_eq!(of_two(list, "rawtracepoint:sys_enter /args.id == 110/ { @ = count(); }"), 2 * CHILDREN);
}

#[test]
fn what_a_process_starts_is_followed_over_generations() {
    require_tracing!();
    // Here, in each child, in a thread of it, and in a program that it starts.
    let follow = |one: &Family, _: &Family| words(&format!("-p {} --follow", one.pid()));
    assert_eq!(of_two(follow, SYSTEM_CALLS), 4 * CHILDREN);
    let ends = "t:sched:sched_process_exit /args.pid == pid/ { @ = count(); }";
    assert_eq!(of_two(follow, ends), 2 * CHILDREN + 1, "the end of a process belongs to it");
}

#[test]
fn a_user_probe_is_in_the_processes_that_are_asked_for() {
    require_tracing!();
    let script = format!("u:{}:counted_function {{ @ = count(); }}", target::target().display());
    assert_eq!(of_two(|one, _| words(&format!("-p {}", one.pid())), &script), CHILDREN);
    assert_eq!(of_two(|one, other| words(&format!("-p {},{}", one.pid(), other.pid())), &script), 2 * CHILDREN);
    assert_eq!(of_two(|one, _| words(&format!("-p {} --follow", one.pid())), &script), 2 * CHILDREN);
    // Several functions, one link for each process.
    let pattern =
        format!("u:{}:*n* /arg1 && str(arg1, 8) == \"parent\"/ {{ @ = count(); }}", target::target().display());
    assert_eq!(of_two(|one, other| words(&format!("-p {},{}", one.pid(), other.pid())), &pattern), 2 * CHILDREN);
    assert_eq!(of_two(|one, _| words(&format!("-p {} --follow", one.pid())), &pattern), CHILDREN);
}

#[test]
fn software_events_of_children_are_counted_when_they_are_followed() {
    require_tracing!();
    let script = "software:page-faults:1 { @[pid] = count(); }";
    let processes = |follow: bool| {
        let one = Family::new();
        let pid = one.pid();
        let mut options = vec!["-p", &pid];
        options.extend(follow.then_some("--follow"));
        traced(&options, script, || one.work()).stdout.lines().filter(|line| line.starts_with("@[")).count() as u64
    };
    assert_eq!(processes(false), 1);
    assert_eq!(processes(true), 1 + 2 * CHILDREN);
}

#[test]
fn a_command_and_what_it_starts_are_all_that_is_traced() {
    require_tracing!();
    let other = Family::new();
    let command = target::command(&format!("family {CHILDREN}"));
    let script =
        "t:syscalls:sys_enter_getppid { @ = count(); } t:syscalls:sys_enter_exit_group /pid == cpid/ { @end = 1; }";
    let traced = run(&["-f", "json", "-c", &command, "--follow", "-e", script]).expect_code(0);
    other.work();
    assert_eq!((traced.map("@"), traced.map("@end")), ((4 * CHILDREN).into(), 1.into()));
}

#[test]
fn a_command_begins_when_all_is_attached() {
    require_tracing!();
    // The first system calls of a program are its loader's.
    let command = target::command("blink");
    let script = "t:syscalls:sys_enter_execve /pid == cpid/ { @exec = count(); } t:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }";
    let traced = run(&["-f", "json", "-c", &command, "-e", script]).expect_code(0);
    assert_eq!((traced.map("@exec"), traced.map("@")), (1.into(), 1.into()));
}

/// A control group with another one in it; gone with this.
struct Group {
    outer: PathBuf,
    mounted: Option<PathBuf>,
}

impl Group {
    fn new() -> Option<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
        let known = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"));
        let mounted = match known.and_then(|line| line.split(' ').nth(1)) {
            Some(_) => None,
            None => {
                let path = std::env::temp_dir().join(format!("td-cgroup2-{}", std::process::id()));
                std::fs::create_dir_all(&path).expect("a directory");
                let done = Command::new("mount").args(["-t", "cgroup2", "none"]).arg(&path).status();
                if !done.is_ok_and(|status| status.success()) {
                    return None;
                }
                Some(path)
            }
        };
        let mount = mounted.clone().or_else(|| known?.split(' ').nth(1).map(PathBuf::from))?;
        let outer = mount.join(format!("td-test-{}", std::process::id()));
        std::fs::create_dir_all(outer.join("inner")).ok()?;
        Some(Self { outer, mounted })
    }

    fn take(&self, process: &Family) {
        std::fs::write(self.outer.join("inner/cgroup.procs"), process.pid()).expect("moving a process");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(self.outer.join("inner"));
        let _ = std::fs::remove_dir(&self.outer);
        if let Some(path) = &self.mounted {
            let _ = Command::new("umount").arg(path).status();
            let _ = std::fs::remove_dir(path);
        }
    }
}

#[test]
fn a_control_group_is_traced_with_those_below() {
    require_tracing!();
    let Some(group) = Group::new() else { return skip("control groups", "no cgroup2 file system can be mounted") };
    let name = group.outer.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    let id = |path: &Path| std::os::unix::fs::MetadataExt::ino(&path.metadata().expect("the group")).to_string();
    for text in [name.clone(), format!("/{name}"), id(&group.outer), id(&group.outer.join("inner"))] {
        let (inside, outside) = (Family::new(), Family::new());
        group.take(&inside);
        let run = traced(&["--cgroup", &text], "t:syscalls:sys_enter_getppid { @ = count(); }", || {
            outside.work();
            inside.work();
        });
        assert_eq!(count(&run), 4 * CHILDREN, "--cgroup {text}");
    }
    let missing = run(&["--cgroup", "no such group", "-e", "profile:hz:1 { }"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("there is no control group 'no such group'"), "{}", missing.stderr);
}

#[test]
fn the_tracer_does_not_see_itself_unless_it_is_asked_to() {
    require_tracing!();
    let seen = |options: &[&str], script: &str| {
        let mut tracer = command(&[options, &["-e", script]].concat());
        let mut tracer = tracer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
        wait_until_attached(&mut tracer);
        let own = tracer.id().to_string();
        let output = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
        output.stdout.lines().any(|line| line == own)
    };
    // Its lines come from its own output, which is written while it runs.
    let of_any = "t:syscalls:sys_enter_write { printf(\"%d\\n\", pid); } interval:ms:50 { @n++; printf(\".\\n\"); if (@n > 10) { exit(); } }";
    assert!(!seen(&[], of_any));
    assert!(seen(&["--include-self"], of_any));
    let by_name = of_any.replacen("{ printf", "/comm == \"tracedeck\" || 1/ { printf", 1);
    assert!(seen(&[], &by_name));
}

#[test]
fn what_probes_cost_is_told_when_asked_for() {
    require_tracing!();
    let target = target::target().display();
    let script = format!("u:{target}:counted_function {{ @a = count(); }} u:{target}:spin_* {{ @b = count(); }}");
    let work = target::command("call 100");
    let told = run(&["--stats", "-f", "json", "-c", &work, "-e", &script]).expect_code(0);
    let costs = told.json().into_iter().find(|message| message["type"] == "probe_stats").expect("what they cost");
    assert_eq!(costs["data"][0]["probe"], format!("uprobe:{target}:counted_function"));
    assert_eq!(costs["data"][0]["hits"], 100);
    assert!(costs["data"][0]["nanoseconds"].as_u64().is_some_and(|spent| spent > 0), "{costs}");
    assert_eq!((&costs["data"][1]["hits"], &costs["data"][1]["probes"]), (&0.into(), &2.into()));

    let text = run(&["--stats", "-c", &work, "-e", &script]).expect_code(0);
    let table: Vec<&str> = text.stderr.lines().filter(|line| line.contains("uprobe:")).collect();
    assert!(table[0].starts_with("         100 ") && table[0].ends_with(":counted_function"), "{}", text.stderr);
    assert!(text.stderr.contains("spin_* (2 probes)"), "{}", text.stderr);
    assert!(text.stderr.contains("Attached 3 probes"), "every match is one: {}", text.stderr);
    let silent = run(&["-c", &work, "-e", &script]).expect_code(0);
    assert!(!silent.stderr.contains("NS/HIT"), "{}", silent.stderr);
}

#[test]
fn targets_that_make_no_sense_are_refused() {
    require_tracing!();
    for (arguments, says) in [
        (&["-p", "0", "-e", "begin { }"][..], "'0' is not a process id"),
        (&["-p", "1,x", "-e", "begin { }"], "'x' is not a process id"),
        (&["-p", "4194305", "-e", "begin { }"], "is not a process id"),
        (&["--follow", "-e", "begin { }"], "--follow needs processes to follow"),
        (&["-p", "1", "-c", "true", "-e", "begin { }"], "cannot be used with"),
        (&["-p", "4194303", "-e", "profile:hz:1 { }"], "there is no process 4194303"),
        (&["-p", "1,2", "-e", "iter:task { @ = count(); }"], "An iterator visits the objects of one process"),
    ] {
        let refused = run(arguments);
        assert_ne!(refused.code, Some(0), "{arguments:?}");
        assert!(refused.stderr.contains(says), "{arguments:?}: {}", refused.stderr);
    }
}
