//! The same script through `bpftrace` and through tracedeck: what both print, text and JSON, and how they end must be
//! the same.
//!
//! Only scripts whose output does not depend on the machine and did not change between versions of bpftrace. They run
//! beside each other: each counts what its own child does, nothing else.

#[path = "peer/harness.rs"]
mod harness;

#[path = "peer/aggregations.rs"]
mod aggregations;
#[path = "peer/child.rs"]
mod child;
#[path = "peer/control.rs"]
mod control;
#[path = "peer/errors.rs"]
mod errors;
#[path = "peer/hist.rs"]
mod hist;
#[path = "peer/integers.rs"]
mod integers;
#[path = "peer/maps.rs"]
mod maps;
#[path = "peer/memory.rs"]
mod memory;
#[path = "peer/parameters.rs"]
mod parameters;
#[path = "peer/printf.rs"]
mod printf;
#[path = "peer/probes.rs"]
mod probes;
#[path = "peer/stacks.rs"]
mod stacks;
#[path = "peer/strings.rs"]
mod strings;
#[path = "peer/time.rs"]
mod time;
#[path = "peer/tuples.rs"]
mod tuples;

/// Each of them as text and as JSON.
#[test]
fn there_are_as_many_scripts_as_are_promised() {
    let of_all = [
        aggregations::NAMES,
        child::NAMES,
        control::NAMES,
        errors::NAMES,
        hist::NAMES,
        integers::NAMES,
        maps::NAMES,
        memory::NAMES,
        parameters::NAMES,
        printf::NAMES,
        probes::NAMES,
        stacks::NAMES,
        strings::NAMES,
        time::NAMES,
        tuples::NAMES,
    ];
    let mut names = of_all.concat();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 300, "only {} scripts are compared", names.len());
}
