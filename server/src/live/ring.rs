//! The ring buffer: emptied every few milliseconds; a process seen for the first time wakes the reader at once.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;

use super::bpf::map::Map;
use super::bpf::ring::RingMemory;

/// How long records may lie in the ring. Programs send records without waking anybody, which costs them nothing; a
/// tick of 5 ms then takes 1.8 million records a second at 4 % of one processor.
pub const TICK: Duration = Duration::from_millis(5);
const MILLISECOND: u32 = 1_000_000;

/// The reader's end of the ring buffer.
pub struct Ring {
    /// None for a script that sends nothing.
    buffer: Option<RingMemory>,
    epoll: Epoll,
}

impl Ring {
    /// `wake` ends a wait early.
    pub fn new(map: Option<Map>, wake: &Arc<EventFd>) -> io::Result<Self> {
        let buffer = map.map(RingMemory::of).transpose()?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        if let Some(buffer) = &buffer {
            // Edge-triggered: unread records alone, which make a ring readable, are no reason to wake up.
            epoll.add(buffer.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0))?;
        }
        epoll.add(wake.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 1))?;
        Ok(Self { buffer, epoll })
    }

    /// Waits for a while, or until a program or a thread wants attention.
    pub fn wait(&self, most: Duration) {
        let mut events = [EpollEvent::empty(); 2];
        if !most.subsec_nanos().is_multiple_of(MILLISECOND) {
            // epoll counts in milliseconds; its descriptor can be waited for like others.
            let mut waiting = [PollFd::new(self.epoll.0.as_fd(), PollFlags::POLLIN)];
            let _ = ppoll(&mut waiting, Some(most.into()), None);
        }
        let whole = if most.subsec_nanos().is_multiple_of(MILLISECOND) { most } else { Duration::ZERO };
        let timeout = EpollTimeout::try_from(whole).unwrap_or(EpollTimeout::ZERO);
        // An interrupted wait is a short one.
        let _ = self.epoll.wait(&mut events, timeout);
    }

    /// Hands over what is in the ring, about `most_bytes` of it at most; whether the ring was emptied.
    pub fn drain(&mut self, most_bytes: usize, each: impl FnMut(&[u8])) -> bool {
        let Some(buffer) = &mut self.buffer else { return true };
        buffer.drain(most_bytes, each).unwrap_or_else(|error| {
            // What is not read in time is counted by the programs, as they find no room.
            tracing::warn!(%error, "the ring buffer cannot be mapped");
            true
        })
    }
}
