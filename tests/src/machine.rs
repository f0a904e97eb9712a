//! A known machine for tests without one: facts captured from a Linux 6.18 in `tests/kernels`.

use std::path::{Path, PathBuf};

use tracedeck_compiler::kernel::fixture::FixtureKernel;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels/6.18")
}

/// Linux 6.18 with four processors, some tracepoints, a few structs, and two binaries.
pub fn linux_6_18() -> FixtureKernel {
    let types = std::fs::read_to_string(directory().join("types.h")).expect("captured types");
    let mut kernel = FixtureKernel::new("6.18.0", 4)
        .with_types(&types)
        .with_raw_tracepoint(
            "sched_switch",
            Some("bool preempt; struct task_struct *prev; struct task_struct *next; unsigned int prev_state;"),
        )
        .with_raw_tracepoint("sys_enter", Some("void *regs; long id;"))
        .with_kernel_symbol("do_nanosleep", 0xffff_ffff_8100_0000)
        .with_binary("/bin/bash", &[("main", 0x2000, 64), ("readline", 0x1000, 64), ("readline_internal", 0x1100, 32)])
        .with_binary("/lib/libc.so.6", &[("free", 0x3100, 32), ("malloc", 0x3000, 96)])
        .with_cgroup("/sys/fs/cgroup/system.slice", 42);
    let mut formats: Vec<_> = std::fs::read_dir(directory().join("formats"))
        .expect("captured formats")
        .map(|entry| entry.expect("a captured format").path())
        .collect();
    formats.sort();
    for path in formats {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let (category, event) = name.split_once(':').expect("CATEGORY:EVENT.txt");
        let text = std::fs::read_to_string(&path).expect("a captured format");
        kernel = kernel.with_tracepoint(category, event, &text);
    }
    kernel
}
