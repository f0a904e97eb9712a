//! Perf events: what fires a program for timers, software events, tracepoints, kprobes and, on old kernels, uprobes.

use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use aya_obj::generated::{PERF_FLAG_FD_CLOEXEC, perf_event_attr, perf_event_sample_format, perf_sw_ids, perf_type_id};
use tracedeck_compiler::manifest::PerfCounter;

use super::address;

/// What an event counts.
#[derive(Debug, Clone, Copy)]
pub enum PerfEvent<'a> {
    /// What the kernel or the processor counts, and after how many (nanoseconds for the clocks) it fires.
    Counter { counter: PerfCounter, period: u64 },
    /// A use of memory: `HW_BREAKPOINT_*`.
    Breakpoint { address: u64, length: u64, access: u32 },
    /// The number in tracefs' `id` file.
    Tracepoint { id: u64 },
    /// Nothing; its buffer tells of processes that start, map files and end, on one CPU.
    Processes,
    /// Through the `uprobe` PMU, whose type number sysfs tells.
    Uprobe { pmu: u32, path: &'a CStr, offset: u64, semaphore: u64, is_return: bool },
    /// Through the `kprobe` PMU, whose type number sysfs tells.
    Kprobe { pmu: u32, target: KprobeTarget<'a>, is_return: bool },
}

/// Where a kprobe is put.
#[derive(Debug, Clone, Copy)]
pub enum KprobeTarget<'a> {
    Symbol { name: &'a CStr, offset: u64 },
    Address(u64),
}

/// Opens an event. `pid` −1 stands for all processes, `cpu` −1 for all CPUs; not both may be −1.
pub fn open(event: PerfEvent<'_>, pid: i32, cpu: i32) -> io::Result<OwnedFd> {
    call(attributes(event), pid, cpu)
}

/// Who inherits an event from the thread that it is opened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherit {
    /// The threads that it starts.
    Threads,
    /// Its child processes, too.
    Processes,
}

/// Opens an event in a thread, wherever it runs.
pub fn open_in_thread(event: PerfEvent<'_>, thread: u32, inherit: Inherit) -> io::Result<OwnedFd> {
    let mut attr = attributes(event);
    attr.set_inherit(1);
    attr.set_inherit_thread(u64::from(inherit == Inherit::Threads));
    call(attr, thread as i32, -1)
}

fn attributes(event: PerfEvent<'_>) -> perf_event_attr {
    // SAFETY: a plain C struct of integers; all-zero bytes are a value of it.
    let mut attr: perf_event_attr = unsafe { std::mem::zeroed() };
    attr.size = size_of::<perf_event_attr>() as u32;
    match event {
        PerfEvent::Counter { counter, period } => {
            let (kind, config) = match counter {
                PerfCounter::Software(event) => (perf_type_id::PERF_TYPE_SOFTWARE, event as u64),
                PerfCounter::Hardware(event) => (perf_type_id::PERF_TYPE_HARDWARE, event as u64),
                PerfCounter::Raw(code) => (perf_type_id::PERF_TYPE_RAW, code),
            };
            attr.type_ = kind as u32;
            attr.config = config;
            attr.__bindgen_anon_1.sample_period = period;
        }
        PerfEvent::Breakpoint { address, length, access } => {
            attr.type_ = perf_type_id::PERF_TYPE_BREAKPOINT as u32;
            attr.bp_type = access;
            attr.__bindgen_anon_3.bp_addr = address;
            attr.__bindgen_anon_4.bp_len = length;
            attr.__bindgen_anon_1.sample_period = 1;
        }
        PerfEvent::Tracepoint { id } => {
            attr.type_ = perf_type_id::PERF_TYPE_TRACEPOINT as u32;
            attr.config = id;
            attr.__bindgen_anon_1.sample_period = 1;
        }
        PerfEvent::Processes => {
            attr.type_ = perf_type_id::PERF_TYPE_SOFTWARE as u32;
            attr.config = perf_sw_ids::PERF_COUNT_SW_DUMMY as u64;
            attr.set_mmap(1);
            attr.set_mmap2(1);
            attr.set_comm(1);
            attr.set_comm_exec(1);
            attr.set_task(1);
            // Every record ends with its time: those of several processors are put into order by it.
            attr.set_sample_id_all(1);
            attr.sample_type = perf_event_sample_format::PERF_SAMPLE_TIME as u64;
            attr.set_use_clockid(1);
            attr.clockid = libc::CLOCK_MONOTONIC;
            // Whoever reads comes by in any case: the kernel need not wake anybody.
            attr.set_watermark(1);
            attr.__bindgen_anon_2.wakeup_watermark = u32::MAX;
        }
        PerfEvent::Uprobe { pmu, path, offset, semaphore, is_return } => {
            attr.type_ = pmu;
            // The PMU's format: bit 0 is `retprobe`, bits 32 to 63 are `ref_ctr_offset`.
            attr.config = u64::from(is_return) | semaphore << 32;
            attr.__bindgen_anon_3.uprobe_path = address(path.to_bytes_with_nul());
            attr.__bindgen_anon_4.probe_offset = offset;
        }
        PerfEvent::Kprobe { pmu, target, is_return } => {
            attr.type_ = pmu;
            attr.config = u64::from(is_return);
            match target {
                KprobeTarget::Symbol { name, offset } => {
                    attr.__bindgen_anon_3.kprobe_func = address(name.to_bytes_with_nul());
                    attr.__bindgen_anon_4.probe_offset = offset;
                }
                // No name: the offset is an address.
                KprobeTarget::Address(address) => attr.__bindgen_anon_4.kprobe_addr = address,
            }
        }
    }
    attr
}

fn call(mut attr: perf_event_attr, pid: i32, cpu: i32) -> io::Result<OwnedFd> {
    // SAFETY: the attribute block is valid for its size, and the path it may point to is borrowed by the callers' event
    // until they return.
    let fd = unsafe {
        libc::syscall(libc::SYS_perf_event_open, std::ptr::from_mut(&mut attr), pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave out this descriptor; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}
