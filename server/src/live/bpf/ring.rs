//! The memory of a ring buffer, as its only reader sees it (`kernel/bpf/ringbuf.c`): a page with the reader's position,
//! a page with the writers', then the records.
//!
//! Mapped once, and piece by piece as the writers get there. libbpf and aya map all records at the start, and twice in a
//! row, so that one that crosses the end lies in one piece; but mapped pages count as memory of the process, twice as
//! well, and mapping 8 MB takes half a millisecond. Here a record that crosses the end of a piece is copied.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use nix::unistd::{SysconfVar, sysconf};

use super::map::Map;

/// `BPF_RINGBUF_BUSY_BIT`: reserved, not written yet.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`: given up by its writer.
const DISCARDED: u32 = 1 << 30;
/// Bytes that are mapped together at most, a power of two.
const PIECE: usize = 512 << 10;
/// Bytes before each record: its length with the two bits, and a number for the kernel.
const HEADER: usize = 8;

#[derive(Debug)]
pub struct RingMemory {
    map: Map,
    /// The reader's position.
    reader: MmapRaw,
    /// The writers' position.
    writer: MmapRaw,
    /// The records, as far as they are mapped; all pieces have the same size.
    pieces: Vec<Option<MmapRaw>>,
    piece: usize,
    page: usize,
    /// Bytes of the records, a power of two.
    size: usize,
    position: u64,
    /// A record that crosses the end of a piece.
    joined: Vec<u8>,
}

impl RingMemory {
    pub fn of(map: Map) -> io::Result<Self> {
        let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as usize;
        let size = map.max_entries() as usize;
        if !size.is_power_of_two() || size < page {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("a ring of {size} bytes")));
        }
        let fd = map.as_fd().as_raw_fd();
        let reader = MmapOptions::new().len(page).map_raw(fd)?;
        let writer = MmapOptions::new().offset(page as u64).len(page).map_raw_read_only(fd)?;
        let piece = size.min(PIECE);
        let pieces = std::iter::repeat_with(|| None).take(size / piece).collect();
        let mut ring = Self { map, reader, writer, pieces, piece, page, size, position: 0, joined: Vec::new() };
        ring.position = ring.reader_position().load(Ordering::Acquire);
        Ok(ring)
    }

    /// Readable when a program asks for attention.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.as_fd()
    }

    /// The piece that a place of the ring is in.
    fn piece(&mut self, at: usize) -> io::Result<*const u8> {
        let index = at / self.piece;
        if let Some(piece) = &self.pieces[index] {
            return Ok(piece.as_ptr());
        }
        let offset = 2 * self.page + index * self.piece;
        let fd = self.map.as_fd().as_raw_fd();
        let mapped = MmapOptions::new().offset(offset as u64).len(self.piece).map_raw_read_only(fd)?;
        Ok(self.pieces[index].insert(mapped).as_ptr())
    }

    /// Hands over the records that are complete, about `most_bytes` of them at most; whether none is left.
    ///
    /// Errors: no memory to map the records; they stay where they are.
    pub fn drain(&mut self, most_bytes: usize, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
        let end = self.position + most_bytes as u64;
        // Asked again whenever the last answer is used up: writers go on meanwhile.
        let mut written = self.position;
        loop {
            if self.position >= written {
                written = self.writer_position().load(Ordering::Acquire);
                if self.position >= written {
                    return Ok(true);
                }
            }
            if self.position >= end {
                return Ok(false);
            }
            let at = self.position as usize & (self.size - 1);
            let head = self.head(at)?;
            if head & BUSY != 0 {
                return Ok(true);
            }
            let length = (head & !DISCARDED) as usize;
            // The kernel makes no longer ones; a ring that is damaged all the same must not be read past its end.
            if length + HEADER > self.size {
                self.position = written;
                continue;
            }
            if head & DISCARDED == 0 {
                self.hand_over((at + HEADER) & (self.size - 1), length, &mut each)?;
            }
            self.position += (length + HEADER).next_multiple_of(HEADER) as u64;
            self.reader_position().store(self.position, Ordering::Release);
        }
    }

    fn hand_over(&mut self, at: usize, length: usize, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let first = self.records(at, length)?;
        if first.len() == length {
            each(first);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.joined);
        joined.clear();
        while joined.len() < length {
            let rest = self.records((at + joined.len()) & (self.size - 1), length - joined.len())?;
            joined.extend_from_slice(rest);
        }
        each(&joined);
        self.joined = joined;
        Ok(())
    }

    /// Bytes of complete records, `most` or as many as there are in the piece.
    fn records(&mut self, at: usize, most: usize) -> io::Result<&[u8]> {
        let piece = self.piece(at)?;
        let offset = at & (self.piece - 1);
        // SAFETY: the part lies inside the piece's mapping, and nobody writes a record that is complete until the
        // reader's position has passed it.
        Ok(unsafe { std::slice::from_raw_parts(piece.add(offset), most.min(self.piece - offset)) })
    }

    fn reader_position(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapped page that lives as long as self; the kernel reads it as one word.
        unsafe { &*self.reader.as_ptr().cast::<AtomicU64>() }
    }

    fn writer_position(&self) -> &AtomicU64 {
        // SAFETY: as above; it is only loaded from, as the page cannot be written.
        unsafe { &*self.writer.as_ptr().cast::<AtomicU64>() }
    }

    /// The first word of a record's header.
    fn head(&mut self, at: usize) -> io::Result<u32> {
        let piece = self.piece(at)?;
        let offset = at & (self.piece - 1);
        // SAFETY: `at` is a multiple of 8, so the word is aligned and inside the piece's mapping; it is only loaded from.
        let head = unsafe { &*piece.add(offset).cast::<AtomicU32>() };
        Ok(head.load(Ordering::Acquire))
    }
}
