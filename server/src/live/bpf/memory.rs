//! An mmapable array as memory: flags, counters and scalar maps without system calls.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

use super::map::Map;

/// The first value of an mmapable map, shared with the programs that run.
///
/// Programs write while this reads: every access is one aligned atomic word, so a value is never torn within 8 bytes.
#[derive(Debug)]
pub struct Memory {
    mapping: MmapRaw,
    size: usize,
}

impl Memory {
    /// Maps `size` bytes of a map created with `BPF_F_MMAPABLE`.
    pub fn of(map: &Map, size: usize) -> io::Result<Self> {
        use std::os::fd::AsFd;
        let mapping = MmapOptions::new().len(size).map_raw(map.as_fd().as_raw_fd())?;
        Ok(Self { mapping, size })
    }

    /// The u64 at a byte offset that is a multiple of 8; 0 outside of the mapping.
    pub fn load(&self, offset: usize) -> u64 {
        self.word(offset).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    pub fn store(&self, offset: usize, value: u64) {
        if let Some(word) = self.word(offset) {
            word.store(value, Ordering::Release);
        }
    }

    /// Writes the u32 at a byte offset that is a multiple of 4.
    pub fn store_u32(&self, offset: usize, value: u32) {
        if offset.is_multiple_of(4) && offset + 4 <= self.size {
            // SAFETY: inside the mapping, which lives as long as self, and aligned: it begins at a page. All access
            // to this memory in this process is atomic.
            let word = unsafe { &*self.mapping.as_ptr().add(offset).cast::<AtomicU32>() };
            word.store(value, Ordering::SeqCst);
        }
    }

    /// A copy of the bytes at an offset; both must be multiples of 8. Shorter at the end of the mapping.
    pub fn copy(&self, offset: usize, length: usize) -> Vec<u8> {
        (offset..offset.saturating_add(length))
            .step_by(8)
            .map_while(|at| self.word(at))
            .flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes())
            .collect()
    }

    /// Overwrites with zeros; both must be multiples of 8.
    pub fn clear(&self, offset: usize, length: usize) {
        (offset..offset.saturating_add(length)).step_by(8).for_each(|at| self.store(at, 0));
    }

    fn word(&self, offset: usize) -> Option<&AtomicU64> {
        if !offset.is_multiple_of(8) || offset.checked_add(8)? > self.size {
            return None;
        }
        // SAFETY: inside the mapping, which lives as long as self, and aligned: it begins at a page. All access to
        // this memory in this process is atomic.
        Some(unsafe { &*self.mapping.as_ptr().add(offset).cast::<AtomicU64>() })
    }
}
