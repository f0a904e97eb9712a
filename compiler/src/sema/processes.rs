//! Which processes run the body of a probe: what `-p`, `--follow` and `--cgroup` mean for each kind.

use crate::hir::ProcessTest;
use crate::manifest::AttachSpec;
use crate::options::CompileOptions;

use super::attach::Group;

/// Categories of tracepoints that are about the current process. Others fire in whatever process runs: an interrupt
/// that completes a request, the task that is switched away from.
const OF_CURRENT: [&str; 3] = ["syscalls", "raw_syscalls", "exceptions"];

/// What a program tests before its body, beside what the kernel does by itself.
pub fn process_test(group: &Group, options: &CompileOptions) -> ProcessTest {
    let filter = &options.processes;
    match group.kind() {
        // These belong to no process; an iterator visits the objects of the one that it is told.
        "begin" | "end" | "interval" | "self" | "test" | "bench" | "iter" => ProcessTest::default(),
        // The kernel attaches these to the processes, and to what they start.
        "software" | "hardware" | "watchpoint" => ProcessTest {
            cgroup: filter.cgroup.is_some(),
            not_own: filter.without_own && group.kind() != "watchpoint",
            ..ProcessTest::default()
        },
        _ => ProcessTest {
            pids: if filter.follow { Vec::new() } else { filter.pids.clone() },
            followed: filter.follow,
            cgroup: filter.cgroup.is_some(),
            not_own: filter.without_own && is_about_current(group),
        },
    }
}

/// Whether leaving out the tracer's own processes leaves out nothing but what they do.
fn is_about_current(group: &Group) -> bool {
    group.members.iter().all(|member| match &member.expanded.spec {
        AttachSpec::Tracepoint { category, .. } => OF_CURRENT.contains(&category.as_str()),
        AttachSpec::Syscalls { .. } | AttachSpec::Profile { .. } | AttachSpec::Uprobe(_) => true,
        AttachSpec::RawTracepoint { name } => matches!(name.as_str(), "sys_enter" | "sys_exit"),
        _ => false,
    })
}
