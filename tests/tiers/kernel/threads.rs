//! Threads that start after the probes were attached to their process, for events that belong to threads.

use object::{Object, ObjectSymbol};
use tracedeck_tests::binary::{Run, traced};
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;
use tracedeck_tests::target::{self, Waiting};

/// Traces a process that does its work once the probes are attached, by its number alone.
fn of_process(work: &str, script: &str) -> Run {
    let process = Waiting::new(work);
    let pid = process.pid();
    traced(&["-f", "json", "-p", &pid], script, |_| process.work())
}

#[test]
fn a_watchpoint_fires_in_threads_that_start_later() {
    require_tracing!();
    let bytes = std::fs::read(target::target()).expect("the target");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let watched = file.symbols().find(|it| it.name() == Ok("watched_value")).expect("the variable").address();
    let script = format!("watchpoint:{watched:#x}:8:w {{ @[tid == pid ? \"main\" : \"later\"] = count(); }}");
    let run = of_process("watch 25", &script);
    assert_eq!((&run.map("@")["main"], &run.map("@")["later"]), (&25.into(), &25.into()), "{}", run.stdout);
}

#[test]
fn software_events_are_counted_in_threads_that_start_later() {
    require_tracing!();
    let run = of_process("threadfaults 300", "software:page-faults:1 /tid != pid/ { @ = count(); }");
    // Its stack and what the library keeps for a thread are pages, too.
    let count = run.map("@").as_u64().expect("a number");
    assert!((300..330).contains(&count), "{count}");
}

#[test]
fn every_tenth_migration_fires() {
    require_tracing!();
    if std::thread::available_parallelism().is_ok_and(|count| count.get() < 2) {
        return skip("migrations", "there is only one processor");
    }
    let pid = std::process::id().to_string();
    let run = traced(
        &["-f", "json", "-p", &pid, "--include-self"],
        "software:cpu-migrations:10 { @[comm] = count(); }",
        |_| {
            let mover = std::thread::Builder::new().name("td_mover".to_owned()).spawn(|| {
                let on = |cpu: usize| {
                    let mut cpus = nix::sched::CpuSet::new();
                    cpus.set(cpu).expect("a processor");
                    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &cpus).expect("moving");
                };
                on(0);
                // From the first one on it moves each time.
                (1..=100).for_each(|time| on(time % 2));
            });
            mover.expect("a thread").join().expect("its end");
        },
    );
    let count = run.map("@")["td_mover"].as_u64().expect("a number");
    assert_eq!(count, 10, "{}", run.stdout);
}
