//! What is offered at `|`.

use super::*;
use crate::kernel::fixture::FixtureKernel;

const TYPES: &str = "struct qstr { unsigned int len; char *name; }; struct dentry { struct qstr d_name; };\
     struct file { struct dentry *dentry; }; struct task_struct { int prio; struct task_struct *real_parent; };";
const OPENAT: &str = "field:int dfd;\toffset:16;\tsize:8;\tsigned:0;
field:const char * filename;\toffset:24;\tsize:8;\tsigned:0;";

/// `of: name declaration, …` at the place of `|`.
fn at_cursor(script: &str) -> Option<String> {
    let kernel =
        FixtureKernel::new("6.18.0", 2).with_types(TYPES).with_tracepoint("syscalls", "sys_enter_openat", OPENAT);
    let offset = script.find('|').unwrap();
    let file = SourceFile::new("test", script.replacen('|', "", 1));
    let found = members(&file, offset, &kernel, &CompileOptions::default())?;
    let list: Vec<_> = found.members.iter().map(|it| format!("{} ({})", it.name, it.declaration)).collect();
    Some(format!("{}: {}", found.of, list.join(", ")))
}

#[test]
fn arguments_of_a_tracepoint_have_their_c_types() {
    let wanted = "tracepoint:syscalls:sys_enter_openat: dfd (int dfd), filename (const char * filename)";
    for script in [
        "tracepoint:syscalls:sys_enter_openat { printf(\"%s\", str(args.|)); }",
        "tracepoint:syscalls:sys_enter_openat { printf(\"%s\", str(args.fil|ename)); }",
        "tracepoint:syscalls:sys_enter_openat { $x = args.|",
        "tracepoint:syscalls:sys_enter_openat { if (args.d| } begin { @x = 1; }",
        "tracepoint:syscalls:sys_enter_openat /args.|",
        "tracepoint:syscalls:sys_enter_openat { args.|\n  @x = count();\n}",
    ] {
        assert_eq!(at_cursor(script).as_deref(), Some(wanted), "{script}");
    }
}

#[test]
fn fields_follow_pointers_and_variables() {
    let qstr = "struct qstr: len (unsigned int len), name (char *name)";
    assert_eq!(at_cursor("begin { $f = (struct file *)1; $f->dentry->d_name.| }").as_deref(), Some(qstr));
    assert_eq!(
        at_cursor("begin { print(curtask.re|al_parent) }").as_deref(),
        Some("struct task_struct: prio (int prio), real_parent (struct task_struct *real_parent)")
    );
}

#[test]
fn parts_of_tuples_are_numbered() {
    assert_eq!(
        at_cursor("begin { $t = (1, \"a\"); print($t.|) }").as_deref(),
        Some("(int8,string[2]): 0 (int8), 1 (string[2])")
    );
}

#[test]
fn variables_are_those_that_are_visible() {
    let script = "begin { $a = 1; if ($a) { $inner = 2; print($inner) } $name = comm; print($|) }";
    assert_eq!(at_cursor(script).as_deref(), Some(": $a (int8), $name (string[16])"));
}

#[test]
fn nothing_is_offered_where_nothing_is_known() {
    for script in
        ["begin { printf(\"args.|", "begin { pid| }", "begin { nothing.| }", "begin { 1.|", "|", "begin { // args.|"]
    {
        assert_eq!(at_cursor(script), None, "{script}");
    }
}
