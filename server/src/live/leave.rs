//! Leaving without waiting: the kernel takes up to a tenth of a second to let go of each perf link, and a process
//! whose links are not gone yet does not end. A child inherits them and does the waiting.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Who lets go of the links of a run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detach {
    /// The run's own thread, at once.
    Here,
    /// A child of the process that is about to exit, see [`leave_links_to_a_child`]: whatever is being closed already
    /// when the child is made, this process would wait for.
    AtExit,
}

/// Links of all runs of this process.
static LINKS: AtomicUsize = AtomicUsize::new(0);

/// Counts a link for as long as it lives.
#[derive(Debug)]
pub struct Counted(());

impl Counted {
    pub fn new() -> Self {
        LINKS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LINKS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// To be called by a command as the last thing before it exits: a child takes over the links that are left and goes
/// when this process is gone. The runs have ended, so the programs are muted.
pub fn leave_links_to_a_child() -> io::Result<()> {
    if LINKS.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    let (parent_gone, held_by_parent) = io::pipe()?;
    let (waits, held) = (parent_gone.as_raw_fd(), held_by_parent.as_raw_fd());
    // SAFETY: the child makes only system calls and never returns. It owns copies of all descriptors; closing the
    // standard streams lets whoever reads this process's output see its end.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {
                libc::setsid();
                for fd in [0, 1, 2, held] {
                    libc::close(fd);
                }
                let mut byte = 0_u8;
                libc::read(waits, std::ptr::from_mut(&mut byte).cast(), 1);
                libc::_exit(0)
            }
            _ => {}
        }
    }
    // The child reads the pipe's end when this process has exited, not before.
    std::mem::forget(held_by_parent);
    Ok(())
}
