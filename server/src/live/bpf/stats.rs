//! How often programs ran and how long that took, as the kernel counts it while somebody asks.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use aya_obj::generated::{bpf_cmd, bpf_prog_info, bpf_stats_type};

use super::{call, call_for_fd, zeroed};

/// The kernel measures all programs of the machine while this descriptor is open (Linux 5.8). Costs about 50 ns for each
/// run of a program.
pub fn enable() -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.enable_stats.type_ = bpf_stats_type::BPF_STATS_RUN_TIME as u32;
    call_for_fd(bpf_cmd::BPF_ENABLE_STATS, &mut attr)
}

/// Runs of a program and the nanoseconds that they took, since measuring began.
pub fn of_program(program: &OwnedFd) -> io::Result<(u64, u64)> {
    // SAFETY: a plain C struct of integers; all-zero bytes are a value of it.
    let mut info: bpf_prog_info = unsafe { std::mem::zeroed() };
    let mut attr = zeroed();
    attr.info.bpf_fd = program.as_raw_fd() as u32;
    attr.info.info_len = size_of::<bpf_prog_info>() as u32;
    attr.info.info = std::ptr::from_mut(&mut info) as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok((info.run_cnt, info.run_time_ns))
}
