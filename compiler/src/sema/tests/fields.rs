//! Parts of values: structs through pointers, arguments of tracepoints, elements.

use super::{all_say, begin, said, typed};

fn body(script: &str) -> String {
    typed(script).lines().filter_map(|line| line.strip_prefix("  ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_path_of_fields_reads_memory_only_at_pointers() {
    assert_eq!(
        body("begin { print(((struct file *)1).f_path.dentry->d_name.len); }"),
        "print(load(load((struct file *)1:uint64 + 8: struct dentry *) + 0: uint32), site 0)"
    );
}

#[test]
fn bit_fields_arrays_and_text_of_structs_are_read() {
    assert_eq!(
        begin("$d = (struct dentry *)1; print($d.mode); $t = (struct task_struct *)2; print($t.comm);"),
        "var $d: struct dentry *\nvar $t: struct task_struct *\n$d = (struct dentry *)1:uint64\n\
         print(load($d + 16 bits 3+5: uint32), site 0)\n$t = (struct task_struct *)2:uint64\n\
         print(load($t + 24: string[17]), site 1)"
    );
}

#[test]
fn constant_indexes_are_checked_and_others_guarded() {
    assert_eq!(
        begin("$f = (struct file *)1; @a = $f.words[3]; @b = $f.small[pid];"),
        "var $f: struct file *\n$f = (struct file *)1:uint64\n@a = load($f + 40: uint64)\n\
         @b = load($f + 536: int32[4])[(int64)pid(): uint32 of 4]"
    );
    assert_eq!(
        said("begin { $f = (struct file *)1; @ = $f.small[4]; }"),
        "error index-out-of-range `4`: The index 4 is out of bounds for an array of 4 elements | Indices are from 0 to 3"
    );
    assert_eq!(
        said("begin { $f = (struct file *)1; @ = $f.small[-1]; }"),
        "error index-out-of-range `-1`: The index -1 is out of bounds for an array of 4 elements | Indices are from 0 to 3"
    );
}

#[test]
fn pointers_are_dereferenced_and_indexed() {
    assert_eq!(begin("@ = *(uint16 *)5;"), "@ = load((uint16 *)5:uint64 + 0: uint16)");
    assert_eq!(begin("@ = *kaddr(\"do_nanosleep\");"), "@ = load((uint64 *)18446744071578845184:uint64 + 0: uint64)");
    assert_eq!(
        begin("$p = (uint16 *)5; @ = $p[cpu];"),
        "var $p: uint16 *\n$p = (uint16 *)5:uint64\n@ = load(($p + (int64)cpu(): uint64 * 2: uint16 *) + 0: uint16)"
    );
    all_say(&[
        (
            "begin { @ = *(void *)5; }",
            "error deref-void `*(void *)5`: Cannot dereference 'void *': cast it to another pointer type first",
        ),
        (
            "begin { @ = *comm; }",
            "error deref-type `*comm`: Cannot dereference type 'string[16]' (expected a pointer or an integer) | Leave the * out: it is a value already",
        ),
    ]);
}

#[test]
fn arguments_of_tracepoints_are_read_in_place() {
    assert_eq!(
        body("t:syscalls:sys_enter_openat { @ = args.flags; print(str(args->filename)); }"),
        "@ = args(32: int32)\nprint(str(args(24: int8 *)): string[1024], site 0)"
    );
    assert_eq!(
        body("t:sched:sched_process_exec { print(args.filename); print(str(args.filename)); }"),
        "print(args.data(8: string[1024]), site 0)\nprint(args.data(8: string[1024]), site 1)"
    );
}

#[test]
fn arguments_of_raw_tracepoints_have_types() {
    assert_eq!(
        body("rt:sched_switch { @ = args.preempt; print(args.prev.comm); @a = arg2; }"),
        "@ = args(#0: bool)\nprint(load(args(#1: struct task_struct *) + 24: string[17]), site 0)\n@a = arg2"
    );
    assert_eq!(
        said("rt:sys_enter { @ = args.id; }"),
        "error no-arguments `args.id`: The names of a raw tracepoint's arguments need BTF | Use arg0, arg1, ..."
    );
}

#[test]
fn unknown_fields_are_said_with_the_nearest_name() {
    all_say(&[
        (
            "t:sched:sched_switch { print(args.prev_com); }",
            "error unknown-field `prev_com`: tracepoint:sched:sched_switch has no argument 'prev_com' | Did you mean 'prev_comm'?",
        ),
        (
            "t:sched:sched_switch { print(args.xyzzy); }",
            "error unknown-field `xyzzy`: tracepoint:sched:sched_switch has no argument 'xyzzy' | Its arguments are prev_comm, prev_pid, prev_state",
        ),
        (
            "begin { print(curtask.comn); }",
            "error unknown-field `comn`: 'struct task_struct' does not contain a field named 'comn' | Did you mean 'comm'?",
        ),
        (
            "begin { print(pid.x); }",
            "error field-access `x`: Cannot access field 'x' on expression of type 'uint32' | Cast it to a pointer first: ((struct NAME *)value).field",
        ),
        (
            "begin { print(((struct flie *)1).x); }",
            "error unknown-type `struct flie *`: Cannot resolve unknown type: 'struct flie' | Did you mean 'struct file'?",
        ),
    ]);
}

#[test]
fn scripts_define_their_own_structs() {
    assert_eq!(
        typed("struct node { int value; struct node *next; };\nbegin { $n = (struct node *)1; @ = $n.next.value; }"),
        "map @: int32 x1\nbegin {\n  var $n: struct node *\n  $n = (struct node *)1:uint64\n  \
         @ = load(load($n + 8: struct node *) + 0: int32)\n}\n"
    );
    assert_eq!(
        said("struct node { what value; };\nbegin { }"),
        "error c-definition `struct node { what value; };`: Unknown type 'what' in a definition"
    );
}

#[test]
fn enum_constants_keep_their_type() {
    assert_eq!(begin("@ = GREEN; @b = 1 + RED;"), "@ = 5:enum color\n@b = (1:uint64 + (uint64)0:enum color: uint64)");
}
