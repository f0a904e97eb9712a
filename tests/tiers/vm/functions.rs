//! Functions that few kernels allow, and functions of the kernel's objects in the probes that see most of them.

use tracedeck::host::LiveKernel;
use tracedeck_compiler::kernel::{Feature, Kernel};
use tracedeck_tests::binary::{Run, command, run};
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;
use tracedeck_tests::target::{self, TemporaryPath};

#[test]
fn override_decides_what_a_system_call_returns_or_says_what_it_needs() {
    require_tracing!();
    let script = r#"kprobe:__x64_sys_getppid /comm == "td_target"/ { override(4711); }
        t:syscalls:sys_exit_getppid /comm == "td_target"/ { @[args.ret] = count(); }"#;
    let run = run(&["-q", "-f", "json", "--unsafe", "-c", &target::command("getppid 5"), "-e", script]);
    if LiveKernel::shared().has(Feature::OverrideReturn) {
        assert_eq!(run.expect_code(0).map("@")["4711"], 5);
    } else {
        let run = run.expect_code(1);
        assert!(run.stderr.contains("CONFIG_BPF_KPROBE_OVERRIDE"), "{}", run.stderr);
    }
}

#[test]
fn write_user_changes_the_memory_that_the_process_sees() {
    require_tracing!();
    let report = TemporaryPath::new("letter");
    let script = format!(
        r#"uprobe:{}:counted_function {{ printf("%d", write_user(arg1, "written", 5)); }}"#,
        target::target().display()
    );
    let arguments = ["-q", "-f", "json", "--unsafe", "-c", &target::command("letter"), "-e", &script];
    let output = command(&arguments).env("TARGET_REPORT", report.path()).output().expect("tracedeck");
    let run = Run::from(output).expect_code(0);
    assert_eq!(run.printed(), ["1"], "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(report.path()).expect("the target's report"), "writte");
}

#[test]
fn percpu_kaddr_is_the_address_of_the_processors_own_copy() {
    require_tracing!();
    let table = std::fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let line = table.lines().find(|line| line.split_whitespace().nth(2) == Some("this_cpu_off"));
    let base = line.and_then(|line| line.split_whitespace().next()).expect("this_cpu_off in kallsyms");
    let base = u64::from_str_radix(base, 16).expect("an address");
    // The variable holds how far the copies of its processor lie from where the symbol table has them.
    let script = r#"begin {
        $p = percpu_kaddr("this_cpu_off", 0); if ($p) { printf("%lu ", (uint64)$p - *$p); }
        $q = percpu_kaddr("this_cpu_off"); if ($q) { printf("%lu ", (uint64)$q - *$q); }
        printf("%d", percpu_kaddr("this_cpu_off", 100000) == 0);
    }"#;
    let run = run(&["-q", "-f", "json", "-e", script]).expect_code(0);
    assert_eq!(run.printed().concat(), format!("{base} {base} 1"), "{}", run.stderr);
}

#[test]
fn a_function_of_the_kernel_sees_the_path_of_its_file() {
    require_tracing!();
    if !LiveKernel::shared().has(Feature::Trampolines) {
        return skip(module_path!(), "this kernel does not allow trampolines");
    }
    let directory = TemporaryPath::new("paths");
    std::fs::create_dir_all(directory.path()).expect("a directory");
    let (program, file) = (directory.path().join("cut.py"), directory.path().join("cut"));
    std::fs::write(&program, format!("import os\nos.truncate({:?}, 5)\n", file.display().to_string()))
        .expect("a program");
    std::fs::write(&file, "0123456789").expect("a file");
    let script = r#"fentry:vfs_truncate /pid == cpid/ { @[path(args.path)] = count(); }
        fexit:vfs_truncate /pid == cpid/ { @left[path(args.path, 64), retval] = count(); }"#;
    let child = format!("python3 {}", program.display());
    let run = run(&["-q", "-f", "json", "-c", &child, "-e", script]).expect_code(0);
    if std::fs::metadata(&file).expect("the file").len() != 5 {
        return skip("paths", "there is no python3");
    }
    let name = file.display().to_string();
    assert_eq!(run.map("@"), serde_json::json!({ name.clone(): 1 }), "{}", run.stderr);
    assert_eq!(run.map("@left"), serde_json::json!({ format!("{name},0"): 1 }), "{}", run.stderr);
}

/// Brings up the loopback device, says the cookie of its socket, and sends three packets.
const PROGRAM: &str = r#"
import fcntl, socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(server, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
server.bind(("127.0.0.1", 0))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
cookie = struct.unpack("Q", client.getsockopt(socket.SOL_SOCKET, 57, 8))[0]
open(__file__ + ".cookie", "w").write(str(cookie))
for number in range(3):
    client.sendto(b"tracedeck-packet-%d" % number, server.getsockname())
"#;

#[test]
fn a_function_of_the_kernel_sees_sockets_and_packets() {
    require_tracing!();
    if !LiveKernel::shared().has(Feature::Trampolines) {
        return skip(module_path!(), "this kernel does not allow trampolines");
    }
    let directory = TemporaryPath::new("packets");
    std::fs::create_dir_all(directory.path()).expect("a directory");
    let (program, file) = (directory.path().join("send.py"), directory.path().join("out.pcap"));
    std::fs::write(&program, PROGRAM).expect("the program");
    let script = format!(
        "fentry:udp_sendmsg /pid == cpid/ {{ @[socket_cookie(args.sk)] = count(); }}
         fentry:__dev_queue_xmit /pid == cpid/ {{ printf(\"%d\", skboutput(\"{}\", args.skb, args.skb.len, 14)); }}",
        file.display()
    );
    let child = format!("python3 {}", program.display());
    let run = run(&["-q", "-f", "json", "--unsafe", "-c", &child, "-e", &script]).expect_code(0);
    let Ok(cookie) = std::fs::read_to_string(directory.path().join("send.py.cookie")) else {
        return skip("sockets and packets", "there is no python3");
    };
    assert_eq!(run.map("@"), serde_json::json!({ cookie: 3 }), "{}", run.stderr);
    assert_eq!(run.printed(), ["0", "0", "0"], "{}", run.stderr);
    let bytes = std::fs::read(&file).expect("the packets");
    let is_there = |number: u32| {
        let text = format!("tracedeck-packet-{number}");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!((0..3).all(is_there), "{} bytes", bytes.len());
}
