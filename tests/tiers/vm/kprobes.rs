//! kprobe and kretprobe: how often they fire, what they read, and what is said of functions that cannot be probed.

use std::process::Stdio;

use tracedeck::host::LiveKernel;
use tracedeck_compiler::kernel::{Feature, Kernel};
use tracedeck_tests::binary::{self, Run, command, run, trace, traced};
use tracedeck_tests::skip::skip;
use tracedeck_tests::{require_tracing, target};

/// Leaves the test, saying so, on a kernel without a feature.
macro_rules! require {
    ($feature:expr, $reason:literal) => {
        if !LiveKernel::shared().has($feature) {
            return skip(module_path!(), $reason);
        }
    };
}
macro_rules! require_kprobes {
    () => {
        require_tracing!();
        require!(Feature::Kprobes, "this kernel has no kprobes");
    };
}

#[test]
fn a_function_and_its_return_are_counted_with_their_arguments() {
    require_kprobes!();
    let run = trace(
        r#"kprobe:vfs_write /comm == "td_target"/ {
               @n = count(); @bytes = sum(arg2); @func[func] = count(); @typed[args.count] = count();
               @name[str(args.file->f_path.dentry->d_name.name)] = count();
               @cast[str(((struct file *)arg0)->f_path.dentry->d_name.name)] = count();
               @stack[kstack(3)] = count(); @user[ustack] = count(); @ip[ksym(reg("ip"))] = count();
           }
           kretprobe:vfs_write /comm == "td_target"/ { @r = sum(retval); @h = hist(retval); @rfunc[func] = count(); @rstack[kstack(8)] = count(); }"#,
        "write 10 64",
    );
    assert_eq!((run.map("@n"), run.map("@bytes"), run.map("@r")), (10.into(), 640.into(), 640.into()));
    assert_eq!(run.map("@typed")["64"], 10);
    assert_eq!((run.map("@name")["null"].clone(), run.map("@cast")["null"].clone()), (10.into(), 10.into()));
    for map in ["@func", "@rfunc", "@ip"] {
        assert_eq!(run.map(map)["vfs_write"], 10, "{map}: {}", run.stdout);
    }
    let only = |map: &str| run.map(map).as_object().expect("stacks").keys().cloned().collect::<Vec<_>>();
    let stacks = only("@stack");
    assert!(stacks.len() == 1 && stacks[0].contains("vfs_write") && stacks[0].contains("ksys_write"), "{stacks:?}");
    assert!(only("@rstack").iter().all(|stack| stack.contains("ksys_write")), "{}", run.stdout);
    assert!(only("@user").iter().all(|stack| stack.contains("write")), "{}", run.stdout);
    assert_eq!(run.map("@h").as_array().expect("buckets").len(), 1, "{}", run.stdout);
}

#[test]
fn the_classic_one_liner_counts_every_switch() {
    require_kprobes!();
    let run = trace("k:schedule { @[comm] = count(); }", "nap 20");
    assert!(run.map("@")["td_target"].as_u64().is_some_and(|count| count >= 20), "{}", run.stdout);
}

#[test]
fn a_wildcard_counts_by_function() {
    require_kprobes!();
    let run = trace(
        r#"kprobe:vfs_* /comm == "td_target"/ { @[func] = count(); }
           kretprobe:vfs_w* /comm == "td_target" && retval == 32/ { @r[func] = count(); }"#,
        "write 7 32",
    );
    assert_eq!((run.map("@")["vfs_write"].clone(), run.map("@r")["vfs_write"].clone()), (7.into(), 7.into()));
    assert!(run.map("@").as_object().expect("functions").len() > 2, "{}", run.stdout);
}

/// Links that a process holds.
fn links_of(pid: u32) -> usize {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").flatten();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains("bpf_link")).count()
}

#[test]
fn a_pattern_at_both_ends_takes_one_link_where_the_kernel_has_sessions() {
    require_kprobes!();
    require!(Feature::KprobeMulti, "this kernel has no link for many kprobes");
    let script = r#"kprobe:vfs_w* /comm == "td_target"/ { @start[tid] = nsecs; @in[func] = count(); @stack[kstack(2)] = count(); }
        kretprobe:vfs_w* /@start[tid]/ {
            @out[func] = sum(retval); @took = hist(nsecs - @start[tid]); @names[str(comm, 16)] = count(); delete(@start, tid);
        }"#;
    let counted = |options: &[&str]| {
        let options: Vec<&str> = ["-f", "json", "--stats"].iter().chain(options).copied().collect();
        let mut links = 0;
        let run = traced(&options, script, |tracer| {
            links = links_of(tracer.id());
            let work = std::process::Command::new(target::target()).args(["write", "9", "64"]).status();
            assert!(work.expect("the target").success());
        });
        (run, links)
    };
    let is_session = LiveKernel::shared().has(Feature::KprobeSession);
    for (options, expected) in [(&[][..], if is_session { 1 } else { 2 }), (&["--no-feature", "kprobe_session"], 2)] {
        let (run, links) = counted(options);
        assert_eq!(links, expected, "{options:?}");
        assert_eq!((&run.map("@in")["vfs_write"], &run.map("@out")["vfs_write"]), (&9.into(), &(9 * 64).into()));
        assert_eq!(run.map("@names")["td_target"], 9);
        assert!(!run.stdout.contains("@start"), "every start has its end: {}", run.stdout);
        let stats: Vec<serde_json::Value> = run.json().into_iter().filter(|it| it["type"] == "probe_stats").collect();
        let text = serde_json::to_string(&stats).expect("JSON");
        assert!(text.contains("kprobe:vfs_w*") && text.contains("kretprobe:vfs_w*"), "{text}");
    }
}

#[test]
fn where_the_body_names_the_probe_every_match_has_its_own() {
    require_kprobes!();
    let run = trace(
        r#"kprobe:vfs_writ* /comm == "td_target"/ {
               @[probe] = count(); @name[str(args.file->f_path.dentry->d_name.name)] = count();
           }"#,
        "write 5 16",
    );
    assert_eq!((run.map("@")["kprobe:vfs_write"].clone(), run.map("@name")["null"].clone()), (5.into(), 5.into()));
}

#[test]
fn probes_at_one_function_run_in_the_order_of_the_script() {
    require_kprobes!();
    let run = trace(
        r#"kprobe:__x64_sys_getppid /comm == "td_target"/ { printf("1"); }
           kprobe:__x64_sys_getppid /comm == "td_target"/ { printf("2"); }
           kretprobe:__x64_sys_getppid /comm == "td_target"/ { printf("3"); }
           kretprobe:__x64_sys_getppid /comm == "td_target"/ { printf("4"); }"#,
        "getppid 3",
    );
    assert_eq!(run.printed().concat(), "123412341234");
}

#[test]
fn a_probe_within_a_function_needs_the_start_of_an_instruction() {
    require_kprobes!();
    let at = |offset: u32| -> Run {
        let script = format!(r#"kprobe:vfs_write+{offset} /comm == "td_target"/ {{ @[func] = count(); }}"#);
        run(&["-f", "json", "-c", &target::command("write 4 8"), "-e", &script])
    };
    // Behind the five bytes that the function tracer replaces, or those and the four that mark a jump's target.
    let inside = [5, 9].map(at).into_iter().find(|run| run.code == Some(0)).expect("an instruction begins there");
    assert_eq!(inside.map("@")["vfs_write"], 4, "{}", inside.stdout);
    let between = at(1).expect_code(255);
    assert!(between.stderr.contains("no instruction begins there"), "{}", between.stderr);
}

#[test]
fn functions_of_modules_are_probed_by_module_and_name() {
    require_kprobes!();
    let modules = std::fs::read_to_string("/proc/modules").unwrap_or_default();
    if !modules.lines().any(|line| line.starts_with("9p ")) {
        return skip(module_path!(), "the 9p module is not loaded");
    }
    let run = trace(
        r#"kprobe:9p:v9fs_file_open { @n = count(); } kprobe:9p:v9fs_file_* { @[func] = count(); }"#,
        "getppid 1",
    );
    assert!(run.map("@n").as_u64().is_some_and(|count| count > 0), "{}", run.stdout);
    assert!(run.map("@")["v9fs_file_open"].as_u64().is_some_and(|count| count > 0), "{}", run.stdout);
}

/// A function that the kernel keeps kprobes away from.
const KEPT_AWAY: &str = "exc_int3";

#[test]
fn what_cannot_be_attached_ends_the_run_or_not_as_the_script_says() {
    require_kprobes!();
    let script = |policy: &str| {
        format!(
            r#"config = {{ missing_probes = {policy} }} begin {{ printf("begun\n"); }}
               kprobe:{KEPT_AWAY}, kprobe:__x64_sys_getppid /comm == "td_target"/ {{ @ = count(); }}"#
        )
    };
    let with = |policy: &str| run(&["-f", "json", "-c", &target::command("getppid 6"), "-e", &script(policy)]);
    let refused = with("error").expect_code(255);
    assert!(refused.stderr.contains(&format!("kprobe:{KEPT_AWAY} was not attached")), "{}", refused.stderr);
    assert!(!refused.stderr.contains("Attached"), "{}", refused.stderr);
    let warned = with("warn").expect_code(0);
    assert!(warned.stderr.contains(&format!("kprobe:{KEPT_AWAY} was not attached")), "{}", warned.stderr);
    assert_eq!(warned.map("@"), 6);
    let ignored = with("ignore").expect_code(0);
    assert!(!ignored.stderr.contains(KEPT_AWAY), "{}", ignored.stderr);
    assert_eq!(ignored.map("@"), 6);
}

#[test]
fn one_process_is_singled_out() {
    require_kprobes!();
    let spawn = || {
        let mut words = std::process::Command::new(target::target());
        words.args(["nap", "100000"]).stdin(Stdio::null()).spawn().expect("the program to trace")
    };
    let mut napping = [spawn(), spawn()];
    let pid = napping[1].id().to_string();
    let script = "kprobe:__x64_sys_clock_nanosleep { @[pid] = count(); } interval:s:1 { exit(); }";
    let output = command(&["-f", "json", "-p", &pid, "-e", script]).output().expect("tracedeck");
    for child in &mut napping {
        let _ = child.kill();
        let _ = child.wait();
    }
    let run = Run::from(output).expect_code(0);
    let pids: Vec<String> = run.map("@").as_object().expect("pids").keys().cloned().collect();
    assert_eq!(pids, [pid]);
}

#[test]
fn a_match_that_the_kernel_refuses_is_left_out_of_a_wildcard() {
    require_kprobes!();
    if LiveKernel::shared().has(Feature::KprobeMulti) {
        return skip("refused matches", "one link takes also functions that kprobes are kept away from");
    }
    let listed = std::fs::read_to_string("/sys/kernel/tracing/available_filter_functions").expect("a list");
    let listed: Vec<&str> = listed.lines().filter(|line| !line.contains(' ')).collect();
    let kept_away = std::fs::read_to_string("/sys/kernel/debug/kprobes/blacklist").expect("a list");
    let kept_away: Vec<&str> = kept_away.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    // A pattern that has both, and not many.
    let found = listed.iter().filter(|name| kept_away.contains(*name)).find_map(|refused| {
        let pattern = &refused[..refused.len() * 2 / 3];
        let matches: Vec<_> = listed.iter().filter(|name| name.starts_with(pattern)).collect();
        let good = matches.iter().any(|name| !kept_away.contains(name));
        (good && matches.len() < 20).then_some((*refused, format!("{pattern}*")))
    });
    let Some((refused, pattern)) = found else { return skip("refused matches", "no pattern has both") };
    let script = format!("kprobe:{pattern} {{ @ = count(); }} interval:ms:1 {{ exit(); }}");
    // Where the list of what is kept away cannot be read, only the kernel's answer tells.
    let hidden =
        format!("mount -t tmpfs none /sys/kernel/debug && exec {} run -e '{script}'", binary::tracedeck().display());
    let output = std::process::Command::new("unshare").args(["-m", "sh", "-c", &hidden]).output().expect("unshare");
    let run = Run::from(output).expect_code(0);
    assert!(run.stderr.contains("does not let") && run.stderr.contains(refused), "{pattern}: {}", run.stderr);
}
