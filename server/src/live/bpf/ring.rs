//! The memory of a ring buffer, as its only reader sees it (`kernel/bpf/ringbuf.c`): a page with the reader's position,
//! a page with the writers', then the records.
//!
//! Mapped once. libbpf and aya map the records twice in a row, so that one that crosses the end lies in one piece; but
//! mapped pages count as memory of the process, twice as well. Here such a record is copied.

use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use nix::unistd::{SysconfVar, sysconf};

use super::map::Map;

/// `BPF_RINGBUF_BUSY_BIT`: reserved, not written yet.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`: given up by its writer.
const DISCARDED: u32 = 1 << 30;
/// Bytes before each record: its length with the two bits, and a number for the kernel.
const HEADER: usize = 8;

#[derive(Debug)]
pub struct RingMemory {
    /// The reader's position.
    reader: MmapRaw,
    /// The writers' position, a page later the records.
    shared: MmapRaw,
    page: usize,
    /// Bytes of the records, a power of two.
    size: usize,
    position: u64,
    /// A record that crosses the end.
    joined: Vec<u8>,
}

impl RingMemory {
    pub fn of(map: &Map) -> io::Result<Self> {
        let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as usize;
        let size = map.max_entries() as usize;
        if !size.is_power_of_two() || size < page {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("a ring of {size} bytes")));
        }
        let fd = std::os::fd::AsFd::as_fd(map).as_raw_fd();
        let reader = MmapOptions::new().len(page).map_raw(fd)?;
        let shared = MmapOptions::new().offset(page as u64).len(page + size).map_raw_read_only(fd)?;
        let mut ring = Self { reader, shared, page, size, position: 0, joined: Vec::new() };
        ring.position = ring.reader_position().load(Ordering::Acquire);
        Ok(ring)
    }

    /// Hands over the records that are complete, about `most_bytes` of them at most; whether none is left.
    pub fn drain(&mut self, most_bytes: usize, mut each: impl FnMut(&[u8])) -> bool {
        let end = self.position + most_bytes as u64;
        // Asked again whenever the last answer is used up: writers go on meanwhile.
        let mut written = self.position;
        loop {
            if self.position >= written {
                written = self.writer_position().load(Ordering::Acquire);
                if self.position >= written {
                    return true;
                }
            }
            if self.position >= end {
                return false;
            }
            let at = self.position as usize & (self.size - 1);
            let head = self.head(at).load(Ordering::Acquire);
            if head & BUSY != 0 {
                return true;
            }
            let length = (head & !DISCARDED) as usize;
            // The kernel makes no longer ones; a ring that is damaged all the same must not be read past its end.
            if length + HEADER > self.size {
                self.position = written;
                continue;
            }
            if head & DISCARDED == 0 {
                self.hand_over((at + HEADER) & (self.size - 1), length, &mut each);
            }
            self.position += (length + HEADER).next_multiple_of(HEADER) as u64;
            self.reader_position().store(self.position, Ordering::Release);
        }
    }

    fn hand_over(&mut self, at: usize, length: usize, each: &mut impl FnMut(&[u8])) {
        let first = length.min(self.size - at);
        // SAFETY: both parts lie inside the mapping, and nobody writes a record that is complete until the reader's
        // position has passed it.
        let (start, rest) = unsafe {
            let records = self.shared.as_ptr().add(self.page);
            (std::slice::from_raw_parts(records.add(at), first), std::slice::from_raw_parts(records, length - first))
        };
        if rest.is_empty() {
            each(start);
            return;
        }
        self.joined.clear();
        self.joined.extend_from_slice(start);
        self.joined.extend_from_slice(rest);
        each(&self.joined);
    }

    fn reader_position(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapped page that lives as long as self; the kernel reads it as one word.
        unsafe { &*self.reader.as_ptr().cast::<AtomicU64>() }
    }

    fn writer_position(&self) -> &AtomicU64 {
        // SAFETY: as above; it is only loaded from, as the page cannot be written.
        unsafe { &*self.shared.as_ptr().cast::<AtomicU64>() }
    }

    /// The first word of a record's header.
    fn head(&self, at: usize) -> &AtomicU32 {
        // SAFETY: `at` is below the size and a multiple of 8, so the word is aligned and inside the mapping; it is only
        // loaded from.
        unsafe { &*self.shared.as_ptr().add(self.page + at).cast::<AtomicU32>() }
    }
}
