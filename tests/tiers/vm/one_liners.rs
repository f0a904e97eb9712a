//! The one-liners that everybody knows, as they are written, each against work of a known size.

use std::fs::File;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use tracedeck::host::LiveKernel;
use tracedeck_compiler::kernel::{Feature, Kernel};
use tracedeck_tests::binary::{Run, command, read_until, run, trace, traced, wait_until_attached};
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;
use tracedeck_tests::target::{self, Waiting};

macro_rules! require_kprobes {
    () => {
        require_tracing!();
        if !LiveKernel::shared().has(Feature::Kprobes) {
            return skip(module_path!(), "this kernel has no kprobes");
        }
    };
}

#[test]
fn results_as_a_histogram() {
    require_kprobes!();
    let run = trace("kr:vfs_write { @ = hist(retval); }", "write 40 64");
    let buckets = run.map("@");
    let of_64 = buckets.as_array().expect("buckets").iter().find(|bucket| bucket["min"] == 64);
    assert!(of_64.is_some_and(|bucket| bucket["count"].as_u64() >= Some(40)), "{}", run.stdout);
}

#[test]
fn results_that_are_one_by_process() {
    require_kprobes!();
    let run = trace("kr:vfs_write /retval == 1/ { @[pid, comm] = hist(retval); }", "write 7 1");
    let all = run.map("@");
    let own: Vec<_> =
        all.as_object().expect("processes").iter().filter(|(key, _)| key.ends_with(",td_target")).collect();
    assert_eq!(own.len(), 1, "{}", run.stdout);
    assert_eq!((&own[0].1[0]["min"], &own[0].1[0]["count"]), (&1.into(), &7.into()), "{}", run.stdout);
}

#[test]
fn a_connection_is_read_from_nested_structs_through_casts() {
    require_kprobes!();
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    let address = server.local_addr().expect("its address");
    let pid = std::process::id().to_string();
    let script = r#"kprobe:tcp_connect {
        $sk = (struct sock *)arg0;
        $inet = (struct inet_sock *)$sk;
        if ($sk->__sk_common.skc_family == 2) {
            printf("%s:%d from %s %d\n", ntop($sk->__sk_common.skc_daddr), bswap($sk->__sk_common.skc_dport),
                ntop(2, $inet->inet_saddr), ((struct sock *)arg0)->sk_protocol);
        }
    }"#;
    let run = traced(&["-p", &pid, "--include-self"], script, |_| {
        TcpStream::connect(address).expect("a connection");
    });
    assert_eq!(run.stdout.trim(), format!("{address} from 127.0.0.1 6"), "{}", run.stderr);
}

#[test]
fn functions_of_the_file_system_are_counted_for_five_seconds_in_one_process() {
    require_kprobes!();
    let (mut process, other) = (Waiting::new("write 11 8"), Waiting::new("write 5 8"));
    let script = "kprobe:vfs_* { @[func] = count(); } interval:s:5 { exit(); }";
    let mut tracer = command(&["-f", "json", "-p", &process.pid(), "-e", script]);
    let mut tracer = tracer.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("tracedeck");
    let before = read_until(tracer.stdout.as_mut().expect("its output"), "attached_probes");
    // What is counted comes first: in a slow guest the other may still be at it after five seconds.
    process.go();
    other.work();
    let mut run = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
    run.stdout.insert_str(0, &before);
    process.finish();
    assert_eq!(run.map("@")["vfs_write"], 11, "{}", run.stdout);
}

#[test]
fn locks_and_unlocks_are_counted_each_second() {
    require_kprobes!();
    let pid = std::process::id().to_string();
    let script = r#"kprobe:mutex_lock { @locks++; } kprobe:mutex_unlock { @unlocks++; }
        interval:s:1 { printf("%d %d\n", @locks, @unlocks); clear(@locks); clear(@unlocks); @seconds++;
            if (@seconds == 3) { exit(); } }"#;
    let mut tracer = command(&["-p", &pid, "--include-self", "-e", script]);
    let mut tracer = tracer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
    wait_until_attached(&mut tracer);
    // Each read of a file of this kind takes a lock.
    let mut status = File::open("/proc/self/status").expect("a file");
    while tracer.try_wait().expect("its state").is_none() {
        std::io::Seek::rewind(&mut status).expect("its beginning");
        status.read_to_end(&mut Vec::new()).expect("its text");
    }
    let run = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
    let lines = run.stdout.lines().filter_map(|line| line.split_once(' '));
    let rates: Vec<(u64, u64)> =
        lines.filter_map(|(locks, unlocks)| Some((locks.parse().ok()?, unlocks.parse().ok()?))).collect();
    assert!(rates.len() == 3 && rates.iter().all(|(locks, unlocks)| *locks > 0 && *unlocks > 0), "{}", run.stdout);
}

#[test]
fn the_argument_of_a_usdt_probe_is_printed() {
    require_tracing!();
    let Some(program) = target::marked() else { return skip(module_path!(), "sys/sdt.h is missing") };
    let script = format!(r#"usdt:{}:stock:sold {{ printf(" %u\n", arg0); }}"#, program.display());
    let run = run(&["-c", &format!("{} 4", program.display()), "-e", &script]).expect_code(0);
    assert_eq!(run.stdout.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), [" 0", " 2", " 4", " 6"]);
}

#[test]
fn programs_are_seen_as_they_start_and_how_that_went() {
    require_tracing!();
    let script = r#"t:s*:sys_enter_execve { printf("%s\n", str(args.filename)); }
        t:s*:sys_exit_execve { printf("= %d\n", args.ret); }"#;
    let own = target::target().display();
    let run = run(&["-q", "-c", &target::command("short /bin/true /no/such/program"), "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    let wanted = ["/bin/true", "= 0", "/no/such/program", "= -2"];
    let from = lines.iter().position(|line| *line == "/bin/true").unwrap_or(lines.len());
    assert_eq!(&lines[from..], wanted, "{own}: {}", run.stdout);
}

#[test]
fn without_a_performance_monitoring_unit_it_is_said_what_is_missing() {
    require_tracing!();
    let script = "hardware:branch-misses:100000 { @ = count(); }";
    if LiveKernel::shared().has(Feature::HardwareEvents) {
        let run = trace(script, "spin 2000");
        assert!(run.map("@").as_u64() > Some(0), "{}", run.stdout);
    } else {
        let run = run(&["-e", script]).expect_code(1);
        assert!(run.stderr.contains("performance monitoring unit (PMU)"), "{}", run.stderr);
    }
}
