//! Every function that this kernel offers, in the kernel: its value is compared with one that comes from elsewhere.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use tracedeck_tests::binary::{Run, run, trace};
use tracedeck_tests::target::{self, TemporaryPath};
use tracedeck_tests::{require_tracing, skip};

/// Runs `begin { … }`; its lines without the empty ones.
#[track_caller]
fn lines_of(body: &str) -> Vec<String> {
    let run = run(&["-q", "-e", &format!("begin {{ {body} }}")]).expect_code(0);
    assert!(!run.stderr.contains("ERROR"), "{body}\n{}", run.stderr);
    run.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[track_caller]
fn prints(body: &str, expected: &[&str]) {
    assert_eq!(lines_of(body), expected, "{body}");
}

/// What a line of Python prints, where there is Python.
fn python(program: &str) -> Option<String> {
    let output = std::process::Command::new("python3").args(["-c", program]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a text begins in another, by the standard library.
fn find(haystack: &str, needle: &str) -> i64 {
    haystack.find(needle).map_or(-1, |at| at as i64)
}

#[test]
fn text_is_found_where_the_standard_library_finds_it() {
    require_tracing!();
    let long = "ab".repeat(60);
    let cases = [
        ("abcabcabd", "abcabd"),
        ("aaaaaaaaab", "aaab"),
        ("hello", "hello"),
        ("hello", "hello!"),
        ("hello", ""),
        ("", "x"),
        ("x", "x"),
        (long.as_str(), "abababababababababb"),
        (long.as_str(), "babababababababababa"),
        ("needle at the very end of a longer text: 0123456789", "0123456789"),
        ("1234567812345678x", "12345678x"),
        ("1234567812345678", "12345678x"),
    ];
    let mut body = String::new();
    let mut expected = Vec::new();
    for (index, (haystack, needle)) in cases.iter().enumerate() {
        // Once with a needle in the program, once with one that the program does not know.
        body += &format!("$h{index} = \"{haystack}\"; $n{index} = \"{needle}\"; ");
        body += &format!(
            "printf(\"%d %d %d\\n\", strstr($h{index}, \"{needle}\"), strstr($h{index}, $n{index}), strcontains($h{index}, $n{index}));"
        );
        let place = find(haystack, needle);
        expected.push(format!("{place} {place} {}", u8::from(place >= 0)));
    }
    assert_eq!(lines_of(&body), expected);
}

#[test]
fn long_texts_are_searched_to_their_end() {
    require_tracing!();
    // The path of a file that does not exist reaches the probe whole.
    let path = format!("/tmp/{}end", "x".repeat(900));
    let script = r#"t:syscalls:sys_enter_openat /comm == "cat"/ {
        $s = str(args.filename); $n = "end"; $m = str_concat("xxx", $n);
        if (strlen($s) > 900) { printf("%d %d %d %d", strlen($s), strstr($s, "end"), strstr($s, $m), strstr($s, $s)); }
    }"#;
    let run = run(&["-q", "-f", "json", "-c", &format!("cat {path}"), "-e", script]).expect_code(0);
    let place = path.len() - 3;
    assert_eq!(run.printed(), [format!("{} {place} {} 0", path.len(), place - 3)], "{}", run.stderr);
}

#[test]
fn strings_are_put_together_and_measured() {
    require_tracing!();
    prints(
        r#"$a = "left"; $b = "-right"; $c = str_concat($a, $b); print($c); print(strlen($c));
           print(str_concat("", "")); print(str_concat(comm, "!") == "tracedeck!" || strcontains(comm, "tracedeck"));
           print((strcap($a), strcap("abc"), strcap((int8[])"abcd"), strlen((int8[])"abcd")));
           @[str_concat("key ", $a)] = strlen(str_concat($c, $c));"#,
        &["left-right", "10", "", "true", "(5, 4, 5, 4)", "@[key left]: 20"]
            .iter()
            .filter(|it| !it.is_empty())
            .copied()
            .collect::<Vec<_>>(),
    );
}

#[test]
fn what_does_not_fit_is_cut_and_marked() {
    require_tracing!();
    let script = r#"config = { max_strlen = 16 } begin { $a = "0123456789"; print(str_concat($a, $a)); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    assert_eq!(run.stdout.lines().next(), Some("0123456789012345.."));
}

#[test]
fn memory_is_compared_as_the_standard_library_does() {
    require_tracing!();
    let cases = [
        ("abc", "abd"),
        ("abd", "abc"),
        ("same text", "same text"),
        ("0123456789abcdef", "0123456789abcdeg"),
        ("z1234567", "a1234568"),
    ];
    let mut body = String::new();
    let mut expected = Vec::new();
    for (index, (left, right)) in cases.iter().enumerate() {
        body += &format!(
            "$a{index} = \"{left}\"; $b{index} = \"{right}\"; print(memcmp($a{index}, $b{index}, {}));",
            left.len()
        );
        expected.push((left.cmp(right) as i64).to_string());
    }
    body += "print(memcmp($a0, $b0, 2));";
    expected.push("0".to_owned());
    assert_eq!(lines_of(&body), expected);
}

#[test]
fn memory_of_the_process_is_compared_too() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_openat /comm == "head"/ {
        if (memcmp(args.filename, "/proc/self/status", 17) == 0) { printf("seen"); }
    }"#;
    let run = run(&["-q", "-f", "json", "-c", "head -c 0 /proc/self/status", "-e", script]).expect_code(0);
    assert_eq!(run.printed(), ["seen"]);
}

#[test]
fn errors_signals_and_system_calls_have_the_names_of_libc_and_kernel() {
    require_tracing!();
    let of_libc = |number: i32| {
        let text = std::io::Error::from_raw_os_error(number).to_string();
        text.split(" (os error").next().unwrap_or_default().to_owned()
    };
    let numbers = [1, 2, 9, 11, 15, 17, 31, 34, 64];
    let Some(of_signals) = python(&format!("import signal; print(*(signal.Signals(n).name for n in {numbers:?}))"))
    else {
        return skip::skip("names of signals", "there is no python3");
    };
    let mut body = String::new();
    let mut expected = Vec::new();
    for number in [1, 2, 11, 13, 22, 38, 98, 110, 133] {
        body += &format!("print(strerror({number}));");
        expected.push(of_libc(number));
    }
    for (number, name) in numbers.iter().zip(of_signals.split_whitespace()) {
        body += &format!("print(signal_name({number}));");
        expected.push(name.to_owned());
    }
    body += "print(strerror(-13)); print(strerror(4000));";
    expected.extend([of_libc(13), "Unknown error".into()]);
    body += "print(signal_name(35)); print(signal_name(65)); print(signal_name(32)); print(signal_name(-1));";
    expected.extend(["SIGRTMIN+1", "N/A", "N/A", "N/A"].map(str::to_owned));
    for (number, name) in [
        (libc::SYS_read, "read"),
        (libc::SYS_openat, "openat"),
        (libc::SYS_getppid, "getppid"),
        (libc::SYS_statx, "statx"),
        (libc::SYS_clone3, "clone3"),
        (libc::SYS_futex_waitv, "futex_waitv"),
    ] {
        body += &format!("print(syscall_name({number}));");
        expected.push(name.to_owned());
    }
    body += "print(syscall_name(400)); print(syscall_name(-1));";
    expected.extend(["unknown system call".to_owned(), "unknown system call".to_owned()]);
    assert_eq!(lines_of(&body), expected);
}

#[test]
fn texts_of_numbers_are_keys() {
    require_tracing!();
    let run = trace(
        r#"tracepoint:raw_syscalls:sys_enter /comm == "td_target" && args.id == 110/ { @[syscall_name(args.id)] = count(); }"#,
        "getppid 37",
    );
    assert_eq!(run.map("@")["getppid"], 37);
}

#[test]
fn the_machine_is_what_proc_and_libc_say() {
    require_tracing!();
    let lines = lines_of(
        r#"print(numaid); print(jiffies > 0); print(leader_tid == pid); print(leader_comm == comm); print(usermode); print(has_cpid);"#,
    );
    // One memory node here has the number 0; the program runs in the process that loads it.
    let nodes = std::fs::read_dir("/sys/devices/system/node").map_or(0, |entries| entries.flatten().count());
    assert!(nodes == 0 || lines[0].parse::<usize>().expect("a node") < nodes, "{lines:?}");
    assert_eq!(lines[1], "true");
    assert_eq!(lines[4..], ["0", "false"]);
}

#[test]
fn ticks_pass_at_a_steady_rate() {
    require_tracing!();
    // A tick is a whole number of milliseconds (HZ is 100, 250, 300 or 1000).
    let script = r#"begin { @j = jiffies; @n = nsecs; } interval:ms:700 { print((jiffies - @j, (nsecs - @n) / 1000000)); exit(); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    let line = run.stdout.lines().find(|line| line.starts_with('(')).expect("a pair");
    let numbers: Vec<f64> =
        line.trim_matches(['(', ')']).split(", ").map(|number| number.parse().expect("a number")).collect();
    let rate = numbers[0] * 1000.0 / numbers[1];
    assert!((80.0..1100.0).contains(&rate), "{rate} ticks a second");
}

#[test]
fn user_mode_is_told_from_the_kernel() {
    require_tracing!();
    let run = trace(r#"profile:hz:199 /comm == "td_target"/ { @[usermode] = count(); }"#, "spin 400");
    let spinning = run.map("@")["1"].as_i64().unwrap_or(0);
    assert!(spinning > 20, "{}", run.stdout);
}

#[test]
fn parents_and_leaders_of_a_task_are_those_of_proc() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ {
        $t = curtask;
        printf("%d %d %d %d %s %s", ppid($t) == ppid, leader_tid($t) == pid, leader_tid == tid, has_cpid && pid == cpid, pcomm, leader_comm($t));
        exit();
    }"#;
    let run = run(&["-q", "-f", "json", "-c", &target::command("getppid 3"), "-e", script]).expect_code(0);
    let printed = run.printed();
    let words: Vec<&str> = printed[0].split(' ').collect();
    assert_eq!(words[..4], ["1", "1", "1", "1"], "{printed:?}");
    assert!(words[4].starts_with("tracedeck"), "{printed:?}");
    assert_eq!(words[5], "td_target");
}

#[test]
fn the_name_of_another_process_is_looked_up() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ {
        printf("%s|%s|%s", comm(pid), strcontains(comm(ppid), "tracedeck") ? "parent" : "other", comm(4190000));
    }"#;
    let run = run(&["-q", "-f", "json", "-c", &target::command("getppid 3"), "-e", script]).expect_code(0);
    assert_eq!(run.printed(), ["td_target|parent|[unknown]"; 3], "{}", run.stderr);
}

#[test]
fn numbers_of_processes_are_those_of_the_namespace() {
    require_tracing!();
    let unshared = std::process::Command::new("unshare")
        .args(["--fork", "--pid", "--mount-proc"])
        .arg(tracedeck_tests::binary::tracedeck())
        .args(["run", "-q", "-e", r#"begin { printf("%d %d %d\n", pid, pid(curr_ns), pid(init)); }"#])
        .output();
    let Ok(output) = unshared else { return skip::skip("numbers of processes", "there is no unshare") };
    let run = Run::from(output).expect_code(0);
    let numbers: Vec<u32> = run.stdout.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    // The first process of a namespace has the number 1 there, whatever others call it.
    assert_eq!(numbers[..2], [1, 1], "{numbers:?}");
    assert!(numbers[2] > 1, "{numbers:?}");
}

#[test]
fn values_are_found_with_one_lookup() {
    require_tracing!();
    prints(
        r#"@m[1] = "one"; @m[2] = "two"; @c[7] = count(); @c[7] = count(); @t["k"] = (1, "x"); @s[1] = sum(-5);
           let $v; let $t; let $n; $n = 99;
           print(find(@m, 2, $v)); print($v); print(find(@m, 3, $v)); print($v);
           print(find(@c, 8, $n)); print($n); print(find(@c, 7, $n)); print($n);
           if (find(@t, "k", $t)) { print($t.1); } if (find(@s, 1, $x)) { print($x); }
           clear(@m); clear(@c); clear(@t); clear(@s);"#,
        &["true", "two", "false", "two", "false", "99", "true", "2", "x", "-5"],
    );
}

#[test]
fn aggregations_without_keys_are_deleted() {
    require_tracing!();
    prints(
        r#"@c = count(); @h = hist(5); @l = lhist(7, 0, 100, 1); @n = count();
           print(delete(@c)); print(delete(@c)); print(delete(@h)); print(delete(@h)); print(delete(@l)); print((int64)@c);"#,
        &["true", "false", "true", "false", "true", "0", "@n: 1"],
    );
}

#[test]
fn one_entry_of_a_histogram_is_printed() {
    require_tracing!();
    let body = r#"@h[1] = hist(5); @h[2] = hist(9); @s["a"] = stats(4); @s["b"] = stats(6); print(@h[2]); print(@s["b"]); clear(@h); clear(@s);"#;
    let lines = lines_of(body);
    assert_eq!(lines[0], "@h[2]:");
    assert!(lines[1].starts_with("[8, 16)") && lines[1].contains(" 1 |@@@"), "{lines:?}");
    assert_eq!(lines[2..], ["@s[b]: { .count = 1, .average = 6, .total = 6 }"]);
}

#[test]
fn the_length_of_a_stack_is_its_number_of_lines() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ {
        $k = kstack; @u[1] = ustack(2); printf("%d %d %d %d", len($k), len(kstack), len(kstack(2)), len(@u[1])); print($k); exit();
    }"#;
    let run = run(&["-q", "-f", "json", "-c", &target::command("getppid 3"), "-e", script]).expect_code(0);
    let printed = run.printed();
    let numbers: Vec<usize> = printed[0].split(' ').map(|number| number.parse().expect("a number")).collect();
    let stack = run.json().into_iter().find(|message| message["type"] == "value").expect("a stack");
    let frames = stack["data"].as_str().expect("text").lines().filter(|line| !line.is_empty()).count();
    assert_eq!(numbers, [frames, frames, 2, 2], "{stack}");
}

#[test]
fn build_ids_are_those_of_the_file() {
    require_tracing!();
    let path = target::target();
    let Ok(notes) = std::process::Command::new("readelf").arg("-n").arg(path).output() else {
        return skip::skip("build ids", "there is no readelf");
    };
    let notes = String::from_utf8_lossy(&notes.stdout).into_owned();
    let Some(id) = notes.lines().find_map(|line| line.trim().strip_prefix("Build ID: ")) else {
        return skip::skip("build ids", "the compiler puts none into programs");
    };
    let symbols = std::process::Command::new("readelf").args(["-sW"]).arg(path).output().expect("readelf");
    let symbols = String::from_utf8_lossy(&symbols.stdout).into_owned();
    let line = symbols.lines().find(|line| line.ends_with(" counted_function")).expect("the function");
    let address = line.split_whitespace().nth(1).expect("its address");
    // The program is linked to start at 0x400000 and its code lies there as in the file.
    let offset = u64::from_str_radix(address, 16).expect("hexadecimal") - 0x40_0000;
    let script =
        format!("uprobe:{}:counted_function {{ printf(\"%s\", ustack(build_id, 1)); exit(); }}", path.display());
    let run = run(&["-q", "-c", &target::command("call 1 300"), "-e", &script]).expect_code(0);
    assert_eq!(run.stdout.trim(), format!("{id} {offset:#x}"), "{}", run.stderr);
}

#[test]
fn a_function_is_named_when_it_returns() {
    require_tracing!();
    let path = target::target().display();
    let script = format!(
        "uretprobe:{path}:counted_* {{ @[func] = count(); }} uprobe:{path}:counted_function {{ @entered[func] = count(); }}"
    );
    let run = trace(&script, "call 40 0");
    assert_eq!(run.map("@entered")["counted_function"], 40, "{}", run.stdout);
    assert_eq!(run.map("@")["counted_function"], 40, "{}", run.stdout);
}

#[test]
fn variables_are_read_where_the_file_was_loaded() {
    require_tracing!();
    let directory = TemporaryPath::new("pie");
    std::fs::create_dir_all(directory.path()).expect("a directory");
    let source = directory.path().join("pie.c");
    let program = directory.path().join("pie");
    let text = "unsigned int answer = 42; unsigned short little = 7; static unsigned long hidden = 4711;\n\
        __attribute__((noinline)) unsigned long ask(void) { return hidden + answer; }\n\
        int main(void) { return ask() + little == 0; }\n";
    std::fs::write(&source, text).expect("the source");
    for flags in [["-fPIE", "-pie"], ["-fno-pie", "-no-pie"]] {
        let built = std::process::Command::new("gcc")
            .args(["-O0", "-g"])
            .args(flags)
            .arg("-o")
            .arg(&program)
            .arg(&source)
            .status();
        assert!(built.expect("gcc").success());
        let path = program.display();
        let script = format!(
            "uprobe:{path}:ask {{ printf(\"%d %d %d\", *uaddr(\"answer\"), *uaddr(\"little\"), *uaddr(\"hidden\")); }}\n\
             uretprobe:{path}:ask {{ printf(\"%d\", *uaddr(\"answer\")); }}"
        );
        let run = run(&["-q", "-f", "json", "-c", &path.to_string(), "-e", &script]).expect_code(0);
        assert_eq!(run.printed(), ["42 7 4711", "42"], "{flags:?} {}", run.stderr);
    }
}

#[test]
fn signals_arrive() {
    require_tracing!();
    for (call, signal) in [(r#"signal("KILL")"#, 9), ("signal(15)", 15), (r#"signal_thread("SIGUSR1")"#, 10)] {
        let directory = TemporaryPath::new("signal");
        std::fs::create_dir_all(directory.path()).expect("a directory");
        let (runner, status) = (directory.path().join("run"), directory.path().join("status"));
        let text = format!("{}\necho $? > {}\n", target::command("getppid 1000"), status.display());
        std::fs::write(&runner, text).expect("a shell script");
        let script = format!(r#"tracepoint:syscalls:sys_enter_getppid /comm == "td_target"/ {{ {call}; }}"#);
        let runner = format!("sh {}", runner.display());
        let run = run(&["-q", "--unsafe", "-c", &runner, "-e", &script]).expect_code(0);
        let status = std::fs::read_to_string(status).unwrap_or_default();
        // A shell adds 128 to the signal that ended a command.
        assert_eq!(status.trim(), (128 + signal).to_string(), "{call} {}", run.stderr);
    }
}

#[test]
fn a_signal_that_is_none_is_told() {
    require_tracing!();
    let script =
        r#"tracepoint:syscalls:sys_enter_getppid /comm == "td_target"/ { $n = pid; signal($n - $n + 70); exit(); }"#;
    let run = run(&["-q", "--unsafe", "-c", &target::command("getppid 3"), "-e", script]).expect_code(0);
    assert!(run.stderr.contains("signal() expects a number from 1 to 64, not 70"), "{}", run.stderr);
}

#[test]
fn lines_reach_the_kernels_log() {
    require_tracing!();
    let Some(pipe) = ["/sys/kernel/tracing/trace_pipe", "/sys/kernel/debug/tracing/trace_pipe"]
        .into_iter()
        .find_map(|path| std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok())
    else {
        return skip::skip("lines reach the kernel's log", "trace_pipe cannot be opened");
    };
    let mut pipe = pipe;
    let mut seen = String::new();
    let mut buffer = vec![0; 1 << 16];
    let mut drain = |seen: &mut String| {
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            *seen += &String::from_utf8_lossy(&buffer[..count]);
        }
    };
    drain(&mut seen);
    seen.clear();
    lines_of(r#"$s = "text"; debugf("tracedeck-test %d %s %llx", 17, $s, 0xabcdef0123);"#);
    drain(&mut seen);
    assert!(seen.contains("tracedeck-test 17 text abcdef0123"), "{seen}");
}

#[test]
fn assertions_end_the_run() {
    require_tracing!();
    let run = run(&[
        "-q",
        "-e",
        r#"begin { assert(1 == 1, "fine"); assert(pid == 0, "pid is not 0"); printf("never\n"); } interval:s:1 { }"#,
    ]);
    let run = run.expect_code(1);
    assert!(run.stderr.contains("pid is not 0") && !run.stderr.contains("ERROR: fine"), "{}", run.stderr);
    assert!(!run.stdout.contains("never"));
}

#[test]
fn predicates_and_settings_print_their_values() {
    require_tracing!();
    prints(
        r#"@a = 1; @b[1] = 2;
           print((is_str(comm), is_integer(pid), is_unsigned_integer(-1), is_literal(5), is_scalar(@a), is_scalar(@b)));
           print(config.max_strlen == default_str_length()); print(config.stack_mode);
           print(pton("10.1.2.3")); print(pton("127.0.0.1")); print(ntop(pton("::1"))); print((uint8[4])(uint32)0x0302010a == pton("10.1.2.3"));
           print(is_err(kptr((int8*)0xfffffffffffffffe))); print(is_err((int8*)4096)); clear(@a); clear(@b);"#,
        &[
            "(true, true, false, true, true, false)",
            "true",
            "bpftrace",
            "[10,1,2,3]",
            "[127,0,0,1]",
            "::1",
            "true",
            "true",
            "false",
        ],
    );
}

#[test]
fn kfuncs_are_those_of_kallsyms() {
    require_tracing!();
    let symbols = std::fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let known = |name: &str| symbols.lines().any(|line| line.split(' ').nth(2) == Some(name));
    let names = ["bpf_task_from_pid", "bpf_iter_num_new", "bpf_cgroup_ancestor", "bpf_not_a_function", "vfs_read"];
    let body: String = names.iter().map(|name| format!("print(kfunc_exist(\"{name}\"));")).collect();
    let expected: Vec<String> =
        names.iter().map(|name| (known(name) && name.starts_with("bpf_")).to_string()).collect();
    assert_eq!(lines_of(&body), expected);
}

#[test]
fn the_struct_around_a_member_is_found() {
    require_tracing!();
    prints(
        r#"$t = curtask; $p = (int8*)((uint64)$t + offsetof(struct task_struct, comm));
           $back = container_of($p, struct task_struct, comm); print($back == $t); print($back.tgid == pid);
           print(container_of($p, typeof(*$t), comm) == $t);"#,
        &["true", "true", "true"],
    );
}

#[test]
fn cookies_of_sockets_are_those_that_the_process_sees() {
    require_tracing!();
    let directory = TemporaryPath::new("cookie");
    std::fs::create_dir_all(directory.path()).expect("a directory");
    let program = directory.path().join("connect.py");
    // SO_COOKIE is 57.
    let text = "import socket, struct\n\
        server = socket.create_server(('127.0.0.1', 0))\n\
        client = socket.create_connection(server.getsockname())\n\
        cookie = struct.unpack('Q', client.getsockopt(socket.SOL_SOCKET, 57, 8))[0]\n\
        open(__file__ + '.cookie', 'w').write(str(cookie))\n";
    std::fs::write(&program, text).expect("the program");
    let child = format!("python3 {}", program.display());
    let script = "rawtracepoint:inet_sock_set_state /pid == cpid/ { @[socket_cookie(args.sk)] = count(); }";
    let run = run(&["-q", "-f", "json", "-c", &child, "-e", script]).expect_code(0);
    let Ok(cookie) = std::fs::read_to_string(directory.path().join("connect.py.cookie")) else {
        return skip::skip("cookies of sockets", "there is no python3");
    };
    let cookies = run.map("@");
    assert!(cookies.get(&cookie).is_some(), "{cookie} in {cookies} {}", run.stderr);
}

#[test]
fn packets_are_written_as_they_were_sent() {
    require_tracing!();
    let directory = TemporaryPath::new("packets");
    std::fs::create_dir_all(directory.path()).expect("a directory");
    let (program, file) = (directory.path().join("send.py"), directory.path().join("out.pcap"));
    let text = "import socket\nserver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        server.bind(('127.0.0.1', 0))\n\
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        [client.sendto(b'tracedeck-packet-%d' % n, server.getsockname()) for n in range(3)]\n";
    std::fs::write(&program, text).expect("the program");
    let script = format!(
        "rawtracepoint:net_dev_queue /pid == cpid/ {{ $skb = args.skb; print(skboutput(\"{}\", $skb, $skb.len, 14)); }}",
        file.display()
    );
    let child = format!("python3 {}", program.display());
    let run = run(&["-q", "--unsafe", "-c", &child, "-e", &script]).expect_code(0);
    let Ok(bytes) = std::fs::read(&file) else {
        return skip::skip("packets", "there is no python3");
    };
    assert_eq!(run.stdout.lines().filter(|line| *line == "0").count(), 3, "{} {}", run.stdout, run.stderr);
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let mut at = 24;
    for number in 0..3 {
        let (captured, length) = (word(at + 8), word(at + 12));
        let packet = &bytes[at + 16..at + 16 + captured];
        // IPv4 without options, UDP: 28 bytes before the text, both addresses the loopback's.
        let text = format!("tracedeck-packet-{number}");
        assert_eq!((captured, length), (28 + text.len(), 28 + text.len()));
        assert_eq!((packet[0], packet[9], &packet[12..20]), (0x45, 17, &[127, 0, 0, 1, 127, 0, 0, 1][..]));
        assert_eq!(&packet[28..], text.as_bytes());
        at += 16 + captured;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn paths_of_open_files_are_those_of_proc() {
    require_tracing!();
    let script = format!(
        "iter:task_file {{ if (ctx.task.tgid == {}) {{ printf(\"%d %s\\n\", ctx.fd, path(ctx.file.f_path)); }} }}",
        std::process::id()
    );
    let file = TemporaryPath::new("open");
    let _open = std::fs::File::create(file.path()).expect("a file");
    let run = run(&["-q", "-e", &script]).expect_code(0);
    let expected = file.path().to_string_lossy().into_owned();
    assert!(run.stdout.lines().any(|line| line.ends_with(&format!(" {expected}"))), "{} {}", run.stdout, run.stderr);
}

#[test]
fn cgroups_are_named_by_their_directories() {
    require_tracing!();
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let Some(path) = own.lines().find_map(|line| line.strip_prefix("0::")) else {
        return skip::skip("cgroups are named", "there is no unified hierarchy");
    };
    let expected = format!("unified:{path}");
    let lines = lines_of(r#"print(cgroup_path(cgroup, "unified"));"#);
    if !lines.first().is_some_and(|line| line.starts_with("unified")) {
        return skip::skip("cgroups are named", "the unified hierarchy is not mounted");
    }
    // A hierarchy that is mounted twice has the path twice.
    assert!(lines[0].split(',').all(|path| path == expected), "{lines:?}");
}
