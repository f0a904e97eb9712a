//! Skips are printed with a reason, past the capture of the test runner, so that `cargo xtask test` counts them.

use std::io::Write;

/// Prints `skipped: NAME: REASON`.
pub fn skip(name: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {name}: {reason}");
}

/// Why programs cannot be attached here, if they cannot.
pub fn no_tracing() -> Option<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    if uid.split_whitespace().nth(1) != Some("0") {
        return Some("needs root");
    }
    if !std::path::Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Some("the kernel has no BTF");
    }
    None
}

/// Held by a test that traces: one at a time, because a probe sees the programs of every test that runs beside it.
pub fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    // A test that failed leaves the lock poisoned; nothing lies behind it.
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Leaves the calling test, saying why, where programs cannot be attached; else takes its turn until the test ends.
#[macro_export]
macro_rules! require_tracing {
    () => {
        let _turn = $crate::skip::turn();
        if let Some(reason) = $crate::skip::no_tracing() {
            $crate::skip::skip(module_path!(), reason);
            return;
        }
    };
}
