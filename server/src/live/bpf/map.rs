//! Maps: create, read, write, read in batches.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use aya_obj::generated::{
    BPF_ANY, BPF_EXIST, BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, BPF_F_RDONLY_PROG, bpf_cmd, bpf_map_type as kernel_map_type,
};
use tracedeck_compiler::manifest::{KernelMap, KernelMapKind};

use super::{address, call, call_for_fd, object_name, zeroed};

/// Bytes of the token with which a batch read goes on; the kernel's hash maps use four.
const BATCH_TOKEN: usize = 64;

/// A map of the kernel, gone when it is dropped and no program uses it any more.
#[derive(Debug)]
pub struct Map {
    fd: OwnedFd,
    key_size: usize,
    /// Bytes that user space sees in one value: of all CPUs for per-CPU maps.
    value_size: usize,
    max_entries: u32,
}

/// Keys and values of a map, back to back.
#[derive(Debug, Default)]
pub struct Entries {
    pub keys: Vec<u8>,
    pub values: Vec<u8>,
    pub count: usize,
}

impl Map {
    /// Creates a map. `cpus` is the number of possible CPUs.
    pub fn create(map: &KernelMap, cpus: u32) -> io::Result<Self> {
        let kind = kernel_type(map.kind);
        let mut flags = 0;
        if map.no_prealloc {
            flags |= BPF_F_NO_PREALLOC;
        }
        if map.mmapable {
            flags |= BPF_F_MMAPABLE;
        }
        let fd = create(kind, &map.symbol, [map.key_size, map.value_size, map.max_entries], flags)?;
        let value_size = if is_per_cpu(map.kind) {
            (map.value_size as usize).next_multiple_of(8) * cpus as usize
        } else {
            map.value_size as usize
        };
        Ok(Self { fd, key_size: map.key_size as usize, value_size, max_entries: map.max_entries })
    }

    /// An array of one element that programs may only read, for the constants of an object.
    pub fn constants(bytes: &[u8]) -> io::Result<Self> {
        let size = bytes.len().max(1);
        let sizes = [4, u32::try_from(size).map_err(io::Error::other)?, 1];
        let fd = create(kernel_map_type::BPF_MAP_TYPE_ARRAY, "td_rodata", sizes, BPF_F_RDONLY_PROG)?;
        let map = Self { fd, key_size: 4, value_size: size, max_entries: 1 };
        if !bytes.is_empty() {
            map.update(&0_u32.to_ne_bytes(), bytes)?;
        }
        // A frozen map lets the verifier fold loads from it.
        let mut attr = zeroed();
        attr.__bindgen_anon_2.map_fd = map.raw();
        call(bpf_cmd::BPF_MAP_FREEZE, &mut attr)?;
        Ok(map)
    }

    /// The value of a key; None where there is none.
    pub fn lookup(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.check(key, self.key_size)?;
        let mut value = vec![0_u8; self.value_size];
        let mut attr = zeroed();
        attr.__bindgen_anon_2.map_fd = self.raw();
        attr.__bindgen_anon_2.key = address(key);
        attr.__bindgen_anon_2.__bindgen_anon_1.value = value.as_mut_ptr() as u64;
        present(call(bpf_cmd::BPF_MAP_LOOKUP_ELEM, &mut attr)).map(|found| found.then_some(value))
    }

    /// Inserts or replaces.
    pub fn update(&self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.write(key, value, BPF_ANY)
    }

    /// Replaces; whether there was such a key.
    pub fn replace(&self, key: &[u8], value: &[u8]) -> io::Result<bool> {
        present(self.write(key, value, BPF_EXIST).map(|()| 0))
    }

    fn write(&self, key: &[u8], value: &[u8], flags: u32) -> io::Result<()> {
        self.check(key, self.key_size)?;
        self.check(value, self.value_size)?;
        let mut attr = zeroed();
        attr.__bindgen_anon_2.flags = u64::from(flags);
        attr.__bindgen_anon_2.map_fd = self.raw();
        attr.__bindgen_anon_2.key = address(key);
        attr.__bindgen_anon_2.__bindgen_anon_1.value = address(value);
        call(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut attr).map(drop)
    }

    /// Whether there was such a key.
    pub fn delete(&self, key: &[u8]) -> io::Result<bool> {
        self.check(key, self.key_size)?;
        let mut attr = zeroed();
        attr.__bindgen_anon_2.map_fd = self.raw();
        attr.__bindgen_anon_2.key = address(key);
        present(call(bpf_cmd::BPF_MAP_DELETE_ELEM, &mut attr))
    }

    /// All entries at about this moment. Keys that come and go meanwhile may be missed or appear twice.
    pub fn entries(&self) -> io::Result<Entries> {
        match self.entries_in_batches() {
            // Old kernels have no batches (EINVAL), some map types neither (ENOTSUPP, which libc does not name).
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EOPNOTSUPP | 524)) => {
                self.entries_one_by_one()
            }
            other => other,
        }
    }

    fn entries_in_batches(&self) -> io::Result<Entries> {
        let mut all = Entries::default();
        let mut token = [0_u8; BATCH_TOKEN];
        let mut next_token = [0_u8; BATCH_TOKEN];
        let mut first = true;
        let mut room = (self.max_entries as usize).clamp(16, 4096);
        loop {
            let (keys_end, values_end) = (all.count * self.key_size, all.count * self.value_size);
            all.keys.resize(keys_end + room * self.key_size, 0);
            all.values.resize(values_end + room * self.value_size, 0);
            let mut attr = zeroed();
            attr.batch.in_batch = if first { 0 } else { address(&token) };
            attr.batch.out_batch = next_token.as_mut_ptr() as u64;
            attr.batch.keys = all.keys[keys_end..].as_mut_ptr() as u64;
            attr.batch.values = all.values[values_end..].as_mut_ptr() as u64;
            attr.batch.count = room as u32;
            attr.batch.map_fd = self.raw();
            let result = call(bpf_cmd::BPF_MAP_LOOKUP_BATCH, &mut attr);
            // SAFETY: the kernel wrote the count into this member of the block that was zeroed before.
            let got = unsafe { attr.batch.count } as usize;
            match result {
                Ok(_) => {
                    all.keep(all.count + got.min(room), self);
                    (token, first) = (next_token, false);
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                    all.keep(all.count + got.min(room), self);
                    return Ok(all);
                }
                // One bucket holds more than there was room for; nothing was read.
                Err(error) if error.raw_os_error() == Some(libc::ENOSPC) && room < 1 << 22 => {
                    all.keep(all.count, self);
                    room *= 4;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn entries_one_by_one(&self) -> io::Result<Entries> {
        let mut all = Entries::default();
        let mut last: Option<Vec<u8>> = None;
        // A map under churn can send the walk back to its start: bounded by the number of entries it may hold.
        for _ in 0..self.max_entries {
            let mut key = vec![0_u8; self.key_size];
            let mut attr = zeroed();
            attr.__bindgen_anon_2.map_fd = self.raw();
            attr.__bindgen_anon_2.key = last.as_deref().map_or(0, address);
            attr.__bindgen_anon_2.__bindgen_anon_1.next_key = key.as_mut_ptr() as u64;
            if !present(call(bpf_cmd::BPF_MAP_GET_NEXT_KEY, &mut attr))? {
                break;
            }
            if let Some(value) = self.lookup(&key)? {
                all.keys.extend_from_slice(&key);
                all.values.extend_from_slice(&value);
                all.count += 1;
            }
            last = Some(key);
        }
        Ok(all)
    }

    pub fn max_entries(&self) -> u32 {
        self.max_entries
    }

    pub fn key_size(&self) -> usize {
        self.key_size
    }

    /// Bytes that user space sees in one value: of all CPUs for per-CPU maps.
    pub fn value_size(&self) -> usize {
        self.value_size
    }

    /// The kernel copies as many bytes as the map was created with, whatever the slice holds.
    fn check(&self, bytes: &[u8], size: usize) -> io::Result<()> {
        if bytes.len() == size {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} bytes where the map has {size}", bytes.len())))
    }

    /// The descriptor alone.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    fn raw(&self) -> u32 {
        self.fd.as_raw_fd() as u32
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Entries {
    fn keep(&mut self, count: usize, map: &Map) {
        self.keys.truncate(count * map.key_size);
        self.values.truncate(count * map.value_size);
        self.count = count;
    }
}

/// `sizes`: bytes of a key, bytes of a value, number of entries.
fn create(kind: kernel_map_type, name: &str, sizes: [u32; 3], flags: u32) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.__bindgen_anon_1.map_type = kind as u32;
    attr.__bindgen_anon_1.key_size = sizes[0];
    attr.__bindgen_anon_1.value_size = sizes[1];
    attr.__bindgen_anon_1.max_entries = sizes[2];
    attr.__bindgen_anon_1.map_flags = flags;
    attr.__bindgen_anon_1.map_name = object_name(name);
    call_for_fd(bpf_cmd::BPF_MAP_CREATE, &mut attr)
}

/// Whether a call found its key.
fn present(result: io::Result<i64>) -> io::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

fn kernel_type(kind: KernelMapKind) -> kernel_map_type {
    match kind {
        KernelMapKind::Array => kernel_map_type::BPF_MAP_TYPE_ARRAY,
        KernelMapKind::PerCpuArray => kernel_map_type::BPF_MAP_TYPE_PERCPU_ARRAY,
        KernelMapKind::Hash => kernel_map_type::BPF_MAP_TYPE_HASH,
        KernelMapKind::PerCpuHash => kernel_map_type::BPF_MAP_TYPE_PERCPU_HASH,
        KernelMapKind::LruHash => kernel_map_type::BPF_MAP_TYPE_LRU_HASH,
        KernelMapKind::LruPerCpuHash => kernel_map_type::BPF_MAP_TYPE_LRU_PERCPU_HASH,
        KernelMapKind::RingBuffer => kernel_map_type::BPF_MAP_TYPE_RINGBUF,
        KernelMapKind::CgroupArray => kernel_map_type::BPF_MAP_TYPE_CGROUP_ARRAY,
    }
}

/// Whether a value has one copy for each possible CPU.
pub fn is_per_cpu(kind: KernelMapKind) -> bool {
    match kind {
        KernelMapKind::PerCpuArray | KernelMapKind::PerCpuHash | KernelMapKind::LruPerCpuHash => true,
        KernelMapKind::Array
        | KernelMapKind::Hash
        | KernelMapKind::LruHash
        | KernelMapKind::RingBuffer
        | KernelMapKind::CgroupArray => false,
    }
}
