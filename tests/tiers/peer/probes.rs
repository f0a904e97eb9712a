//! Probes of a program of our own: system calls, functions, returns.

use super::harness::{peers, script};

peers! {
    system_calls_are_counted: script("tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }").child("getppid 50");
    system_calls_by_name_of_the_process: script("tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @[comm] = count(); }").child("getppid 20");
    arguments_of_a_system_call: script("tracepoint:syscalls:sys_enter_write /pid == cpid/ { @[args->count] = count(); }").child("write 12 300");
    results_of_a_system_call: script("tracepoint:syscalls:sys_exit_write /pid == cpid/ { @ = sum(args->ret); @sizes = hist(args->ret); }").child("write 10 100");
    sizes_of_reads: script("tracepoint:syscalls:sys_enter_read /pid == cpid && args->count < 300/ { @ = lhist(args->count, 0, 300, 50); }").child("read 10 60 70 110 299");
    both_ends_of_a_call: script("tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { @open[tid] = 1; } tracepoint:syscalls:sys_exit_getppid /@open[tid]/ { @pairs = count(); delete(@open[tid]); }").child("getppid 30");
    two_attach_points_of_one_probe: script("tracepoint:syscalls:sys_enter_getppid, tracepoint:syscalls:sys_exit_getppid /pid == cpid/ { @ = count(); }").child("getppid 25");
    names_of_attach_points: script("tracepoint:syscalls:sys_enter_getppid, tracepoint:syscalls:sys_exit_getppid /pid == cpid/ { @[probe] = count(); }").child("getppid 5").any_order();
    a_short_name_of_the_provider: script("t:syscalls:sys_enter_getppid /pid == cpid/ { @ = count(); }").child("getppid 8");
    raw_system_calls: script("tracepoint:raw_syscalls:sys_enter /pid == cpid && args->id == 110/ { @ = count(); }").child("getppid 9");
    system_calls_by_wildcard: script("tracepoint:syscalls:sys_*_getppid /pid == cpid/ { @ = count(); }").child("getppid 7");
    calls_of_a_function: script("uprobe:TARGET:counted_function { @ = count(); }").child("call 40");
    arguments_of_a_function: script(r#"uprobe:TARGET:counted_function { printf("%d %s\n", arg0, str(arg1)); }"#).child("call 5");
    results_of_a_function: script("uretprobe:TARGET:counted_function { @ = sum(retval); @last = max(retval); }").child("call 10");
    a_predicate_of_an_argument: script("uprobe:TARGET:counted_function /arg0 % 3 == 0/ { @[arg0] = arg0; }").child("call 10");
    text_of_an_argument_as_a_key: script("uprobe:TARGET:counted_function { @[str(arg1)] = sum(arg0 + 1); }").child("call 6");
    from_entry_to_return: script("uprobe:TARGET:counted_function { @arg[tid] = arg0; } uretprobe:TARGET:counted_function { @[@arg[tid] * 2 == retval ? \"doubled\" : \"wrong\"] = count(); delete(@arg[tid]); }").child("call 15");
    functions_by_wildcard: script("uprobe:TARGET:spin_o* { @[probe] = count(); }").child("spin 1");
    a_short_name_of_user_probes: script("u:TARGET:counted_function { @ = count(); } ur:TARGET:counted_function { @r = count(); }").child("call 4");
    three_conditions_in_each_other: script("uprobe:TARGET:counted_function { if (arg0 > 2) { if (arg0 < 8) { if (arg0 != 5) { @[arg0] = sum(arg0); } } } }").child("call 10");
    histograms_of_arguments: script("uprobe:TARGET:counted_function { @h = hist(arg0); @l = lhist(arg0, 0, 100, 20); }").child("call 100");
    keys_of_two_parts: script("uprobe:TARGET:counted_function { @[arg0 % 2, arg0 % 3] = sum(arg0 * 100 + 1); }").child("call 12");
    the_address_of_the_function: script(r#"uprobe:TARGET:counted_function /arg0 == 0/ { printf("%s\n", usym(reg("ip"))); }"#).child("call 1 500");
    the_function_by_name: script(r#"uprobe:TARGET:counted_function { printf("%s\n", func); }"#).child("call 1 500");
    the_main_function: script(r#"uprobe:TARGET:main { printf("%d\n", arg0); }"#).child("getppid 1 more");
    what_a_child_starts: script(r#"tracepoint:sched:sched_process_fork /pid == cpid/ { @ = count(); }"#).child("short /bin/true /bin/true");
    exit_from_a_probe: script(r#"uprobe:TARGET:counted_function /arg0 == 3/ { printf("%d\n", arg0); exit(); }"#).child("call 4");
    a_process_that_runs_already: script(r#"uprobe:TARGET:spin_inner /!@done/ { @done = 1; printf("%s\n", comm); exit(); }"#).process("spin 60000");
    the_first_arguments_of_a_run: script("tracepoint:syscalls:sys_enter_execve /pid == cpid/ { join(args->argv); }").child("getppid 1");
    another_separator: script("tracepoint:syscalls:sys_enter_execve /pid == cpid/ { join(args->argv, \",\"); }").child("getppid 1");
}
