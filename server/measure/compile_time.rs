//! Prints how many milliseconds compiling takes in a process that has compiled before: a line for each script, the
//! least of so many compilations, a tab, its name. The least, because what else the machine does only adds to it. Used
//! by `cargo xtask bench`.

use std::time::Instant;

use tracedeck::host::LiveKernel;
use tracedeck_compiler::compile;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

const ONE_LINERS: [(&str, &str); 10] = [
    ("count by name", "t:raw_syscalls:sys_enter { @[comm] = count(); }"),
    ("count by call", "t:raw_syscalls:sys_enter { @[args.id] = count(); }"),
    ("files opened", r#"t:syscalls:sys_enter_openat { printf("%s %s\n", comm, str(args.filename)); }"#),
    ("sizes of reads", "t:syscalls:sys_exit_read /pid > 1/ { @bytes = hist(args.ret); }"),
    ("read bytes by name", "t:syscalls:sys_exit_read /args.ret > 0/ { @[comm] = sum(args.ret); }"),
    ("samples of the kernel", "profile:hz:99 { @[kstack] = count(); }"),
    ("samples with both stacks", "profile:hz:99 { @[ustack, kstack, comm] = count(); }"),
    (
        "latency of a call",
        "t:syscalls:sys_enter_read { @s[tid] = nsecs; } \
         t:syscalls:sys_exit_read /@s[tid]/ { @ns[comm] = hist(nsecs - @s[tid]); delete(@s, tid); }",
    ),
    ("context switches", r#"t:sched:sched_switch { @[args.prev_comm, args.next_comm] = count(); }"#),
    (
        "a line for each write",
        r#"t:syscalls:sys_enter_write /comm != "sshd"/ { printf("%-6d %-16s %d %d\n", pid, comm, args.fd, args.count); }"#,
    ),
];

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50);
    for (name, text) in ONE_LINERS {
        println!("{:.3}\t{name}", least(text, rounds));
    }
    println!("{:.3}\t100 probes", least(&hundred_probes(), rounds.div_ceil(5)));
}

/// Fifty system calls, entry and exit, each with a body of its own.
fn hundred_probes() -> String {
    let calls = std::fs::read_dir("/sys/kernel/tracing/events/syscalls").into_iter().flatten().flatten();
    let names = calls.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter_map(|name| Some(name.strip_prefix("sys_enter_")?.to_owned())).collect();
    names.sort();
    let probes = names.iter().take(50).enumerate().map(|(number, name)| {
        format!(
            "t:syscalls:sys_enter_{name} /pid != {number}/ {{ @start[tid] = nsecs; @calls[probe, comm] = count(); }}\n\
             t:syscalls:sys_exit_{name} /@start[tid]/ {{ @ns{number} = hist(nsecs - @start[tid]); delete(@start, tid); }}\n"
        )
    });
    probes.collect()
}

fn least(text: &str, rounds: usize) -> f64 {
    let kernel = LiveKernel::shared();
    let source = SourceFile::new("bench", text);
    let once = || {
        let started = Instant::now();
        match compile(&source, kernel.as_ref(), &CompileOptions::default()) {
            Ok((compiled, _)) => assert!(!compiled.objects.is_empty(), "no object"),
            Err(found) => panic!("{text}\n{found:?}"),
        }
        started.elapsed().as_secs_f64() * 1000.0
    };
    // The first one reads what the kernel knows.
    once();
    (0..rounds.max(1)).map(|_| once()).fold(f64::INFINITY, f64::min)
}
