//! Functions that few kernels allow: the kernel tier leaves them to the vm tier.

/// Names, and what keeps them from the kernels that tests run on by themselves.
pub const ONLY_IN_A_GUEST: &[(&str, &str)] = &[
    ("override", "needs kprobes and CONFIG_BPF_KPROBE_OVERRIDE"),
    ("percpu_kaddr", "needs variables in kallsyms (CONFIG_KALLSYMS_ALL)"),
    ("write_user", "needs a kernel that is not locked down"),
];

/// Whether the function is left to the vm tier.
pub fn only_in_a_guest(name: &str) -> bool {
    ONLY_IN_A_GUEST.iter().any(|(known, _)| *known == name)
}
