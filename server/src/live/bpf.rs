//! The `bpf()` and `perf_event_open()` calls that the engine makes, as safe functions over owned descriptors.
//!
//! aya-obj supplies the constants and structs ([`aya_obj::generated`]). The calls are made here because aya 0.14 has no
//! multi-uprobe links, no batch map reads and no maps whose sizes are known only at run time. Below this module there is
//! no unsafe code in the engine but the `pre_exec` hook of the `-c` child.
//!
//! | probe type                  | program type           | attached by                                  | since |
//! |-----------------------------|------------------------|----------------------------------------------|-------|
//! | begin, end                  | raw tracepoint         | `BPF_PROG_TEST_RUN` ([`program`])            | 5.10  |
//! | self, test                  | raw tracepoint         | the same                                     | 5.10  |
//! | bench                       | XDP                    | `BPF_PROG_TEST_RUN` with a repeat count      | 5.18  |
//! | interval, profile, software, hardware, watchpoint | perf event | `perf_event_open`, `BPF_LINK_CREATE` | 5.15  |
//! | iter                        | tracing                | `BPF_LINK_CREATE`, `BPF_ITER_CREATE`         | 5.8   |
//! | tracepoint                  | tracepoint             | `perf_event_open`, `BPF_LINK_CREATE`         | 5.15  |
//! | rawtracepoint               | raw tracepoint         | `BPF_RAW_TRACEPOINT_OPEN` by name            | 4.17  |
//! | rawtracepoint with BTF      | tracing                | `BPF_RAW_TRACEPOINT_OPEN`, `attach_btf_id`   | 5.5   |
//! | uprobe, uretprobe           | kprobe, multi          | `BPF_LINK_CREATE` with `BPF_TRACE_UPROBE_MULTI` | 6.6 |
//! | the same on older kernels   | kprobe                 | perf's `uprobe` PMU, `BPF_LINK_CREATE`       | 5.15  |
//! | kprobe, kretprobe           | kprobe                 | perf's `kprobe` PMU, `BPF_LINK_CREATE`       | 5.15  |
//! | the same by pattern         | kprobe, multi          | `BPF_LINK_CREATE` with `BPF_TRACE_KPROBE_MULTI` | 5.18 |
//! | both by the same pattern    | kprobe, session        | `BPF_LINK_CREATE` with `BPF_TRACE_KPROBE_SESSION` | 6.10 |
//! | fentry, fexit               | tracing                | `BPF_RAW_TRACEPOINT_OPEN`, `attach_btf_id`   | 5.5   |
//!
//! Detaching a link of the perf kind takes 70 to 120 ms (the kernel waits for RCU grace periods); a multi link takes
//! that once for all its places.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use aya_obj::generated::{bpf_attr, bpf_cmd};

pub mod inspect;
pub mod link;
pub mod map;
pub mod memory;
pub mod perf;
pub mod perf_buffer;
pub mod probe;
pub mod program;
pub mod ring;
pub mod stats;

/// An attribute block with every byte zero, which the kernel demands of what a command does not use.
fn zeroed() -> bpf_attr {
    // SAFETY: a union of plain C structs of integers; all-zero bytes are a value of each.
    unsafe { std::mem::zeroed() }
}

/// Calls `bpf(2)`. Pointers inside `attr` must be valid for what the command reads and writes.
fn call(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i64> {
    // SAFETY: the attribute block is valid for its whole size. Callers are in this module's children; each fills the
    // addresses that its command uses from references that outlive the call, with the lengths the kernel is told.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command as libc::c_int, std::ptr::from_mut(attr), size_of::<bpf_attr>())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Calls `bpf(2)` for a command that returns a new descriptor.
fn call_for_fd(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = call(command, attr)?;
    // SAFETY: the kernel just gave out this descriptor; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

fn address<T: ?Sized>(of: &T) -> u64 {
    std::ptr::from_ref(of).cast::<u8>() as u64
}

/// A name as the kernel takes it for maps and programs: at most 15 bytes of `[A-Za-z0-9_.]`, then a NUL.
fn object_name(name: &str) -> [libc::c_char; 16] {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().take(15).zip(name.bytes()) {
        let allowed = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        *place = (if allowed { byte } else { b'_' }) as libc::c_char;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn an_object_name_is_cut_and_keeps_only_what_the_kernel_allows() {
        let name: Vec<u8> = object_name("tracepoint:syscalls/x").iter().map(|byte| *byte as u8).collect();
        assert_eq!(name, b"tracepoint_sysc\0");
    }
}
