//! What the parser accepts and tracedeck cannot run yet: one list, so that it can be printed and shrinks visibly.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

macro_rules! features {
    ($($name:ident = $text:literal;)*) => {
        $(pub const $name: &str = $text;)*
        /// Everything that is refused as "not supported yet".
        pub const ALL: &[&str] = &[$($name),*];
    };
}

features! {
    STRUCTS_IN_USER_BINARIES = "args of a uprobe (from debug information)";
    SOURCE_LOCATIONS = "an attach point by source line (@file:line)";
    CPP_SIGNATURES = "an attach point by C++ signature (cpp)";
    WHOLE_PROCESS_UPROBES = "a uprobe on every file of a process (*)";
    FUNC_IN_RETURN_PROBES = "func in a uretprobe";
    TRAMPOLINES_ON_PROGRAMS = "a trampoline on a running BPF program (fentry:bpf:NAME)";
    BUILD_ID_STACKS = "the stack mode build_id";
    PROCESS_NAMESPACE_MODES = "a pid or tid of another namespace";
}

/// Builtins of bpftrace that have no record here.
pub const BUILTINS: &[&str] = &[
    "assert",
    "assert_str",
    "cgroup_path",
    "config",
    "container_of",
    "debugf",
    "default_str_length",
    "dw_ustack",
    "fail",
    "find",
    "has_cpid",
    "is_array",
    "is_err",
    "is_integer",
    "is_literal",
    "is_ptr",
    "is_scalar",
    "is_str",
    "is_unsigned_integer",
    "jiffies",
    "kfunc_allowed",
    "kfunc_exist",
    "leader_comm",
    "leader_tid",
    "memcmp",
    "numaid",
    "override",
    "path",
    "percpu_kaddr",
    "pton",
    "signal",
    "signal_name",
    "signal_thread",
    "skboutput",
    "socket_cookie",
    "static_assert",
    "strcap",
    "str_concat",
    "strerror",
    "strstr",
    "syscall_name",
    "uaddr",
    "unwatch",
    "usermode",
    "write_user",
];

/// The diagnostic for something of the language that cannot be compiled yet.
pub fn not_yet(span: Span, what: &str) -> Diagnostic {
    // Words of the language keep their case.
    let mut sentence = what.to_owned();
    if what.starts_with("a ") || what.starts_with("an ") || what.starts_with("the ") {
        sentence[..1].make_ascii_uppercase();
    }
    sentence.push_str(" is not supported yet");
    Diagnostic::error("not-supported-yet", span, sentence)
}
