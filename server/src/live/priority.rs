//! The thread that empties the ring goes first: a process that just sent its first stack may live for a millisecond.
#![allow(unsafe_code)]

/// Niceness of the thread. It sleeps most of the time; on a busy machine this decides whether it wakes up in time.
const NICENESS: libc::c_int = -10;

/// Raises the priority of the calling thread where that is permitted.
pub fn raise() {
    // SAFETY: no memory is involved. On Linux, 0 stands for the calling thread.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if result != 0 {
        tracing::debug!(error = %std::io::Error::last_os_error(), "the reader keeps its priority");
    }
}
