//! fentry and fexit: typed arguments, typed results, wildcards, and what is said of functions that have no place for it.

use tracedeck::host::LiveKernel;
use tracedeck_compiler::kernel::{Feature, Kernel};
use tracedeck_tests::binary::{programs_of, run, trace, traced};
use tracedeck_tests::skip::skip;
use tracedeck_tests::{require_tracing, target};

macro_rules! require_trampolines {
    () => {
        require_tracing!();
        if !LiveKernel::shared().has(Feature::Trampolines) {
            return skip(module_path!(), "this kernel does not allow trampolines");
        }
    };
}

#[test]
fn arguments_and_results_have_their_types() {
    require_trampolines!();
    let run = trace(
        r#"fentry:vfs_write /comm == "td_target"/ {
               @n = count(); @bytes = sum(args.count); @func[func] = count(); @stack[kstack(6)] = count();
               @name[str(args.file->f_path.dentry->d_name.name)] = count();
           }
           kretfunc:vfs_write /comm == "td_target"/ {
               @r = sum(retval); @same = args.count == (uint64)retval; @after[kstack(6)] = count();
           }
           fexit:vfs_read /comm == "td_target" && args.file->f_path.dentry->d_name.len == 4/ {
               @read[str(args.file->f_path.dentry->d_name.name), retval] = count();
           }
           fexit:__x64_sys_close /comm == "td_target"/ { @bad = min(retval); return 5; }"#,
        "write 10 64",
    );
    assert_eq!((run.map("@n"), run.map("@bytes"), run.map("@r")), (10.into(), 640.into(), 640.into()));
    assert_eq!((run.map("@name")["null"].clone(), run.map("@same")), (10.into(), true.into()));
    assert_eq!(run.map("@func")["vfs_write"], 10, "{}", run.stdout);
    for map in ["@stack", "@after"] {
        let stacks = run.map(map);
        let stacks: Vec<&String> = stacks.as_object().expect("stacks").keys().collect();
        assert!(stacks.len() == 1 && stacks[0].contains("ksys_write"), "{map}: {stacks:?}");
    }
}

#[test]
fn what_was_read_is_counted_by_the_name_of_the_file() {
    require_trampolines!();
    let run = trace(
        r#"fexit:vfs_read /comm == "td_target"/ {
               @[str(args.file->f_path.dentry->d_name.name), retval] = count(); @sizes[args.count] = count();
           }"#,
        "read 100 200 100",
    );
    assert_eq!((run.map("@")["zero,100"].clone(), run.map("@")["zero,200"].clone()), (2.into(), 1.into()));
    assert_eq!(run.map("@sizes")["200"], 1);
}

#[test]
fn a_wildcard_attaches_a_program_to_each_function() {
    require_trampolines!();
    let run = trace(r#"fentry:vfs_wri*, fexit:vfs_wri* /comm == "td_target"/ { @[probe] = count(); }"#, "write 5 16");
    let counts = run.map("@");
    assert_eq!((counts["fentry:vfs_write"].clone(), counts["fexit:vfs_write"].clone()), (5.into(), 5.into()));
}

#[test]
fn probes_at_one_function_run_in_the_order_of_the_script() {
    require_trampolines!();
    let run = trace(
        r#"fentry:vfs_write /comm == "td_target"/ { printf("1"); }
           fentry:vfs_write /comm == "td_target"/ { printf("2"); }
           fexit:vfs_write /comm == "td_target"/ { printf("3"); }"#,
        "write 2 8",
    );
    assert_eq!(run.printed().concat(), "123123");
}

#[test]
fn a_function_without_a_place_for_it_is_refused_with_a_sentence() {
    require_trampolines!();
    let script = "fentry:exc_int3 { @ = count(); }";
    let run = run(&["-c", &target::command("getppid 1"), "-e", script]);
    assert_ne!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stderr.contains("exc_int3"), "{}", run.stderr);
}

#[test]
fn a_running_program_is_traced_by_name_and_by_number() {
    require_trampolines!();
    let counting =
        traced(&["-f", "json"], r#"t:syscalls:sys_enter_getppid /comm == "td_target"/ { @n++; }"#, |tracer| {
            let listed = run(&["-l", "fentry:bpf:*"]).expect_code(0).stdout;
            let own = programs_of(tracer.id());
            let of_tracer = |line: &&str| {
                let id = line.split(':').nth(2).and_then(|id| id.parse().ok());
                id.is_some_and(|id| own.contains(&id))
            };
            let lines: Vec<&str> = listed.lines().filter(of_tracer).collect();
            let [line] = lines[..] else { panic!("{own:?} among\n{listed}") };
            let name = line.rsplit(':').next().expect("a name");
            let script = format!(
                r#"{line} /comm == "td_target"/ {{ @in = count(); @who[probe] = count(); }}
               fexit:bpf:{name} /comm == "td_target"/ {{ @out[retval] = count(); @stack[kstack(3)] = count(); }}"#
            );
            let run = trace(&script, "getppid 7");
            assert_eq!(
                (run.map("@in"), &run.map("@who")[line], &run.map("@out")["1"]),
                (7.into(), &7.into(), &7.into())
            );
            assert!(run.stdout.contains("bpf_prog_"), "{}", run.stdout);
        });
    assert_eq!(counting.map("@n"), 7, "{}", counting.stderr);
}

#[test]
fn a_program_that_is_not_there_is_refused_with_what_is() {
    require_trampolines!();
    let refused = run(&["-e", "fentry:bpf:4000000000:main { @ = count(); }"]).expect_code(1);
    assert!(
        refused.stderr.contains("BPF program 4000000000 has no function that is called 'main'"),
        "{}",
        refused.stderr
    );
}
