//! The PID namespace that this process runs in: numbers of processes mean something else in each.

use std::os::unix::fs::MetadataExt as _;

/// The inode of the initial PID namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h).
const INITIAL: u64 = 0xefff_fffc;

/// Device and inode of the namespace; None where it is the initial one.
pub fn of_this_process() -> Option<(u64, u64)> {
    let namespace = std::fs::metadata("/proc/self/ns/pid").ok()?;
    (namespace.ino() != INITIAL).then(|| (kernel_device(namespace.dev()), namespace.ino()))
}

/// A device number as the kernel's own code has it (12 bits for the major number, 20 for the minor), which is what
/// `bpf_get_ns_current_pid_tgid` compares: `stat` encodes it differently.
fn kernel_device(device: u64) -> u64 {
    u64::from(libc::major(device)) << 20 | u64::from(libc::minor(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_encoded_as_the_kernel_does() {
        assert_eq!(kernel_device(libc::makedev(0, 4)), 4);
        assert_eq!(kernel_device(libc::makedev(8, 300)), 8 << 20 | 300);
    }

    #[test]
    fn the_initial_namespace_is_none_to_speak_of() {
        let inode = std::fs::metadata("/proc/self/ns/pid").expect("proc is mounted").ino();
        assert_eq!(of_this_process().map(|(_, inode)| inode), (inode != INITIAL).then_some(inode));
    }
}
