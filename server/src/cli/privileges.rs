//! Whether this process may trace, told before the kernel says no to something less obvious.

/// Bits of `CapEff` in `/proc/self/status` (linux/capability.h).
const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_PERFMON: u64 = 1 << 38;
const CAP_BPF: u64 = 1 << 39;

/// The modes of lockdown, the one in force in brackets.
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// None when this process may load and attach programs; otherwise what to do about it.
pub fn missing() -> Option<String> {
    if let Some(reason) = std::fs::read_to_string(LOCKDOWN).ok().and_then(|modes| locked_down(&modes)) {
        return Some(reason);
    }
    missing_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Under this mode no program may read the kernel's memory, whoever asks.
fn locked_down(modes: &str) -> Option<String> {
    modes.contains("[confidentiality]").then(|| {
        "this kernel is locked down (mode confidentiality), so nobody may trace it. The mode is set at boot, by \
         lockdown=confidentiality or by Secure Boot"
            .to_owned()
    })
}

fn missing_in(status: &str) -> Option<String> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let capabilities = u64::from_str_radix(line.trim(), 16).ok()?;
    let has = |wanted: u64| capabilities & wanted == wanted;
    if has(CAP_SYS_ADMIN) || has(CAP_BPF | CAP_PERFMON) {
        return None;
    }
    Some(
        "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON (and CAP_DAC_READ_SEARCH to read the list of \
         tracepoints). Run it with sudo; `tracedeck check` looks for mistakes in a script without any privilege"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_is_locked_down_for_confidentiality_is_named_as_such() {
        assert!(locked_down("none integrity [confidentiality]\n").expect("a sentence").contains("lockdown"));
        assert_eq!(locked_down("none [integrity] confidentiality\n"), None);
        assert_eq!(locked_down("[none] integrity confidentiality\n"), None);
    }

    #[test]
    fn either_all_power_or_the_two_capabilities_will_do() {
        let with = |capabilities: u64| missing_in(&format!("Name:\tx\nCapEff:\t{capabilities:016x}\n"));
        assert_eq!(with(CAP_SYS_ADMIN), None);
        assert_eq!(with(CAP_BPF | CAP_PERFMON), None);
        assert!(with(CAP_BPF).is_some());
        assert!(with(0).expect("a sentence").contains("sudo"));
        assert_eq!(missing_in("Name: x\n"), None, "a kernel that does not say is asked by trying");
    }
}
