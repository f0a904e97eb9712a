//! Feature probes: asks the running kernel by trying, in well under a millisecond each.

use std::io;

use aya_obj::generated::{bpf_attach_type, bpf_prog_type};

use super::link::{UprobeMulti, uprobe_multi};
use super::program::{LoadFailure, LoadType, ProgramFd, ProgramImage, load};

/// One instruction as the kernel reads it: code, destination and source register, offset, immediate.
const fn instruction(code: u8, registers: u8, offset: i16, immediate: i32) -> [u8; 8] {
    let (offset, immediate) = (offset.to_ne_bytes(), immediate.to_ne_bytes());
    [code, registers, offset[0], offset[1], immediate[0], immediate[1], immediate[2], immediate[3]]
}

const EXIT: [u8; 8] = instruction(0x95, 0, 0, 0);
/// `r0 = immediate`
const fn return_value(value: i32) -> [u8; 8] {
    instruction(0xb7, 0, 0, value)
}

fn try_program(
    instructions: &[[u8; 8]],
    program: bpf_prog_type,
    expected_attach: Option<bpf_attach_type>,
) -> Result<ProgramFd, LoadFailure> {
    let image = ProgramImage { name: "td_probe", instructions: instructions.as_flattened(), ..ProgramImage::default() };
    let expected_attach = expected_attach.map(|attach| attach as u32);
    load(&image, &LoadType { expected_attach, ..LoadType::plain(program) })
}

/// Whether this process may load programs at all; the error says why not.
pub fn can_load() -> io::Result<()> {
    let program = [return_value(0), EXIT];
    try_program(&program, bpf_prog_type::BPF_PROG_TYPE_TRACEPOINT, None).map(drop).map_err(|failure| failure.error)
}

/// Signed division and the other instructions of `v4` (Linux 6.6).
pub fn has_instructions_v4() -> bool {
    // `r0 s/= 2`: division with offset 1.
    let program = [return_value(-4), instruction(0x37, 0, 1, 2), EXIT];
    try_program(&program, bpf_prog_type::BPF_PROG_TYPE_TRACEPOINT, None).is_ok()
}

/// Whether tracing programs may call a helper. Tells an unknown helper from a call with wrong arguments by the
/// verifier's words.
pub fn has_helper(helper: u32, program: bpf_prog_type) -> bool {
    let call = [instruction(0x85, 0, 0, helper as i32), return_value(0), EXIT];
    match try_program(&call, program, None) {
        Ok(_) => true,
        Err(failure) => {
            !failure.log.is_empty()
                && !["invalid func", "unknown func", "cannot use helper", "program of this type cannot use"]
                    .iter()
                    .any(|words| failure.log.contains(words))
        }
    }
}

/// Links of `BPF_TRACE_UPROBE_MULTI` (Linux 6.6).
pub fn has_uprobe_multi() -> bool {
    let program = [return_value(0), EXIT];
    let attach = Some(bpf_attach_type::BPF_TRACE_UPROBE_MULTI);
    let Ok(program) = try_program(&program, bpf_prog_type::BPF_PROG_TYPE_KPROBE, attach) else { return false };
    // A directory cannot be probed: a kernel that knows the link type says EBADF, others EINVAL.
    let places = UprobeMulti { path: c"/", offsets: &[0], cookies: &[], semaphores: &[], is_return: false, pid: 0 };
    matches!(uprobe_multi(&program, &places), Err(error) if error.raw_os_error() == Some(libc::EBADF))
}
