//! `system()`: a shell command of the script, its output as an event.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Output beyond this is dropped.
const MOST_OUTPUT: u64 = 1 << 20;
/// How long a command may go on once the run was stopped.
const GRACE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);

/// Runs a command with `sh -c` and returns what it wrote to its two streams, standard output first.
///
/// Later output of the script waits for it, as in bpftrace. A command that outlives a stopped run is killed.
pub fn run(command: &[u8], is_stopped: impl Fn() -> bool) -> io::Result<Vec<u8>> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let readers = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    let mut stopped_at: Option<Instant> = None;
    while child.try_wait()?.is_none() {
        if is_stopped() && stopped_at.get_or_insert_with(Instant::now).elapsed() > GRACE {
            child.kill()?;
            child.wait()?;
            // What it started may still hold the pipes.
            return Ok(Vec::new());
        }
        std::thread::sleep(POLL);
    }
    // What the command left behind in the background may hold the pipes for as long as it likes.
    Ok(readers.into_iter().flatten().filter_map(|output| output.recv_timeout(GRACE).ok()).flatten().collect())
}

/// Reads to the end, so that the command is never stuck on a full pipe; hands over the first part.
fn reader(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        // A read that fails ends the output.
        let _ = from.by_ref().take(MOST_OUTPUT).read_to_end(&mut kept);
        let rest = io::copy(&mut from, &mut io::sink());
        let _ = (rest, sender.send(kept));
    });
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_of_a_command_are_kept() {
        let output = run(b"echo error >&2; echo output", || false).expect("sh runs");
        assert_eq!(output, b"output\nerror\n");
    }

    #[test]
    fn a_command_that_outlives_its_run_is_killed() {
        assert_eq!(run(b"exec sleep 1000", || true).expect("sh runs"), b"");
    }
}
