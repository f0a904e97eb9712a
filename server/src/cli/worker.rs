//! `tracedeck worker`: one run, on behalf of a server. Started by the server, never by a person.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use anyhow::{Context, bail};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

use tracedeck_compiler::codegen::ring;

use super::arguments::no_cache;
use crate::compilation::{Ahead, Compiler};
use crate::live::{self, Detach, LiveDriver};
use crate::session::driver::Driver;
use crate::session::worker::child;

/// Bytes of private memory: a script that makes the compiler ask for more loses its worker, not the machine its peace.
const MAX_MEMORY: u64 = 3 << 30;
/// Where memory runs short, a worker goes before anything that somebody else runs.
const OOM_SCORE: &str = "500";

/// Serves the run that comes over the socket on standard input.
pub fn run() -> anyhow::Result<u8> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        bail!("this command is for tracedeck's server; run scripts with `tracedeck run`");
    }
    let stream = UnixStream::from(stdin.as_fd().try_clone_to_owned().context("standard input")?);
    stream.peer_addr().context("standard input is not the socket of a server")?;

    // The socket tells of the server's end as well, but not to a process that is busy.
    prctl::set_pdeathsig(Signal::SIGKILL).context("PR_SET_PDEATHSIG")?;
    setrlimit(Resource::RLIMIT_DATA, MAX_MEMORY, MAX_MEMORY).context("RLIMIT_DATA")?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("RLIMIT_CORE")?;
    // Containers may forbid it.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);

    let mut compiler = Compiler::new(!no_cache());
    // Before the first thread.
    compiler.fork_helper(Ahead::Everything);
    let start = |request| match LiveDriver::start_with(request, Some(ring::USUAL_BYTES), Detach::Here, move |request| {
        compiler.compile(request)
    }) {
        Ok(driver) => Ok(Box::new(driver) as Box<dyn Driver>),
        Err(error) => Err(error.to_string()),
    };
    match child::serve(stream, live::raise_open_files, start) {
        // The server went away while it was being written to.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        result => result.map(|()| 0).context("the connection to the server"),
    }
}
