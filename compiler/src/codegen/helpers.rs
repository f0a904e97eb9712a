//! The kernel helpers that programs call: numbers of linux/bpf.h and their signatures, in one place.
//!
//! What is `fixed` stays the same while a program runs, which neither moves to another CPU nor to another process: it is
//! asked for once.

use inkwell::values::{IntValue, PointerValue};

use super::ir::{Argument, Ir};

macro_rules! helpers {
    ($($(#[$doc:meta])* $name:ident = $number:literal ($($argument:ident: $kind:ident),*) -> $result:ident;)*) => {
        impl<'ctx> Ir<'ctx> {
            $(
                $(#[$doc])*
                pub fn $name(&self, $($argument: helpers!(@type $kind)),*) -> helpers!(@type $result) {
                    helpers!(@call self, $result, $number, [$(Argument::from($argument)),*])
                }
            )*
        }
    };
    (@type int) => { IntValue<'ctx> };
    (@type fixed) => { IntValue<'ctx> };
    (@type pointer) => { PointerValue<'ctx> };
    (@call $ir:ident, int, $number:literal, $arguments:expr) => { $ir.call_helper($number, &$arguments) };
    (@call $ir:ident, fixed, $number:literal, $arguments:expr) => { $ir.call_fixed_helper($number) };
    (@call $ir:ident, pointer, $number:literal, $arguments:expr) => { $ir.call_helper_pointer($number, &$arguments) };
}

helpers! {
    /// `void *bpf_map_lookup_elem(map, key)`
    map_lookup = 1 (map: pointer, key: pointer) -> pointer;
    /// `long bpf_map_update_elem(map, key, value, flags)`
    map_update = 2 (map: pointer, key: pointer, value: pointer, flags: int) -> int;
    /// `long bpf_map_delete_elem(map, key)`
    map_delete = 3 (map: pointer, key: pointer) -> int;
    /// `u64 bpf_ktime_get_ns()`: the monotonic clock
    ktime_get_ns = 5 () -> int;
    /// `long bpf_trace_printk(format, size, ...)`
    trace_printk = 6 (format: pointer, size: int, first: int, second: int, third: int) -> int;
    /// `u32 bpf_get_prandom_u32()`
    get_prandom = 7 () -> int;
    /// `u32 bpf_get_smp_processor_id()`
    get_processor_id = 8 () -> fixed;
    /// `u64 bpf_get_current_pid_tgid()`: tgid << 32 | pid
    get_pid_tgid = 14 () -> fixed;
    /// `u64 bpf_get_current_uid_gid()`: gid << 32 | uid
    get_uid_gid = 15 () -> fixed;
    /// `long bpf_get_current_comm(buffer, size)`: Linux 6.1 writes no further than the name's end
    get_comm = 16 (buffer: pointer, size: int) -> int;
    /// `u64 bpf_get_current_task()`
    get_task = 35 () -> fixed;
    /// `struct task_struct *bpf_get_current_task_btf()`: its members are loaded without a further helper
    get_task_btf = 158 () -> pointer;
    /// `long bpf_probe_write_user(destination, source, size)`
    probe_write_user = 36 (destination: int, source: pointer, size: int) -> int;
    /// `long bpf_current_task_under_cgroup(map, index)`: 1 when it is
    current_task_under_cgroup = 37 (map: pointer, index: int) -> int;
    /// `int bpf_get_numa_node_id()`
    get_numa_node = 42 () -> fixed;
    /// `long bpf_override_return(context, result)`
    override_return = 58 (context: pointer, result: int) -> int;
    /// `long bpf_get_stack(context, buffer, size, flags)`: bytes written
    get_stack = 67 (context: pointer, buffer: pointer, size: int, flags: int) -> int;
    /// `u64 bpf_get_current_cgroup_id()`
    get_cgroup_id = 80 () -> fixed;
    /// `long bpf_send_signal(signal)`
    send_signal = 109 (signal: int) -> int;
    /// `long bpf_probe_read_user(destination, size, source)`
    probe_read_user = 112 (destination: pointer, size: int, source: int) -> int;
    /// `long bpf_probe_read_kernel(destination, size, source)`
    probe_read_kernel = 113 (destination: pointer, size: int, source: int) -> int;
    /// `long bpf_probe_read_user_str(destination, size, source)`: bytes written, the NUL included
    probe_read_user_str = 114 (destination: pointer, size: int, source: int) -> int;
    /// `long bpf_probe_read_kernel_str(destination, size, source)`: bytes written, the NUL included
    probe_read_kernel_str = 115 (destination: pointer, size: int, source: int) -> int;
    /// `long bpf_send_signal_thread(signal)`
    send_signal_thread = 117 (signal: int) -> int;
    /// `u64 bpf_jiffies64()`
    jiffies = 118 () -> int;
    /// `long bpf_get_ns_current_pid_tgid(device, inode, ids, size)`: u32 pid, u32 tgid
    get_namespace_pid_tgid = 120 (device: int, inode: int, ids: pointer, size: int) -> int;
    /// `u64 bpf_ktime_get_boot_ns()`
    ktime_get_boot_ns = 125 () -> int;
    /// `long bpf_seq_printf(file, format, format_size, data, data_length)`
    seq_printf = 126 (file: int, format: pointer, format_size: int, data: pointer, data_length: int) -> int;
    /// `long bpf_ringbuf_output(ring, data, size, flags)`
    ringbuf_output = 130 (ring: pointer, data: pointer, size: int, flags: int) -> int;
    /// `void *bpf_ringbuf_reserve(ring, size, flags)`
    ringbuf_reserve = 131 (ring: pointer, size: int, flags: int) -> pointer;
    /// `void bpf_ringbuf_submit(data, flags)`
    ringbuf_submit = 132 (data: pointer, flags: int) -> int;
    /// `long bpf_for_each_map_elem(map, callback, context, flags)`
    for_each_map_element = 164 (map: pointer, callback: pointer, context: pointer, flags: int) -> int;
    /// `u64 bpf_get_func_ip(context)`: the traced function's address
    get_func_ip = 173 (context: pointer) -> int;
    /// `long bpf_loop(iterations, callback, context, flags)`
    bpf_loop = 181 (iterations: int, callback: pointer, context: pointer, flags: int) -> int;
    /// `long bpf_get_func_ret(context, result)` (Linux 5.17)
    get_function_result = 184 (context: pointer, result: pointer) -> int;
    /// `u64 bpf_get_socket_cookie(socket)`
    get_socket_cookie = 46 (socket: pointer) -> int;
    /// `long bpf_d_path(path, buffer, size)`: bytes written, the NUL included
    d_path = 147 (path: pointer, buffer: pointer, size: int) -> int;
    /// `void *bpf_per_cpu_ptr(variable, cpu)`
    per_cpu_pointer = 153 (variable: pointer, cpu: int) -> int;
    /// `void *bpf_this_cpu_ptr(variable)`
    this_cpu_pointer = 154 (variable: pointer) -> int;
    /// `void *bpf_map_lookup_percpu_elem(map, key, cpu)`
    map_lookup_percpu = 195 (map: pointer, key: pointer, cpu: int) -> pointer;
    /// `u64 bpf_ktime_get_tai_ns()`
    ktime_get_tai_ns = 208 () -> int;
}

/// `BPF_ANY`: create or replace.
pub const UPDATE_ANY: u64 = 0;
/// `BPF_NOEXIST`: create only.
pub const UPDATE_NEW: u64 = 1;
/// `BPF_RB_NO_WAKEUP`: the reader polls.
pub const RING_NO_WAKEUP: u64 = 1;
/// `BPF_RB_FORCE_WAKEUP`: the reader is to come at once.
pub const RING_FORCE_WAKEUP: u64 = 2;
/// `BPF_F_USER_STACK`
pub const USER_STACK: u64 = 1 << 8;
