//! Programs: load with verifier log, run once, BTF.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use aya_obj::generated::{bpf_cmd, bpf_prog_type};

use super::{address, call, call_for_fd, object_name, zeroed};

/// The kernel takes no smaller log.
const LOG_LEAST: u32 = 128;
/// Bytes of a verifier log: the first try, and the most that is tried.
const LOG_FIRST: usize = 1 << 20;
const LOG_MOST: usize = 16 << 20;
/// Levels of the log: the instructions; also every path, and statistics (include/linux/bpf_verifier.h).
const LOG_LISTING: u32 = 1;
const LOG_EVERYTHING: u32 = 2 | 4;
/// All licences that the language allows are compatible with it.
const LICENSE: &str = "GPL";

/// What PROG_LOAD takes.
#[derive(Debug, Default)]
pub struct ProgramImage<'a> {
    pub name: &'a str,
    /// `bpf_insn`s, 8 bytes each, relocated.
    pub instructions: &'a [u8],
    pub btf: Option<BorrowedFd<'a>>,
    /// `bpf_func_info` records with instruction numbers, sorted.
    pub function_info: Records<'a>,
    /// `bpf_line_info` records with instruction numbers, sorted.
    pub line_info: Records<'a>,
    /// Empty: GPL.
    pub license: &'a str,
    /// Bytes of the verifier's log; 0: as many as it needs.
    pub log_size: u32,
}

/// Records of one size.
#[derive(Debug, Default, Clone, Copy)]
pub struct Records<'a> {
    pub bytes: &'a [u8],
    pub size: u32,
}

impl Records<'_> {
    fn count(&self) -> u32 {
        (self.bytes.len() as u32).checked_div(self.size).unwrap_or(0)
    }
}

/// The type to load as.
#[derive(Debug)]
pub struct LoadType {
    pub program: bpf_prog_type,
    /// A `bpf_attach_type`.
    pub expected_attach: Option<u32>,
    /// BTF id of what a tracing program attaches to; 0 for the others.
    pub attach_btf_id: u32,
    /// The program, or the type information of the module, that it is in; None: the kernel proper.
    pub attach_object: Option<OwnedFd>,
}

impl LoadType {
    /// A program that says nothing of what it will be attached to.
    pub fn plain(program: bpf_prog_type) -> Self {
        Self { program, expected_attach: None, attach_btf_id: 0, attach_object: None }
    }
}

/// Why a program was not loaded.
#[derive(Debug)]
pub struct LoadFailure {
    pub error: io::Error,
    /// What the verifier said; empty where it was not reached.
    pub log: String,
}

/// A loaded program.
#[derive(Debug)]
pub struct ProgramFd(OwnedFd);

impl AsFd for ProgramFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Loads a program; only a failure costs a second try with the log.
pub fn load(image: &ProgramImage<'_>, kind: &LoadType) -> Result<ProgramFd, LoadFailure> {
    let error = match try_load(image, kind, &mut []) {
        Ok(fd) => return Ok(ProgramFd(fd)),
        Err(error) => error,
    };
    let (mut size, most) = match image.log_size {
        0 => (LOG_FIRST, LOG_MOST),
        // The kernel takes no log of fewer bytes.
        wanted => (wanted.max(LOG_LEAST) as usize, wanted as usize),
    };
    loop {
        let mut log = vec![0_u8; size];
        let outcome = try_load(image, kind, &mut log);
        let truncated = matches!(&outcome, Err(error) if error.raw_os_error() == Some(libc::ENOSPC));
        if truncated && size < most {
            size = (size * 4).min(most);
            continue;
        }
        return match outcome {
            Ok(fd) => Ok(ProgramFd(fd)),
            Err(_) => Err(LoadFailure { error, log: text(&log) }),
        };
    }
}

/// What the verifier says about a program, accepted or not: the states it goes through and its statistics.
pub fn verify(image: &ProgramImage<'_>, kind: &LoadType) -> String {
    let mut size = LOG_FIRST;
    loop {
        let mut log = vec![0_u8; size];
        match try_load_at(image, kind, &mut log, LOG_EVERYTHING) {
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) && size < LOG_MOST => {
                size = (size * 4).min(LOG_MOST);
            }
            Err(error) if log[0] == 0 => return format!("not loaded: {error}\n"),
            _ => return text(&log),
        }
    }
}

fn try_load(image: &ProgramImage<'_>, kind: &LoadType, log: &mut [u8]) -> io::Result<OwnedFd> {
    try_load_at(image, kind, log, LOG_LISTING)
}

fn try_load_at(image: &ProgramImage<'_>, kind: &LoadType, log: &mut [u8], level: u32) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.__bindgen_anon_3.prog_type = kind.program as u32;
    attr.__bindgen_anon_3.expected_attach_type = kind.expected_attach.unwrap_or(0);
    attr.__bindgen_anon_3.attach_btf_id = kind.attach_btf_id;
    // Also the member for type information, at the same place.
    let object = kind.attach_object.as_ref().map_or(0, |object| object.as_raw_fd() as u32);
    attr.__bindgen_anon_3.__bindgen_anon_1.attach_prog_fd = object;
    attr.__bindgen_anon_3.insns = address(image.instructions);
    attr.__bindgen_anon_3.insn_cnt = (image.instructions.len() / 8) as u32;
    let license = CString::new(if image.license.is_empty() { LICENSE } else { image.license })?;
    attr.__bindgen_anon_3.license = address(license.as_bytes_with_nul());
    attr.__bindgen_anon_3.prog_name = object_name(image.name);
    if let Some(btf) = image.btf {
        attr.__bindgen_anon_3.prog_btf_fd = btf.as_raw_fd() as u32;
        attr.__bindgen_anon_3.func_info = address(image.function_info.bytes);
        attr.__bindgen_anon_3.func_info_rec_size = image.function_info.size;
        attr.__bindgen_anon_3.func_info_cnt = image.function_info.count();
        attr.__bindgen_anon_3.line_info = address(image.line_info.bytes);
        attr.__bindgen_anon_3.line_info_rec_size = image.line_info.size;
        attr.__bindgen_anon_3.line_info_cnt = image.line_info.count();
    }
    if !log.is_empty() {
        attr.__bindgen_anon_3.log_level = level;
        attr.__bindgen_anon_3.log_size = log.len() as u32;
        attr.__bindgen_anon_3.log_buf = log.as_mut_ptr() as u64;
    }
    call_for_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr)
}

/// Runs a raw tracepoint program once, here and now; returns what it returned.
pub fn run_once(program: &ProgramFd) -> io::Result<u32> {
    let mut attr = zeroed();
    attr.test.prog_fd = program.0.as_raw_fd() as u32;
    call(bpf_cmd::BPF_PROG_TEST_RUN, &mut attr)?;
    // SAFETY: the kernel wrote the result into this member of the block that was zeroed before.
    Ok(unsafe { attr.test.retval })
}

/// Runs an XDP program many times in one call, on an empty packet; what it returned last, and the mean of its time in
/// nanoseconds.
pub fn run_repeatedly(program: &ProgramFd, repetitions: u32) -> io::Result<(u32, u32)> {
    // The shortest packet that the kernel takes: an Ethernet header.
    let packet = [0_u8; 14];
    let mut attr = zeroed();
    attr.test.prog_fd = program.0.as_raw_fd() as u32;
    attr.test.data_in = address(&packet);
    attr.test.data_size_in = packet.len() as u32;
    attr.test.repeat = repetitions;
    call(bpf_cmd::BPF_PROG_TEST_RUN, &mut attr)?;
    // SAFETY: the kernel wrote the results into these members of the block that was zeroed before.
    Ok(unsafe { (attr.test.retval, attr.test.duration) })
}

/// Loads type information; on failure returns what the kernel said about it.
pub fn load_btf(btf: &[u8]) -> Result<OwnedFd, LoadFailure> {
    let attempt = |log: &mut [u8]| {
        let mut attr = zeroed();
        attr.__bindgen_anon_7.btf = address(btf);
        attr.__bindgen_anon_7.btf_size = btf.len() as u32;
        if !log.is_empty() {
            attr.__bindgen_anon_7.btf_log_buf = log.as_mut_ptr() as u64;
            attr.__bindgen_anon_7.btf_log_size = log.len() as u32;
            attr.__bindgen_anon_7.btf_log_level = 1;
        }
        call_for_fd(bpf_cmd::BPF_BTF_LOAD, &mut attr)
    };
    attempt(&mut []).map_err(|error| {
        let mut log = vec![0_u8; LOG_FIRST];
        // Only for its log; the error is known.
        let _ = attempt(&mut log);
        LoadFailure { error, log: text(&log) }
    })
}

/// The text before the NUL.
fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).into_owned()
}
