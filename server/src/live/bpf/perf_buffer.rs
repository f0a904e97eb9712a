//! The memory of a perf event's buffer, as its reader sees it: a page with both positions, then records
//! (`struct perf_event_mmap_page` and `struct perf_event_header` of linux/perf_event.h).

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use nix::unistd::{SysconfVar, sysconf};

/// Byte offsets of `data_head`, `data_tail`, `data_offset` and `data_size` in the first page.
const HEAD: usize = 0x400;
const TAIL: usize = 0x408;
const DATA_OFFSET: usize = 0x410;
const DATA_SIZE: usize = 0x418;
/// Bytes of a record's header: u32 type, u16 misc, u16 size.
const HEADER: usize = 8;

/// A record: its type, its `misc` bits, and what follows its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub kind: u32,
    pub misc: u16,
    pub body: &'a [u8],
}

#[derive(Debug)]
pub struct PerfBuffer {
    _event: OwnedFd,
    memory: MmapRaw,
    data: usize,
    size: usize,
    /// The record that is being looked at.
    record: Vec<u8>,
}

impl PerfBuffer {
    /// Gives an event a buffer of about so many bytes.
    pub fn new(event: OwnedFd, bytes: usize) -> io::Result<Self> {
        let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as usize;
        let pages = bytes.div_ceil(page).next_power_of_two();
        let memory = MmapOptions::new().len((pages + 1) * page).map_raw(event.as_raw_fd())?;
        let mut buffer = Self { _event: event, memory, data: page, size: pages * page, record: Vec::new() };
        let (data, size) = (buffer.word(DATA_OFFSET), buffer.word(DATA_SIZE));
        let (data, size) = (data.load(Ordering::Relaxed) as usize, size.load(Ordering::Relaxed) as usize);
        // Kernels before 4.1 leave the two words empty; then the layout is the usual one.
        if size.is_power_of_two() && data.checked_add(size).is_some_and(|end| end <= buffer.memory.len()) {
            (buffer.data, buffer.size) = (data, size);
        }
        Ok(buffer)
    }

    /// Hands over all records that are there.
    pub fn drain(&mut self, mut each: impl FnMut(Record<'_>)) {
        let head = self.word(HEAD).load(Ordering::Acquire);
        let mut tail = self.word(TAIL).load(Ordering::Relaxed);
        let mut record = std::mem::take(&mut self.record);
        while tail < head {
            let mut header = [0; HEADER];
            self.copy(tail, &mut header);
            let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
            let size = usize::from(word(6));
            // A buffer that makes no sense is given up until here.
            if size < HEADER || tail + size as u64 > head {
                tail = head;
                break;
            }
            record.resize(size - HEADER, 0);
            self.copy(tail + HEADER as u64, &mut record);
            let kind = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
            each(Record { kind, misc: word(4), body: &record });
            tail += size as u64;
        }
        self.record = record;
        self.word(TAIL).store(tail, Ordering::Release);
    }

    /// Copies bytes at a position, across the end of the buffer if need be.
    fn copy(&self, position: u64, into: &mut [u8]) {
        let at = position as usize & (self.size - 1);
        let first = into.len().min(self.size - at);
        // SAFETY: both parts are inside the mapping, checked when it was made; between tail and head the kernel does not
        // write.
        unsafe {
            let data = self.memory.as_ptr().add(self.data);
            std::ptr::copy_nonoverlapping(data.add(at), into.as_mut_ptr(), first);
            std::ptr::copy_nonoverlapping(data, into.as_mut_ptr().add(first), into.len() - first);
        }
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        // SAFETY: inside the first page of the mapping, which lives as long as self, and aligned.
        unsafe { &*self.memory.as_ptr().add(at).cast::<AtomicU64>() }
    }
}
