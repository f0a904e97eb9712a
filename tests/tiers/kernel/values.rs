//! Builtin values against what the traced program knows of itself, `/proc`, the C library and the symbol tables.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use tracedeck_tests::binary::{Run, command, run, trace};
use tracedeck_tests::target::{self, TemporaryPath};
use tracedeck_tests::{require_tracing, skip};

/// Runs a script beside the thread that states its facts.
fn with_facts(script: &str) -> (Run, HashMap<String, i128>) {
    let report = TemporaryPath::new("facts");
    let output = command(&["-q", "-f", "json", "-c", &target::command("facts"), "-e", script])
        .env("TARGET_REPORT", report.path())
        .output()
        .expect("tracedeck");
    let run = Run::from(output).expect_code(0);
    let said = std::fs::read_to_string(report.path()).expect("the target's report");
    let fact = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    (run, said.lines().filter_map(fact).collect())
}

/// What a run printed, `NAME=VALUE` by `NAME=VALUE`.
fn values(run: &Run) -> HashMap<String, String> {
    let printed = run.printed().concat();
    printed
        .split('|')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn a_thread_is_what_it_says_of_itself() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_thread"/ {
        printf("pid=%d|tid=%d|ppid=%d|uid=%d|gid=%d|cpu=%d|numaid=%d|ncpus=%d|", pid, tid, ppid, uid, gid, cpu, numaid, ncpus);
        printf("username=%s|pcomm=%s|leader_tid=%d|leader_comm=%s|", username, pcomm, leader_tid, leader_comm);
        printf("cpid=%d|has_cpid=%d|curtask=%d %s|number=%d|", cpid, has_cpid, curtask.pid, curtask.comm, args.__syscall_nr);
        printf("probe=%s|probetype=%s|name=%s", probe, probetype, comm(tid));
    }"#;
    let (run, facts) = with_facts(script);
    let said = values(&run);
    for name in ["pid", "tid", "ppid", "uid", "gid", "cpu", "numaid", "ncpus"] {
        assert_eq!(said[name], facts[name].to_string(), "{name} {said:?}");
    }
    assert_ne!(facts["pid"], facts["tid"]);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user =
        users.lines().find(|line| line.split(':').nth(2) == Some("65534")).and_then(|line| line.split(':').next());
    assert_eq!(said["username"], user.unwrap_or_default());
    let parent = std::fs::read_to_string("/proc/self/comm").expect("a name");
    assert!(said["pcomm"].starts_with("tracedeck") && !parent.starts_with("tracedeck"), "{said:?}");
    assert_eq!((said["leader_tid"].as_str(), said["leader_comm"].as_str()), (said["pid"].as_str(), "td_target"));
    assert_eq!((said["cpid"].as_str(), said["has_cpid"].as_str()), (said["pid"].as_str(), "1"));
    assert_eq!(said["curtask"], format!("{} td_thread", said["tid"]));
    assert_eq!(said["number"], libc::SYS_getppid.to_string());
    assert_eq!(said["probe"], "tracepoint:syscalls:sys_enter_getppid");
    assert_eq!((said["probetype"].as_str(), said["name"].as_str()), ("tracepoint", "td_thread"));
}

#[test]
fn every_clock_shows_the_time_of_the_call() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_thread"/ {
        printf("boot=%lu|monotonic=%lu|tai=%lu|sw=%lu|elapsed=%lu|", nsecs, nsecs(monotonic), nsecs(tai), nsecs(sw_tai), elapsed);
        $tai = nsecs(tai);
        printf("wall=%s|of_tai=%s|of_sw=%s|", strftime("%s", nsecs), strftime("%s", $tai), strftime("%s", nsecs(sw_tai)));
    }"#;
    let (run, facts) = with_facts(script);
    let said = values(&run);
    let number = |name: &str| said[name].parse::<i128>().unwrap_or_else(|_| panic!("{name} {said:?}"));
    for (name, clock) in [("boot", "boot"), ("monotonic", "monotonic"), ("tai", "tai"), ("sw", "tai")] {
        let (before, after) = (facts[&format!("{clock}_before")], facts[&format!("{clock}_after")]);
        // What a program adds to a clock for another one was measured when it started: a microsecond or two off.
        let off = if name == "sw" { 1_000_000 } else { 0 };
        assert!((before - off..=after + off).contains(&number(name)), "{name}: {before} {said:?} {after}");
    }
    assert!(number("elapsed") > 0 && number("elapsed") < number("boot"), "{said:?}");
    for name in ["wall", "of_tai", "of_sw"] {
        let seconds = facts["wall_before"] / 1_000_000_000..=facts["wall_after"] / 1_000_000_000;
        assert!(seconds.contains(&number(name)), "{name}: {seconds:?} {said:?}");
    }
}

#[test]
fn the_time_of_day_is_that_of_the_c_library() {
    require_tracing!();
    let seconds = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let before = seconds();
    let run = run(&["-q", "-e", r#"begin { time("%s\n"); }"#]).expect_code(0);
    let said: u64 = run.stdout.lines().next().and_then(|line| line.parse().ok()).expect("seconds");
    assert!((before..=seconds()).contains(&said), "{before} {said}");
}

#[test]
fn random_numbers_differ_and_use_all_their_bits() {
    require_tracing!();
    let run = run(&["-q", "-e", r#"begin { unroll(64) { printf("%u\n", rand); } }"#]).expect_code(0);
    let numbers: Vec<u32> = run.stdout.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(numbers.len(), 64, "{}", run.stdout);
    assert_eq!(numbers.iter().fold(0, |bits, number| bits | number), u32::MAX);
    assert_eq!(numbers.iter().fold(u32::MAX, |bits, number| bits & number), 0);
}

#[test]
fn control_groups_have_the_numbers_of_their_directories() {
    require_tracing!();
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let Some(root) = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|it| it[2] == "cgroup2")
    else {
        return skip::skip("control groups", "the unified hierarchy is not mounted");
    };
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let directory = format!("{}{path}", root[1]);
    let number = std::fs::metadata(&directory).expect("the group's directory").ino();
    let script = format!(r#"begin {{ printf("%lu %lu\n", cgroup, cgroupid("{directory}")); }}"#);
    let run = run(&["-q", "-e", &script]).expect_code(0);
    assert_eq!(run.stdout.lines().next(), Some(format!("{number} {number}").as_str()));
}

/// The address of a symbol in a table with an address, a letter and a name on each line.
fn address_in(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find(|line| line.split_whitespace().nth(2) == Some(name))?;
    u64::from_str_radix(line.split_whitespace().next()?, 16).ok()
}

#[test]
fn symbols_of_the_kernel_have_the_addresses_of_kallsyms() {
    require_tracing!();
    let table = std::fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let address = address_in(&table, "vfs_read").expect("vfs_read in kallsyms");
    let script =
        r#"begin { printf("%lx %s %s\n", kaddr("vfs_read"), ksym(kaddr("vfs_read")), ksym(kaddr("vfs_read") + 1)); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    assert_eq!(run.stdout.lines().next(), Some(format!("{address:x} vfs_read vfs_read").as_str()));
}

#[test]
fn registers_hold_what_the_calling_convention_says() {
    require_tracing!();
    let Ok(output) = Command::new("nm").arg(target::target()).output() else {
        return skip::skip("registers", "there is no nm");
    };
    let address = address_in(&String::from_utf8_lossy(&output.stdout), "counted_function").expect("the function");
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let script = format!(
        r#"{uprobe} /arg0 == 3/ {{ printf("%lx %lu %d %d %s %s", reg("ip"), reg("di"), reg("si") == arg1, reg("sp") > reg("bp"), usym(reg("ip")), func); }}
           uretprobe:{path}:counted_function /retval == 6/ {{ printf(" %lu", reg("ax")); }}"#,
        path = target::target().display()
    );
    let run = trace(&script, "call 5");
    // The caller's frame lies above this one, which has no base of its own yet.
    assert_eq!(
        run.printed().concat(),
        format!("{address:x} 3 1 0 counted_function counted_function 6"),
        "{}",
        run.stderr
    );
}

#[test]
fn arguments_of_a_command_are_joined_and_commands_are_run() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_execve /pid == cpid/ { join(args.argv); join(args.argv, "+"); system("echo $((6 * %d))", 7); }"#;
    let run = run(&["-q", "--unsafe", "-c", "/bin/true one two three", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["/bin/true one two three", "/bin/true+one+two+three", "42"], "{}", run.stderr);
}

#[test]
fn a_series_keeps_what_its_function_says() {
    require_tracing!();
    // Intervals of decades: all samples fall into one.
    let each = |name: &str, with: &str| {
        [7, -3, 5].map(|sample| format!("@{name} = tseries({sample}, 10000d, 3{with});")).concat()
    };
    let body =
        [("last", ""), ("sum", r#", "sum""#), ("min", r#", "min""#), ("max", r#", "max""#), ("avg", r#", "avg""#)]
            .map(|(name, with)| each(name, with))
            .concat();
    let run = run(&["-q", "-f", "json", "-e", &format!("begin {{ {body} }}")]).expect_code(0);
    for (name, expected) in [("@last", 5), ("@sum", 9), ("@min", -3), ("@max", 7), ("@avg", 3)] {
        let series = run.map(name);
        assert_eq!(series.as_array().map(Vec::len), Some(1), "{name} {series}");
        assert_eq!(series[0]["value"], expected, "{name} {series}");
    }
}

#[test]
fn what_may_be_called_is_what_works() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ {
        printf("%d %d", kfunc_allowed("bpf_task_from_pid"), comm(pid) == comm);
    }"#;
    let run = run(&["-q", "-f", "json", "-c", &target::command("getppid 1"), "-e", script]).expect_code(0);
    let printed = run.printed().concat();
    let (allowed, works) = printed.split_once(' ').expect("two numbers");
    assert_eq!(allowed, works, "{}", run.stderr);
}
