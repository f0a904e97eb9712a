//! tracefs, where the kernel lists its tracepoints. Distributions mount it; containers and small systems may not.

use std::path::Path;

use crate::shell;

const MOUNT: &str = "/sys/kernel/tracing";

/// Mounts tracefs if nothing shows its events. Failure is a warning: only tracepoints need it.
pub fn mount() {
    if ["/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"].iter().any(|path| Path::new(path).is_dir()) {
        return;
    }
    if !shell::is_root() {
        // Directories of tracefs are readable to root alone: nothing can be said from here.
        return;
    }
    shell::step(&format!("mount -t tracefs nodev {MOUNT}"));
    if let Err(error) = shell::run(&mut shell::command("mount", &["-t", "tracefs", "nodev", MOUNT])) {
        eprintln!("    {error}: tracepoints cannot be listed");
    }
}
