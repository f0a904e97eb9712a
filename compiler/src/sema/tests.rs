//! Scripts through the whole of semantic analysis: what they become, or what is said about them.

use crate::diagnostic::Severity;
use crate::hir::dump;
use crate::kernel::Feature;
use crate::kernel::fixture::FixtureKernel;
use crate::kernel::{UsdtLocation, UserObject};
use crate::options::CompileOptions;
use crate::source::SourceFile;

mod calls;
mod config;
mod examples;
mod fields;
mod functions;
mod maps;
mod mutations;
mod numbers;
mod parameters;
mod probes;

mod statements;
mod variables;

const OPENAT: &str = "\
field:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
field:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
field:int dfd;\toffset:16;\tsize:8;\tsigned:0;
field:const char * filename;\toffset:24;\tsize:8;\tsigned:0;
field:int flags;\toffset:32;\tsize:8;\tsigned:0;";
const EXECVE: &str = "\
field:const char * filename;\toffset:16;\tsize:8;\tsigned:0;
field:const char *const * argv;\toffset:24;\tsize:8;\tsigned:0;";
const EXIT: &str = "field:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
field:long ret;\toffset:16;\tsize:8;\tsigned:1;";
const READ: &str = "\
field:unsigned int fd;\toffset:16;\tsize:8;\tsigned:0;
field:char * buf;\toffset:24;\tsize:8;\tsigned:0;
field:size_t count;\toffset:32;\tsize:8;\tsigned:0;";
const SWITCH: &str = "\
field:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;
field:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;
field:long prev_state;\toffset:32;\tsize:8;\tsigned:1;";
const EXEC: &str = "\
field:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;
field:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;";
const TYPES: &str = "\
enum color { RED, GREEN = 5 };
struct sock { int state; };
struct sk_buff { unsigned int len; unsigned int data_len; unsigned char *data; };
struct qstr { unsigned int len; char *name; };
struct dentry { struct qstr d_name; unsigned flags : 3; unsigned mode : 5; };
struct path { void *mnt; struct dentry *dentry; };
struct file { struct path f_path; unsigned long words[64]; unsigned char addr[6]; int small[4]; enum color c; };
struct bpf_iter_meta { unsigned long session_id; unsigned long seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
struct bpf_iter__task_file { struct bpf_iter_meta *meta; struct task_struct *task; unsigned fd; struct file *file; };
struct task_struct { int prio; struct task_struct *real_parent; pid_t tgid; pid_t pid; char comm[16]; struct task_struct *group_leader; };";

/// A small kernel that knows what the scripts of the tests name.
pub fn kernel() -> FixtureKernel {
    FixtureKernel::new("6.12.0", 4)
        .with_types(TYPES)
        .with_tracepoint("syscalls", "sys_enter_openat", OPENAT)
        .with_tracepoint("syscalls", "sys_enter_open", EXECVE)
        .with_tracepoint("syscalls", "sys_enter_execve", EXECVE)
        .with_tracepoint("syscalls", "sys_enter_read", READ)
        .with_tracepoint("syscalls", "sys_enter_write", READ)
        .with_tracepoint("syscalls", "sys_exit_openat", EXIT)
        .with_tracepoint("syscalls", "sys_exit_read", EXIT)
        .with_tracepoint("sched", "sched_switch", SWITCH)
        .with_tracepoint("sched", "sched_process_exec", EXEC)
        .with_raw_tracepoint("sched_switch", Some("bool preempt; struct task_struct *prev; struct task_struct *next;"))
        .with_raw_tracepoint("inet_sock_set_state", Some("struct sock *sk; int oldstate; int newstate;"))
        .with_raw_tracepoint("net_dev_queue", Some("struct sk_buff *skb;"))
        .with_raw_tracepoint("sys_enter", None)
        .with_kernel_symbol("do_nanosleep", 0xffff_ffff_8100_0000)
        .with_kernel_symbol("__x64_sys_getuid", 0xffff_ffff_8120_0000)
        .with_function(None, "do_nanosleep", "void *t; unsigned int mode;", Some("int"))
        .with_binary("/bin/bash", &[("readline", 0x1000, 64), ("read_command", 0x1100, 32), ("main", 0x2000, 16)])
        .with_binary("/lib/libc.so.6", &[])
        .with_usdt("/lib/libc.so.6", heap_new())
        .with_kfunc("bpf_task_from_pid")
        .with_object("/bin/bash", "ps1_prompt", UserObject { address: 0x3000, size: 8 })
        .with_cgroup("/sys/fs/cgroup/system.slice", 42)
}

fn heap_new() -> UsdtLocation {
    UsdtLocation {
        provider: "libc".into(),
        name: "memory_heap_new".into(),
        address: 0x9000,
        arguments: "8@%rbx 8@%rbp".into(),
        ..UsdtLocation::default()
    }
}

/// The typed program of a script without warnings.
#[track_caller]
pub fn typed(script: &str) -> String {
    typed_with(script, &CompileOptions::default())
}

#[track_caller]
pub fn typed_with(script: &str, options: &CompileOptions) -> String {
    match crate::analyze(&SourceFile::new("test", script), &kernel(), options) {
        Ok((program, warnings)) => {
            assert!(warnings.is_empty(), "{script}\n{}", lines(&warnings));
            dump::dump(&program)
        }
        Err(diagnostics) => panic!("{script}\n{}", lines(&diagnostics)),
    }
}

/// What is said about a script, one line per diagnostic: severity, code, the text it points to, message, help.
pub fn said(script: &str) -> String {
    said_by(script, &kernel(), &CompileOptions::default())
}

pub fn said_by(script: &str, kernel: &FixtureKernel, options: &CompileOptions) -> String {
    let file = SourceFile::new("test", script);
    let diagnostics = crate::check(&file, kernel, options).diagnostics;
    let line = |it: &crate::diagnostic::Diagnostic| {
        let severity = if it.severity == Severity::Error { "error" } else { "warning" };
        let help = it.help.iter().map(|help| format!(" | {help}")).collect::<String>();
        format!("{severity} {} `{}`: {}{help}", it.code, file.slice(it.span), it.message)
    };
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn lines(diagnostics: &[crate::diagnostic::Diagnostic]) -> String {
    diagnostics.iter().map(|it| format!("{}: {} {:?}", it.code, it.message, it.help)).collect::<Vec<_>>().join("\n")
}

/// Scripts and what is said about each.
#[track_caller]
pub fn all_say(cases: &[(&str, &str)]) {
    for (script, expected) in cases {
        assert_eq!(said(script), *expected, "{script}");
    }
}

/// The body of a `begin` probe, typed, without the lines around it.
#[track_caller]
pub fn begin(body: &str) -> String {
    let text = typed(&format!("begin {{ {body} }}"));
    text.lines().filter_map(|line| line.strip_prefix("  ")).collect::<Vec<_>>().join("\n")
}

pub fn without(feature: Feature) -> FixtureKernel {
    kernel().without(feature)
}
