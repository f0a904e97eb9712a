//! What many kernels lack, on those that have it: `cargo xtask test --tier vm` runs this program in an emulated machine
//! with one kernel after the other. Numbers are compared with what the traced program itself did.
//!
//! A run of the tracer takes seconds there, so tests make several claims of one run.

#[path = "vm/classic.rs"]
mod classic;
#[path = "kernel/filters.rs"]
mod filters;
#[path = "vm/functions.rs"]
mod functions;
#[path = "kernel/kinds.rs"]
mod kinds;
#[path = "vm/kprobes.rs"]
mod kprobes;
#[path = "vm/modules.rs"]
mod modules;
#[path = "vm/one_liners.rs"]
mod one_liners;
#[path = "kernel/targets.rs"]
mod targets;
#[path = "kernel/threads.rs"]
mod threads;
#[path = "vm/trampolines.rs"]
mod trampolines;
#[path = "kernel/uprobes.rs"]
mod uprobes;
#[path = "kernel/usdt.rs"]
mod usdt;

/// Run before the machine is booted.
#[test]
fn the_program_to_trace_is_compiled() {
    assert!(tracedeck_tests::target::target().exists());
}
