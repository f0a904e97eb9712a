//! Links: what ties a loaded program to the place where it runs. Dropping the descriptor detaches.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use aya_obj::generated::{BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN, bpf_attach_type, bpf_cmd};

use super::program::ProgramFd;
use super::{address, call, call_for_fd, zeroed};

/// Ties a program to a perf event.
pub fn perf_event(program: &ProgramFd, event: BorrowedFd<'_>, cookie: u64) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.__bindgen_anon_2.target_fd = event.as_raw_fd() as u32;
    attr.link_create.attach_type = bpf_attach_type::BPF_PERF_EVENT as u32;
    attr.link_create.__bindgen_anon_3.perf_event.bpf_cookie = cookie;
    call_for_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Many places of one file.
#[derive(Debug)]
pub struct UprobeMulti<'a> {
    pub path: &'a CStr,
    /// Offsets in the file.
    pub offsets: &'a [u64],
    /// None, or one for each offset.
    pub cookies: &'a [u64],
    /// Offsets of the counters that the kernel raises while the places are probed: none, or one for each place, 0 for
    /// a place without a counter.
    pub semaphores: &'a [u64],
    pub is_return: bool,
    /// 0: every process.
    pub pid: u32,
}

/// Ties a program to all places at once.
pub fn uprobe_multi(program: &ProgramFd, places: &UprobeMulti<'_>) -> io::Result<OwnedFd> {
    let one_each = |list: &[u64]| list.is_empty() || list.len() == places.offsets.len();
    if !one_each(places.cookies) || !one_each(places.semaphores) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "as many cookies and counters as offsets are needed"));
    }
    let optional = |list: &[u64]| if list.is_empty() { 0 } else { address(list) };
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.attach_type = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
    attr.link_create.__bindgen_anon_3.uprobe_multi.path = address(places.path.to_bytes_with_nul());
    attr.link_create.__bindgen_anon_3.uprobe_multi.offsets = address(places.offsets);
    attr.link_create.__bindgen_anon_3.uprobe_multi.cookies = optional(places.cookies);
    attr.link_create.__bindgen_anon_3.uprobe_multi.ref_ctr_offsets = optional(places.semaphores);
    attr.link_create.__bindgen_anon_3.uprobe_multi.cnt = places.offsets.len() as u32;
    attr.link_create.__bindgen_anon_3.uprobe_multi.flags = if places.is_return { BPF_F_UPROBE_MULTI_RETURN } else { 0 };
    attr.link_create.__bindgen_anon_3.uprobe_multi.pid = places.pid;
    call_for_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Many functions of the kernel.
#[derive(Debug, Clone, Copy)]
pub enum Functions<'a> {
    /// Each name once.
    Named(&'a [CString]),
    At(&'a [u64]),
}

impl<'a> Functions<'a> {
    pub fn count(&self) -> usize {
        match self {
            Self::Named(names) => names.len(),
            Self::At(addresses) => addresses.len(),
        }
    }

    /// Those before a number, and those from it on.
    pub fn split_at(&self, number: usize) -> [Functions<'a>; 2] {
        match self {
            Self::Named(names) => [Self::Named(&names[..number]), Self::Named(&names[number..])],
            Self::At(addresses) => [Self::At(&addresses[..number]), Self::At(&addresses[number..])],
        }
    }
}

/// `BPF_TRACE_KPROBE_SESSION` (Linux 6.10), which aya-obj does not know yet.
pub const KPROBE_SESSION: u32 = 56;

/// Where in a function its program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Entry,
    Return,
    Both,
}

/// Ties a program to all functions at once, each with the same cookie.
pub fn kprobe_multi(program: &ProgramFd, functions: Functions<'_>, cookie: u64, end: End) -> io::Result<OwnedFd> {
    let cookies = vec![cookie; functions.count()];
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.attach_type = match end {
        End::Both => KPROBE_SESSION,
        End::Entry | End::Return => bpf_attach_type::BPF_TRACE_KPROBE_MULTI as u32,
    };
    let flags = if end == End::Return { BPF_F_KPROBE_MULTI_RETURN } else { 0 };
    attr.link_create.__bindgen_anon_3.kprobe_multi.flags = flags;
    attr.link_create.__bindgen_anon_3.kprobe_multi.cnt = functions.count() as u32;
    attr.link_create.__bindgen_anon_3.kprobe_multi.cookies = address(cookies.as_slice());
    let names: Vec<u64>;
    match functions {
        Functions::Named(list) => {
            names = list.iter().map(|name| address(name.to_bytes_with_nul())).collect();
            attr.link_create.__bindgen_anon_3.kprobe_multi.syms = address(names.as_slice());
        }
        Functions::At(addresses) => attr.link_create.__bindgen_anon_3.kprobe_multi.addrs = address(addresses),
    }
    call_for_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Ties a raw tracepoint program to a tracepoint by name, or, without one, a tracing program to what its BTF id says.
pub fn raw_tracepoint(program: &ProgramFd, name: Option<&CStr>) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.raw_tracepoint.name = name.map_or(0, |name| address(name.to_bytes_with_nul()));
    attr.raw_tracepoint.prog_fd = raw(program);
    call_for_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// Ties an iterator's program to what it was loaded for; with a process, only that one's objects are visited.
pub fn iterator(program: &ProgramFd, pid: Option<u32>) -> io::Result<OwnedFd> {
    // `union bpf_iter_link_info`, its member `task`: tid, pid, pid_fd; one of them is set.
    let info: [u32; 3] = [0, pid.unwrap_or(0), 0];
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.attach_type = bpf_attach_type::BPF_TRACE_ITER as u32;
    if pid.is_some() {
        attr.link_create.__bindgen_anon_3.__bindgen_anon_1.iter_info = address(&info);
        attr.link_create.__bindgen_anon_3.__bindgen_anon_1.iter_info_len = size_of_val(&info) as u32;
    }
    call_for_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// A descriptor whose reading walks once over all objects of an iterator's link.
pub fn walk(link: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.iter_create.link_fd = link.as_raw_fd() as u32;
    call_for_fd(bpf_cmd::BPF_ITER_CREATE, &mut attr)
}

/// Gives a link a name in the BPF file system, which keeps it alive.
pub fn pin(link: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_encoded_bytes()).map_err(io::Error::other)?;
    let mut attr = zeroed();
    attr.__bindgen_anon_4.pathname = address(path.as_bytes_with_nul());
    attr.__bindgen_anon_4.bpf_fd = link.as_raw_fd() as u32;
    call(bpf_cmd::BPF_OBJ_PIN, &mut attr).map(drop)
}

fn raw(program: &ProgramFd) -> u32 {
    program.as_fd().as_raw_fd() as u32
}
