//! Who runs: processes, users, the child of `-c`.

use super::harness::{peers, script};

peers! {
    the_child: script(r#"uprobe:TARGET:counted_function /arg0 == 0/ { printf("%d %d %s\n", pid == cpid, tid == pid, comm); }"#).child("call 1");
    users_and_groups: script(r#"uprobe:TARGET:counted_function { printf("%d %d %s\n", uid, gid, username); }"#).child("call 1");
    processors: script(r#"uprobe:TARGET:counted_function { printf("%d\n", cpu < 4096); }"#).child("call 1");
    random_numbers: r#"BEGIN { $r = rand; printf("%d\n", $r >= 0); exit(); }"#;
    the_current_task: r#"BEGIN { printf("%d\n", curtask != 0); exit(); }"#;
    control_groups: r#"BEGIN { printf("%d\n", cgroup >= 0); exit(); }"#;
    a_child_that_fails: script("BEGIN { @ = 1; }").child("no-such-mode");
    a_child_and_an_end: script(r#"uprobe:TARGET:counted_function { @ = count(); } END { printf("over\n"); }"#).child("call 3");
    a_child_that_does_nothing: script("uprobe:TARGET:counted_function { @[arg0] = count(); }").child("getppid 1");
    files_are_shown: r#"BEGIN { cat("/proc/sys/kernel/ostype"); exit(); }"#;
    files_by_a_name_that_is_computed: r#"BEGIN { cat("/proc/sys/kernel/%s", "ostype"); exit(); }"#;
    commands: script(r#"BEGIN { system("echo from a shell %d", 5); exit(); }"#).options(&["--unsafe"]);
    symbols_of_the_kernel: r#"BEGIN { printf("%s\n", ksym(kaddr("vfs_read"))); exit(); }"#;
    quiet: script("BEGIN { @ = 1; exit(); }").options(&["-q"]);
    names_of_hostile_processes_are_counted: script("tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }").child("hostile");
}
