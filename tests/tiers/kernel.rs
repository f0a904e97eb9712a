//! Real scripts on the running kernel, against processes that the tests start: numbers are compared with what the
//! traced program itself did.

#[path = "kernel/accepted.rs"]
mod accepted;
#[path = "kernel/bad_input.rs"]
mod bad_input;
#[path = "kernel/cache.rs"]
mod cache;
#[path = "kernel/end.rs"]
mod end;
#[path = "kernel/engine.rs"]
mod engine;
#[path = "kernel/filters.rs"]
mod filters;
#[path = "kernel/functions.rs"]
mod functions;
#[path = "kernel/generated.rs"]
mod generated;
#[path = "kernel/iterators.rs"]
mod iterators;
#[path = "kernel/kinds.rs"]
mod kinds;
#[path = "kernel/language.rs"]
mod language;
#[path = "kernel/numbers.rs"]
mod numbers;
#[path = "kernel/output.rs"]
mod output;
#[path = "kernel/places.rs"]
mod places;
#[path = "kernel/question.rs"]
mod question;
#[path = "kernel/short_lived.rs"]
mod short_lived;
#[path = "kernel/signals.rs"]
mod signals;
#[path = "kernel/source_names.rs"]
mod source_names;
#[path = "kernel/stacks.rs"]
mod stacks;
#[path = "kernel/suite.rs"]
mod suite;
#[path = "kernel/syscalls.rs"]
mod syscalls;
#[path = "kernel/targets.rs"]
mod targets;
#[path = "kernel/threads.rs"]
mod threads;
#[path = "kernel/tools.rs"]
mod tools;
#[path = "kernel/trials.rs"]
mod trials;
#[path = "kernel/types.rs"]
mod types;
#[path = "kernel/uprobes.rs"]
mod uprobes;
#[path = "kernel/usdt.rs"]
mod usdt;
#[path = "kernel/values.rs"]
mod values;
#[path = "kernel/viewers.rs"]
mod viewers;
#[path = "kernel/watchpoints.rs"]
mod watchpoints;
