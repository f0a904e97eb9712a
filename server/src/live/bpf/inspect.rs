//! What is loaded in the kernel besides our own: programs, their functions, and the type information of modules.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use aya_obj::generated::{bpf_btf_info, bpf_cmd, bpf_prog_info, bpf_prog_type};

use super::{call, call_for_fd, zeroed};

/// A loaded program, as far as a trampoline on it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The number of its type information; 0 without any.
    pub btf: u32,
    /// The BTF ids of its functions there, its own first.
    pub functions: Vec<u32>,
    /// The kernel puts no trampoline on programs of these types, nor on what it interprets.
    pub can_be_traced: bool,
}

/// The numbers of all programs, in ascending order.
pub fn programs() -> Vec<u32> {
    numbers(bpf_cmd::BPF_PROG_GET_NEXT_ID)
}

/// A descriptor of a program by its number.
pub fn program(id: u32) -> io::Result<OwnedFd> {
    by_number(bpf_cmd::BPF_PROG_GET_FD_BY_ID, id)
}

pub fn describe(program: BorrowedFd<'_>) -> io::Result<Described> {
    let mut info = program_info();
    read_info(program, &mut info)?;
    let (count, size) = (info.nr_func_info as usize, info.func_info_rec_size as usize);
    // Records of `struct bpf_func_info`: where the function starts, and its type; the kernel may append to them.
    let mut records = vec![0_u8; count * size];
    if count > 0 {
        let mut again = program_info();
        (again.nr_func_info, again.func_info_rec_size) = (info.nr_func_info, info.func_info_rec_size);
        again.func_info = records.as_mut_ptr() as u64;
        read_info(program, &mut again)?;
    }
    let type_of = |record: &[u8]| record.get(4..8)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
    let functions = records.chunks_exact(size.max(1)).filter_map(type_of).collect();
    let untraceable = [
        bpf_prog_type::BPF_PROG_TYPE_TRACING,
        bpf_prog_type::BPF_PROG_TYPE_LSM,
        bpf_prog_type::BPF_PROG_TYPE_EXT,
        bpf_prog_type::BPF_PROG_TYPE_STRUCT_OPS,
    ];
    let can_be_traced = info.jited_prog_len > 0 && untraceable.iter().all(|kind| *kind as u32 != info.type_);
    Ok(Described { btf: info.btf_id, functions, can_be_traced })
}

/// Type information by its number, as it was loaded.
pub fn btf(id: u32) -> io::Result<Vec<u8>> {
    let object = by_number(bpf_cmd::BPF_BTF_GET_FD_BY_ID, id)?;
    let mut info = btf_info();
    read_info(object.as_fd(), &mut info)?;
    let mut bytes = vec![0_u8; info.btf_size as usize];
    let mut again = btf_info();
    (again.btf, again.btf_size) = (bytes.as_mut_ptr() as u64, info.btf_size);
    read_info(object.as_fd(), &mut again)?;
    Ok(bytes)
}

/// The type information of a module, which a program names that is attached to something of it.
pub fn module_btf(module: &str) -> io::Result<OwnedFd> {
    for id in numbers(bpf_cmd::BPF_BTF_GET_NEXT_ID) {
        // Others come and go meanwhile.
        let Ok(object) = by_number(bpf_cmd::BPF_BTF_GET_FD_BY_ID, id) else { continue };
        let mut name = [0_u8; 64];
        let mut info = btf_info();
        (info.name, info.name_len) = (name.as_mut_ptr() as u64, name.len() as u32);
        if read_info(object.as_fd(), &mut info).is_err() || info.kernel_btf == 0 {
            continue;
        }
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        if name[..end] == *module.as_bytes() {
            return Ok(object);
        }
    }
    Err(io::Error::from(io::ErrorKind::NotFound))
}

fn numbers(command: bpf_cmd) -> Vec<u32> {
    let mut found = Vec::new();
    let mut last = 0;
    loop {
        let mut attr = zeroed();
        attr.__bindgen_anon_6.__bindgen_anon_1.start_id = last;
        if call(command, &mut attr).is_err() {
            return found;
        }
        // SAFETY: the kernel wrote the number into this member of the block that was zeroed before.
        last = unsafe { attr.__bindgen_anon_6.next_id };
        found.push(last);
    }
}

fn by_number(command: bpf_cmd, id: u32) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.__bindgen_anon_6.__bindgen_anon_1.prog_id = id;
    call_for_fd(command, &mut attr)
}

fn read_info<T>(object: BorrowedFd<'_>, info: &mut T) -> io::Result<()> {
    let mut attr = zeroed();
    attr.info.bpf_fd = object.as_raw_fd() as u32;
    attr.info.info_len = size_of::<T>() as u32;
    attr.info.info = std::ptr::from_mut(info) as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr).map(drop)
}

fn program_info() -> bpf_prog_info {
    // SAFETY: a plain C struct of integers; all-zero bytes are a value of it.
    unsafe { std::mem::zeroed() }
}

fn btf_info() -> bpf_btf_info {
    // SAFETY: a plain C struct of integers; all-zero bytes are a value of it.
    unsafe { std::mem::zeroed() }
}
