//! Calls: arguments, formats, and what they are refused for.

use super::{all_say, begin, said, said_by, typed, typed_with};
use crate::options::CompileOptions;

#[test]
fn formats_are_checked_against_their_values() {
    all_say(&[
        (
            r#"begin { printf("%d %s", 1); }"#,
            "error format-arguments `\"%d %s\"`: printf: the number of values does not match the format: it has 2 specifiers, 1 value was given | There is more in the format than in the arguments",
        ),
        (
            r#"begin { printf("%d", comm); }"#,
            "error format-type `comm`: printf: %d expects an integer, but the value has type 'string[16]' | %s and %v print a value of any type",
        ),
        (
            r#"begin { printf("%r", comm); }"#,
            "error format-type `comm`: printf: %r expects a buffer, but the value has type 'string[16]'",
        ),
        (r#"begin { printf("%y", 1); }"#, "error bad-format `\"%y\"`: Unknown format specifier: %y"),
        (
            "begin { printf(comm); }",
            "error literal-required `comm`: printf() needs a string literal here | It is called as printf(format, ...)",
        ),
        (r#"begin { printf("%s %p %x %c %v %5.2s", comm, curtask, true, 65, (1, 2), pid); }"#, ""),
    ]);
}

#[test]
fn the_number_of_arguments_is_checked() {
    all_say(&[
        (
            "begin { print(); }",
            "error argument-count `print()`: print() takes at least 1 argument (0 given) | It is called as print(value) or print(@map[, top[, divisor]])",
        ),
        (
            "begin { @ = count(1); }",
            "error argument-count `count(1)`: count() takes no arguments (1 given) | It is called as count()",
        ),
        (
            "begin { strlen(comm, 1); }",
            "error argument-count `strlen(comm, 1)`: strlen() takes 1 argument (2 given) | It is called as strlen(string)",
        ),
    ]);
}

#[test]
fn unknown_names_are_said_with_the_nearest() {
    all_say(&[
        ("begin { prnt(1); }", "error unknown-function `prnt`: Unknown function: 'prnt' | Did you mean 'print'?"),
        ("begin { @ = conut(); }", "error unknown-function `conut`: Unknown function: 'conut' | Did you mean 'count'?"),
        ("begin { print(com); }", "error unknown-identifier `com`: Unknown identifier: 'com' | Did you mean 'comm'?"),
        ("begin { print(exit); }", "error function-without-call `exit`: exit is a function: call it as exit([code])"),
    ]);
}

#[test]
fn what_is_not_there_yet_is_said_to_be() {
    all_say(&[
        (
            "begin { print(dw_ustack(5)); }",
            "error not-supported-yet `dw_ustack`: 'dw_ustack()' is not supported: stacks are unwound by frame pointers, \
             not by tables of the file | Use ustack, with programs built with -fno-omit-frame-pointer",
        ),
        (
            "begin { print(kstack(build_id)); }",
            "error argument-type `kstack(build_id)`: The mode build_id is for user stacks: the kernel is no file with a build id",
        ),
    ]);
}

#[test]
fn text_is_as_large_as_its_length_allows() {
    assert_eq!(begin("print(str(5, 10));"), "print(str((int8 *)5:uint64, 10:uint64): string[11], site 0)");
    assert_eq!(
        begin("print(str(5, pid));"),
        "print(str((int8 *)5:uint64, (uint64)pid(): uint32): string[1024], site 0)"
    );
    assert_eq!(
        begin("print(buf(curtask, 8));"),
        "print(buf(curtask(): struct task_struct *, 8:uint64): buffer[8], site 0)"
    );
    all_say(&[
        ("begin { print(str(5, 0)); }", "error argument-range `0`: str(): the length must be greater than zero"),
        ("begin { print(buf(5)); }", "error argument-count `buf(5)`: buf() needs a length for a value of type 'int8'"),
        (
            "begin { print(strncmp(comm, \"a\", 0)); }",
            "error argument-range `0`: strncmp(): n must be greater than zero",
        ),
    ]);
}

#[test]
fn pointers_of_system_calls_are_read_from_the_process() {
    let text = typed("t:syscalls:sys_enter_openat { print(kptr(args.filename)); }");
    assert!(text.contains("print((int8 *)args(24: int8 *), site 0)"), "{text}");
}

#[test]
fn positional_parameters_are_numbers_or_text() {
    let options = CompileOptions {
        positional: vec!["-7".to_owned(), "nginx".to_owned(), "99".to_owned()],
        ..CompileOptions::default()
    };
    assert_eq!(
        typed_with(
            "begin { @a = $1; @b = $2; @c = $#; @d = str($3); @e = str($2 + 2); } p:hz:$3 { @c = 1; }",
            &options
        )
        .lines()
        .filter(|line| line.starts_with("  ") || line.starts_with("profile"))
        .collect::<Vec<_>>(),
        [
            "  @a = -7:int8",
            "  @b = \"nginx\"",
            "  @c = 3:int8",
            "  @d = \"99\"",
            "  @e = \"inx\"",
            "profile:hz:99 {",
            "  @c = 1:int8"
        ]
    );
    assert_eq!(said("begin { @ = $1; }"), "warning missing-parameter `$1`: Parameter $1 is missing: it is 0 or \"\"");
}

#[test]
fn unsafe_functions_need_permission() {
    let script = r#"begin { system("ls"); }"#;
    assert_eq!(
        said(script),
        "error unsafe-function `system(\"ls\")`: system() is an unsafe function: it is allowed only with --unsafe"
    );
    let options = CompileOptions { allow_unsafe: true, ..CompileOptions::default() };
    assert_eq!(said_by(script, &super::kernel(), &options), "");
}

#[test]
fn builtins_are_refused_where_the_probe_has_no_such_data() {
    all_say(&[
        ("begin { print(args.x); }", "error not-in-this-probe `args.x`: args cannot be used in begin probes"),
        (
            "begin { print(retval); }",
            "error not-in-this-probe `retval`: retval cannot be used in begin probes | What a function returns is known to kretprobe, uretprobe and fexit probes",
        ),
        (
            r#"begin { print(reg("ip")); }"#,
            "error not-in-this-probe `reg(\"ip\")`: reg() cannot be used in begin probes",
        ),
        (
            r#"p:hz:9 { print(reg("iq")); }"#,
            "error unknown-register `\"iq\"`: 'iq' is not a valid register | Did you mean 'ip'?",
        ),
        (
            "t:sched:sched_switch { print(arg0); }",
            "error not-in-this-probe `arg0`: arg0 cannot be used in tracepoint probes | The arguments of a tracepoint have names: args.NAME",
        ),
        (
            "u:/bin/bash:main { print(arg6); }",
            "error argument-index `arg6`: arg6 does not exist: arguments are arg0 to arg5",
        ),
    ]);
}

#[test]
fn stacks_take_a_mode_and_a_number_of_frames() {
    all_say(&[
        ("p:hz:9 { @[kstack(perf, 5), ustack(3), kstack(raw)] = count(); }", ""),
        (
            "p:hz:9 { @[kstack(0)] = count(); }",
            "error argument-range `0`: kstack(): the number of frames is from 1 to 1024, not 0",
        ),
        (
            "p:hz:9 { @[kstack(pref)] = count(); }",
            "error argument-type `pref`: kstack(): unknown stack mode 'pref': modes are bpftrace, perf, raw and build_id",
        ),
        (
            "p:hz:9 { @[kstack(pid)] = count(); }",
            "error literal-required `pid`: kstack() needs a literal number of frames",
        ),
    ]);
}

#[test]
fn symbols_and_paths_are_looked_up_at_compile_time() {
    all_say(&[
        (
            r#"begin { print(kaddr("do_nanoslep")); }"#,
            "error no-such-symbol `\"do_nanoslep\"`: Failed to resolve kernel symbol: 'do_nanoslep' | Did you mean 'do_nanosleep'?",
        ),
        (
            r#"begin { print(cgroupid("/x")); }"#,
            "error no-such-cgroup `\"/x\"`: There is no control group (v2) at '/x'",
        ),
    ]);
}

#[test]
fn the_parent_is_read_from_the_task() {
    assert_eq!(
        begin("@ = ppid;"),
        "@ = (uint32)load(load(curtask(): struct task_struct * + 8: struct task_struct *) + 16: int32)"
    );
}

#[test]
fn old_spellings_are_accepted_with_a_warning() {
    assert_eq!(
        said("begin { @[1] = 1; delete(@[1]); }"),
        "warning deprecated-delete `delete(@[1])`: delete(@map[key]) is deprecated | Write delete(@, key)"
    );
}
