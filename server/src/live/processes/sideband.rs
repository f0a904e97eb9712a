//! What the kernel tells of processes as they come and go: what they map, what they become, whose copies they are.
//!
//! A process that lives for a tenth of a millisecond is gone before anybody can read `/proc/PID/maps`. The records of a
//! perf event on each processor stay: they are written before the first instruction of a mapping runs, so before any
//! stack that goes through it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::super::bpf::perf::{self, PerfEvent};
use super::super::bpf::perf_buffer::{PerfBuffer, Record};
use super::super::clock::monotonic_ns;

/// Bytes of each processor's buffer, some five hundred programs started between two looks; and of all together, where
/// there are many processors.
const BUFFER_BYTES: usize = 256 << 10;
const ALL_BYTES: usize = 8 << 20;
const LEAST_BYTES: usize = 32 << 10;
/// Processes that are remembered; the ones longest ended go first.
const MOST_LIVES: usize = 8192;

/// Types of records: `PERF_RECORD_*`.
const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const FORK: u32 = 7;
const MMAP2: u32 = 10;
/// `PERF_RECORD_MISC_COMM_EXEC`: the process runs another program now.
const EXEC: u16 = 1 << 13;

/// An executable mapping that a process made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub start: u64,
    pub end: u64,
    pub offset: u64,
    /// As in `/proc/PID/maps`: major number << 32 | minor number.
    pub device: u64,
    pub inode: u64,
    /// A path, or a name such as `[vdso]` or `//anon`.
    pub path: Arc<str>,
}

/// One process, from when it was first heard of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// In the order in which they were made, without those that later ones replaced.
    pub mappings: Vec<Heard>,
    /// All its mappings were heard: it, or whom it is a copy of, has run a new program since.
    pub is_complete: bool,
    /// The process whose copy it began as.
    pub parent: Option<u32>,
    /// Changes with every mapping and every new program.
    pub version: u64,
    /// What it maps that was not heard is what its parent maps.
    pub is_copy: bool,
    has_copies: bool,
    has_ended: bool,
}

/// A record, and when it was written.
#[derive(Debug)]
struct Told {
    time: u64,
    kind: u32,
    misc: u16,
    body: Vec<u8>,
}

/// The records of all processors, and what was heard in them.
#[derive(Debug, Default)]
pub struct Sideband {
    buffers: Vec<PerfBuffer>,
    /// Read already, but not taken in.
    waiting: Vec<Told>,
    lives: HashMap<u32, Life>,
    /// In the order of their ends; some of these numbers live again.
    ended: VecDeque<u32>,
    /// Processes that run another program since this was last asked.
    changed: Vec<u32>,
    lost: u64,
}

impl Sideband {
    /// Listens on these processors; to fewer where an event cannot be opened.
    pub fn listen(cpus: &[u32]) -> Self {
        let mut buffers = Vec::new();
        let bytes = (ALL_BYTES / cpus.len().max(1)).clamp(LEAST_BYTES, BUFFER_BYTES);
        for cpu in cpus {
            let opened = perf::open(PerfEvent::Processes, -1, *cpu as i32);
            match opened.and_then(|event| PerfBuffer::new(event, bytes)) {
                Ok(buffer) => buffers.push(buffer),
                Err(error) => tracing::debug!(%error, cpu, "processes that live shortly may stay without names"),
            }
        }
        Self { buffers, ..Self::default() }
    }

    /// Takes in what was written until now. A process forks on one processor and runs on another: in the order of time.
    pub fn hear(&mut self) {
        if self.buffers.is_empty() {
            return;
        }
        let now = monotonic_ns();
        for buffer in &mut self.buffers {
            buffer.drain(|Record { kind, misc, body }| {
                if let Some((fields, time)) = body.split_last_chunk() {
                    self.waiting.push(Told { time: u64::from_ne_bytes(*time), kind, misc, body: fields.to_vec() });
                }
            });
        }
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.sort_by_key(|told| told.time);
        // What came in while the first buffer was emptied already may follow on something that is still in it.
        let until = self.waiting.partition_point(|told| told.time <= now);
        let told: Vec<Told> = self.waiting.drain(..until).collect();
        for Told { kind, misc, body, .. } in &told {
            self.take(Record { kind: *kind, misc: *misc, body });
        }
    }

    /// What was heard of a process.
    pub fn life(&self, pid: u32) -> Option<&Life> {
        self.lives.get(&pid)
    }

    /// Processes that run another program since the last call, or began to run: what was known of these numbers before
    /// is of the past.
    pub fn take_changed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    /// Records that found no room.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// None for a record that is cut off, or of no interest.
    fn take(&mut self, record: Record<'_>) -> Option<()> {
        let mut fields = Fields(record.body);
        match record.kind {
            FORK => {
                let (pid, parent) = (fields.u32()?, fields.u32()?);
                // A new thread is a process's own.
                if pid != parent {
                    self.fork(pid, parent);
                }
            }
            COMM if record.misc & EXEC != 0 => {
                self.run_program(fields.u32()?);
            }
            MMAP2 => {
                let (pid, _thread) = (fields.u32()?, fields.u32()?);
                let (start, length, offset) = (fields.u64()?, fields.u64()?, fields.u64()?);
                let device = u64::from(fields.u32()?) << 32 | u64::from(fields.u32()?);
                let (inode, _generation) = (fields.u64()?, fields.u64()?);
                let (_protection, _flags) = (fields.u32()?, fields.u32()?);
                let heard =
                    Heard { start, end: start.checked_add(length)?, offset, device, inode, path: fields.text().into() };
                self.make_room();
                self.lives.entry(pid).or_default().map(heard);
            }
            EXIT => {
                let (pid, _parent, thread) = (fields.u32()?, fields.u32()?, fields.u32()?);
                if pid == thread
                    && let Some(life) = self.lives.get_mut(&pid)
                {
                    life.has_ended = true;
                    self.ended.push_back(pid);
                }
            }
            LOST => {
                let (_id, count) = (fields.u64()?, fields.u64()?);
                self.lost += count;
            }
            _ => {}
        }
        Some(())
    }

    /// A process begins as a copy of another, as that is now.
    fn fork(&mut self, pid: u32, parent: u32) {
        self.make_room();
        let original = self.lives.entry(parent).or_default();
        original.has_copies = true;
        let life = Life {
            mappings: original.mappings.clone(),
            is_complete: original.is_complete,
            parent: Some(parent),
            is_copy: !original.is_complete,
            ..Life::default()
        };
        self.lives.insert(pid, life);
        self.changed.push(pid);
    }

    /// A process leaves all it had and maps a program.
    fn run_program(&mut self, pid: u32) {
        self.make_room();
        let life = self.lives.entry(pid).or_default();
        let had_copies = life.has_copies;
        *life = Life { is_complete: true, parent: life.parent, version: life.version + 1, ..Life::default() };
        if had_copies {
            // They are copies of what it was, which nobody can read any more.
            let copies = self.lives.values_mut().filter(|life| life.parent == Some(pid));
            copies.for_each(|life| life.is_copy = false);
        }
        self.changed.push(pid);
    }

    fn make_room(&mut self) {
        while self.lives.len() >= MOST_LIVES {
            match self.ended.pop_front() {
                // The number may live again by now.
                Some(pid) => {
                    if self.lives.get(&pid).is_some_and(|life| life.has_ended) {
                        self.lives.remove(&pid);
                    }
                }
                // So many live at once: what was heard of them can be read again in /proc.
                None => self.lives.clear(),
            }
        }
        // Numbers that were used again and again.
        while self.ended.len() > MOST_LIVES {
            self.ended.pop_front();
        }
    }
}

impl Life {
    fn map(&mut self, heard: Heard) {
        self.mappings.retain(|known| known.end <= heard.start || heard.end <= known.start);
        self.mappings.push(heard);
        self.version += 1;
    }
}

/// The rest of a record, read from its front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_ne_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_ne_bytes(*bytes))
    }

    /// Up to the NUL.
    fn text(&self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        String::from_utf8_lossy(&self.0[..end]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn mmap(pid: u32, start: u64, length: u64, path: &str) -> Vec<u8> {
        let mut body = words(&[pid, pid]);
        [start, length, 0x1000].iter().for_each(|number| body.extend(number.to_ne_bytes()));
        body.extend(words(&[8, 1]));
        [77_u64, 0].iter().for_each(|number| body.extend(number.to_ne_bytes()));
        body.extend(words(&[5, 2]));
        body.extend(path.as_bytes());
        body.extend([0; 8]);
        body
    }

    fn tell(sideband: &mut Sideband, kind: u32, misc: u16, body: &[u8]) {
        sideband.take(Record { kind, misc, body });
    }

    #[test]
    fn a_new_program_begins_with_its_own_mappings_only() {
        let mut sideband = Sideband::default();
        tell(&mut sideband, FORK, 0, &words(&[20, 10, 20, 10, 0, 0]));
        assert_eq!(sideband.life(20).map(|life| (life.parent, life.is_complete)), Some((Some(10), false)));
        tell(&mut sideband, MMAP2, 0, &mmap(20, 0x1000, 0x1000, "/old"));
        tell(&mut sideband, COMM, EXEC, &words(&[20, 20, 0, 0]));
        tell(&mut sideband, MMAP2, 0, &mmap(20, 0x4000, 0x2000, "/bin/true"));
        tell(&mut sideband, MMAP2, 0, &mmap(20, 0x8000, 0x2000, "/lib/libc.so.6"));
        let life = sideband.life(20).expect("heard of");
        assert!(life.is_complete && !life.is_copy);
        assert_eq!(life.mappings.iter().map(|heard| &*heard.path).collect::<Vec<_>>(), ["/bin/true", "/lib/libc.so.6"]);
        assert_eq!((life.mappings[0].end, life.mappings[0].device, life.mappings[0].inode), (0x6000, 8 << 32 | 1, 77));
        assert_eq!(sideband.take_changed(), [20, 20]);
        assert!(sideband.take_changed().is_empty());
    }

    #[test]
    fn a_mapping_replaces_what_lay_at_its_place_and_threads_are_no_processes() {
        let mut sideband = Sideband::default();
        tell(&mut sideband, MMAP2, 0, &mmap(5, 0x1000, 0x3000, "/first"));
        tell(&mut sideband, MMAP2, 0, &mmap(5, 0x2000, 0x1000, "/second"));
        tell(&mut sideband, COMM, 0, &words(&[5, 5, 0, 0]));
        tell(&mut sideband, FORK, 0, &words(&[5, 5, 6, 5, 0, 0]));
        let life = sideband.life(5).expect("heard of");
        assert_eq!(life.mappings.iter().map(|heard| &*heard.path).collect::<Vec<_>>(), ["/second"]);
        assert!(!life.is_complete);
        assert!(sideband.life(6).is_none());
    }

    #[test]
    fn a_copy_maps_what_its_parent_mapped_until_that_becomes_another() {
        let mut sideband = Sideband::default();
        tell(&mut sideband, COMM, EXEC, &words(&[10, 10, 0, 0]));
        tell(&mut sideband, MMAP2, 0, &mmap(10, 0x4000, 0x2000, "/bin/sh"));
        tell(&mut sideband, FORK, 0, &words(&[20, 10, 20, 10, 0, 0]));
        tell(&mut sideband, COMM, EXEC, &words(&[10, 10, 0, 0]));
        let life = sideband.life(20).expect("heard of");
        assert!(life.is_complete && life.mappings.len() == 1, "what it copied stays: {life:?}");
        assert_eq!(sideband.life(10).map(|life| life.mappings.len()), Some(0));

        // Of an older process only its number is known.
        tell(&mut sideband, FORK, 0, &words(&[40, 30, 40, 30, 0, 0]));
        assert!(sideband.life(40).is_some_and(|life| life.is_copy));
        tell(&mut sideband, COMM, EXEC, &words(&[30, 30, 0, 0]));
        assert!(sideband.life(40).is_some_and(|life| !life.is_copy));
    }

    #[test]
    fn records_that_are_cut_off_change_nothing_and_losses_add_up() {
        let mut sideband = Sideband::default();
        tell(&mut sideband, MMAP2, 0, &mmap(5, 0x1000, 0x3000, "/x")[..40]);
        assert!(sideband.life(5).is_none());
        for count in [3_u64, 4] {
            tell(&mut sideband, LOST, 0, &[0_u64.to_ne_bytes(), count.to_ne_bytes()].concat());
        }
        assert_eq!(sideband.lost(), 7);
    }

    #[test]
    fn the_ended_make_room_for_the_living() {
        let mut sideband = Sideband::default();
        // Their parent is known, too.
        for pid in 1..MOST_LIVES as u32 {
            tell(&mut sideband, FORK, 0, &words(&[pid, 100_000, pid, 0, 0, 0]));
        }
        tell(&mut sideband, EXIT, 0, &words(&[7, 1, 7, 1, 0, 0]));
        tell(&mut sideband, FORK, 0, &words(&[50_000, 100_000, 50_000, 0, 0, 0]));
        assert!(sideband.life(7).is_none() && sideband.life(8).is_some() && sideband.life(50_000).is_some());
    }
}
