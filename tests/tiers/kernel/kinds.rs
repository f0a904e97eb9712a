//! What each probe type must do, for those whose other tests do not show it: patterns, conditions, values, stacks.

use tracedeck_tests::binary::{Run, run, trace};
use tracedeck_tests::require_tracing;

/// The keys of a map.
fn keys(run: &Run, map: &str) -> Vec<String> {
    run.map(map).as_object().unwrap_or_else(|| panic!("{map}: {}", run.stdout)).keys().cloned().collect()
}

#[test]
fn raw_tracepoints_count_calls_with_their_numbers_and_stacks() {
    require_tracing!();
    // getppid has the number 110.
    let run = trace(
        r#"rawtracepoint:sys_enter /args.id == 110 && comm == "td_target"/ {
               @n = count(); @ids = sum(arg1); @kernel[kstack] = count(); @user[ustack] = count();
           }
           rawtracepoint:sys_enter /args.id == 110 && comm == "another"/ { @none = count(); }"#,
        "getppid 25",
    );
    assert_eq!((run.map("@n"), run.map("@ids")), (25.into(), (25 * 110).into()));
    assert!(!run.stdout.contains("@none"), "{}", run.stdout);
    assert!(keys(&run, "@kernel").iter().all(|stack| stack.contains("do_syscall_64")), "{}", run.stdout);
    assert!(keys(&run, "@user").iter().all(|stack| stack.contains("syscall+")), "{}", run.stdout);
}

#[test]
fn a_stack_is_the_same_beside_another_and_alone() {
    require_tracing!();
    // The walk begins in the program, which is one function for one stack and two for two.
    let stack_of = |body: &str| {
        let script = format!(r#"rawtracepoint:sys_enter /args.id == 110 && comm == "td_target"/ {{ {body} }}"#);
        let run = trace(&script, "getppid 3");
        let found = keys(&run, "@");
        assert_eq!(found.len(), 1, "{}", run.stdout);
        // Programs have names of their own.
        found[0].lines().filter(|line| !line.contains("bpf_prog_")).map(str::to_owned).collect::<Vec<_>>()
    };
    let alone = stack_of("@[kstack(5)] = count();");
    assert_eq!(stack_of("@[kstack(5)] = count(); @user[ustack(5)] = count();"), alone);
    assert!(alone.len() > 2, "{alone:?}");
}

#[test]
fn raw_tracepoints_are_matched_by_a_pattern() {
    require_tracing!();
    let run = trace(r#"rawtracepoint:sched_process_e* /comm == "td_target"/ { @[probe] = count(); }"#, "getppid 1");
    let (counts, name) = (run.map("@"), |event: &str| format!("rawtracepoint:sched_process_{event}"));
    assert_eq!((&counts[name("exec")], &counts[name("exit")]), (&1.into(), &1.into()), "{counts}");
    assert_eq!(keys(&run, "@").len(), 2, "{counts}");
}

#[test]
fn registers_of_a_sample_are_where_the_program_was() {
    require_tracing!();
    let run = trace(
        r#"profile:hz:499 /comm == "td_target" && usermode/ { @at[usym(reg("ip")), ustack(perf, 1)] = count(); }"#,
        "spin 300",
    );
    let places = keys(&run, "@at");
    for place in &places {
        let (name, stack) = place.split_once(',').expect("two parts");
        assert!(stack.contains(name), "{place}");
    }
    assert!(places.iter().any(|place| place.starts_with("spin_inner,")), "{places:?}");
}

#[test]
fn page_faults_have_stacks_and_registers() {
    require_tracing!();
    let run = trace(
        r#"software:page-faults:1 /comm == "td_target"/ {
               @n = count(); @stack[ustack] = count(); @at[usym(reg("ip"))] = count();
           }
           software:page-faults:1 /comm == "another"/ { @none = count(); }"#,
        "faults 2000",
    );
    // The program's own, and the few that starting it takes.
    assert!(run.map("@n").as_u64().is_some_and(|faults| (2000..3000).contains(&faults)), "{}", run.stdout);
    assert!(!run.stdout.contains("@none"), "{}", run.stdout);
    let stacks = run.map("@stack");
    let most = stacks.as_object().expect("stacks").iter().max_by_key(|(_, count)| count.as_u64()).expect("a stack");
    assert!(most.0.contains("main") && most.1.as_u64().is_some_and(|count| count >= 1999), "{most:?}");
    let at = run.map("@at");
    assert!(at.as_object().expect("places").values().any(|count| count.as_u64() >= Some(1999)), "{at}");
}

#[test]
fn conditions_of_probes_that_run_by_themselves_are_tested() {
    require_tracing!();
    let script = r#"
        begin /$1 == 7/ { printf("seven"); }
        begin /$1 == 8/ { printf("eight"); }
        interval:ms:5 /@n < 4/ { @n++; }
        interval:ms:5 /@n == 4/ { @n++; printf("four"); exit(); }
        end /@n == 5/ { printf("end"); }
        end /@n != 5/ { printf("never"); }"#;
    let told = run(&["-f", "json", "-e", script, "7"]).expect_code(0);
    assert_eq!(told.printed(), ["seven", "four", "end"]);

    let tests = "test:taken /1/ { printf(\"taken\"); } test:left /0/ { printf(\"left\"); }";
    let tested = run(&["--test", "-e", tests]);
    assert!(tested.stdout.contains("taken") && !tested.stdout.contains("\nleft"), "{}", tested.stdout);
}
