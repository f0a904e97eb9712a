//! What the running kernel can do, told from its release and from `/proc` and `/sys` alone.
//!
//! The server process never calls `bpf()`, so nothing is tried out here: where a release says "yes" and the kernel was
//! built or locked down otherwise, a file or a function in BTF that comes with the facility decides.

use std::path::Path;

use tracedeck_compiler::kernel::{Feature, version};

use super::LiveKernel;
use super::btf::{Btf, Kind};

/// One facility for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureReport {
    pub feature: Feature,
    pub name: &'static str,
    pub available: bool,
    /// The release that brought it.
    pub since: &'static str,
    /// What else it depends on.
    pub needs: &'static str,
}

/// Feature, name, release that brought it as numbers and as text, what else it needs.
type Row = (Feature, &'static str, (u32, u32), &'static str, &'static str);

/// All features in the order in which reports show them.
const TABLE: [Row; 16] = [
    (Feature::Btf, "kernel type information", (4, 18), "4.18", "CONFIG_DEBUG_INFO_BTF"),
    (Feature::InstructionsV4, "BPF instruction set v4", (6, 6), "6.6", ""),
    (Feature::Loop, "bpf_loop", (5, 17), "5.17", ""),
    (Feature::ForEachMapElement, "bpf_for_each_map_elem", (5, 13), "5.13", ""),
    (Feature::LookupPerCpuElement, "bpf_map_lookup_percpu_elem", (5, 19), "5.19", ""),
    (Feature::UprobeMulti, "one link for many uprobes", (6, 6), "6.6", "CONFIG_UPROBES"),
    (Feature::Kprobes, "kprobes", (4, 17), "4.17", "CONFIG_KPROBE_EVENTS"),
    (Feature::KprobeMulti, "one link for many kprobes", (5, 18), "5.18", "CONFIG_FPROBE"),
    (Feature::KprobeSession, "one program at both ends of functions", (6, 10), "6.10", "CONFIG_FPROBE"),
    (Feature::Trampolines, "fentry and fexit", (5, 5), "5.5", "function tracing that is not locked down"),
    (Feature::SendSignal, "bpf_send_signal_thread", (5, 5), "5.5", ""),
    (Feature::Jiffies, "bpf_jiffies64", (5, 5), "5.5", ""),
    (Feature::TaiClock, "bpf_ktime_get_tai_ns", (6, 1), "6.1", ""),
    (Feature::UprobeFunctionAddress, "bpf_get_func_ip in uprobes", (6, 6), "6.6", ""),
    (Feature::OverrideReturn, "bpf_override_return", (4, 16), "4.16", "CONFIG_BPF_KPROBE_OVERRIDE"),
    (Feature::HardwareEvents, "hardware counters", (4, 9), "4.9", "a performance monitoring unit"),
];

pub fn report(kernel: &LiveKernel) -> Vec<FeatureReport> {
    TABLE
        .iter()
        .map(|(feature, name, _, since, needs)| FeatureReport {
            feature: *feature,
            name,
            available: probe(kernel, *feature),
            since,
            needs,
        })
        .collect()
}

/// Whether a feature is there. [`LiveKernel`] remembers the answers.
pub fn probe(kernel: &LiveKernel, feature: Feature) -> bool {
    let since = TABLE.iter().find(|row| row.0 == feature).map_or((u32::MAX, 0), |row| row.2);
    if version(kernel.release_text()) < since {
        return false;
    }
    let pmu = |name: &str| Path::new("/sys/bus/event_source/devices").join(name).exists();
    // Functions that exist only when the facility is built in.
    let built_in = |function| kernel.btf().is_none_or(|btf| btf.id_of(Kind::Function, function).is_some());
    match feature {
        // To read it takes 10 ms, and many scripts need no more than this answer.
        Feature::Btf => Btf::path().exists(),
        Feature::InstructionsV4
        | Feature::Loop
        | Feature::ForEachMapElement
        | Feature::LookupPerCpuElement
        | Feature::SendSignal
        | Feature::Jiffies
        | Feature::TaiClock
        | Feature::UprobeFunctionAddress => true,
        Feature::OverrideReturn => built_in("bpf_override_return"),
        Feature::UprobeMulti => pmu("uprobe") && built_in("bpf_uprobe_multi_link_attach"),
        Feature::Kprobes => pmu("kprobe"),
        Feature::KprobeMulti => built_in("register_fprobe_ips"),
        Feature::KprobeSession => built_in("register_fprobe_ips") && built_in("bpf_session_is_return"),
        Feature::Trampolines => {
            kernel.btf().is_some() && built_in("register_ftrace_direct") && functions_can_be_traced(kernel)
        }
        Feature::HardwareEvents => ["cpu", "cpu_core", "armv8_pmuv3", "armv8_pmuv3_0"].into_iter().any(pmu),
    }
}

/// Trampolines and the list of traceable functions are refused together where function tracing is switched off or
/// locked down (observed on 6.18: opening the list gives EPERM to root).
fn functions_can_be_traced(kernel: &LiveKernel) -> bool {
    let Ok(tracefs) = kernel.tracefs() else { return true };
    match std::fs::File::open(tracefs.root().join("available_filter_functions")) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::PermissionDenied,
    }
}

/// Numbers of processors in a list such as `0-3,8`, as `/sys/devices/system/cpu/possible` has it.
pub fn cpu_list(text: &str) -> Vec<u32> {
    let mut cpus = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.trim().parse::<u32>(), last.trim().parse::<u32>())
            && last < 65_536
        {
            cpus.extend(first..=last);
        }
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_distributions_have_their_leading_numbers() {
        assert_eq!(version("6.18.44-fc-v669"), (6, 18));
        assert_eq!(version("5.15.0-1052-aws"), (5, 15));
        assert_eq!(version("nonsense"), (0, 0));
    }

    #[test]
    fn lists_of_processors_have_ranges_and_single_numbers() {
        assert_eq!(cpu_list("0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(cpu_list(""), Vec::<u32>::new());
        assert_eq!(cpu_list("3-1,x,0-999999999"), Vec::<u32>::new());
    }
}
