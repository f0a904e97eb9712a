//! Where worker processes come from: one is always kept warm, so that pressing Run does not wait for one to start.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::WorkerDriver;
use crate::session::driver::{Driver, RunRequest};

/// How to start a worker process. It finds its socket as standard input.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
}

impl WorkerCommand {
    /// This very program, also after its file was replaced.
    pub fn own() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![OsString::from("worker")],
            environment: Vec::new(),
        }
    }
}

/// A worker that waits for its request.
#[derive(Debug)]
pub struct Spare {
    pub child: Child,
    pub stream: UnixStream,
}

/// Hands out workers.
#[derive(Debug, Clone)]
pub struct WorkerPool {
    /// To the thread that starts all workers. Workers die with that thread (`PR_SET_PDEATHSIG` names the thread that
    /// called fork, not its process), so it lives as long as the pool.
    takers: Sender<Sender<io::Result<Spare>>>,
}

impl WorkerPool {
    /// Starts the first spare worker.
    pub fn new(command: WorkerCommand) -> io::Result<Self> {
        let (takers, requests) = mpsc::channel();
        thread::Builder::new().name("workers".to_owned()).spawn(move || keep_spare(&command, &requests))?;
        Ok(Self { takers })
    }

    /// Begins a run in a worker of its own.
    pub fn start(&self, request: RunRequest) -> io::Result<Box<dyn Driver>> {
        let (reply, spare) = mpsc::channel();
        let gone = || io::Error::other("no worker processes are started any more");
        self.takers.send(reply).map_err(|_| gone())?;
        let spare = spare.recv().map_err(|_| gone())??;
        Ok(Box::new(WorkerDriver::start(spare, request)?))
    }
}

fn keep_spare(command: &WorkerCommand, requests: &Receiver<Sender<io::Result<Spare>>>) {
    let mut spare = spawn(command).inspect_err(|error| tracing::warn!(%error, "cannot start a worker process")).ok();
    while let Ok(reply) = requests.recv() {
        let alive = spare.take().filter(|spare: &Spare| is_alive(spare)).map(Ok);
        // A taker that is gone drops the worker's socket, which ends the worker.
        let _ = reply.send(alive.unwrap_or_else(|| spawn(command)));
        spare = spawn(command).inspect_err(|error| tracing::warn!(%error, "cannot start a worker process")).ok();
    }
    if let Some(mut spare) = spare {
        let _ = spare.child.kill();
        let _ = spare.child.wait();
    }
}

/// A process that has exited can be found out without waiting for it: its end of the socket is closed.
fn is_alive(spare: &Spare) -> bool {
    let mut byte = [0; 1];
    let peek = nix::sys::socket::recv(
        std::os::fd::AsRawFd::as_raw_fd(&spare.stream),
        &mut byte,
        nix::sys::socket::MsgFlags::MSG_PEEK | nix::sys::socket::MsgFlags::MSG_DONTWAIT,
    );
    !matches!(peek, Ok(0)) && !matches!(peek, Err(error) if error != nix::errno::Errno::EAGAIN)
}

fn spawn(command: &WorkerCommand) -> io::Result<Spare> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(&command.program)
        .args(&command.arguments)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        // Ctrl-C in the server's terminal is the server's business: it stops the runs in order.
        .process_group(0)
        .spawn()?;
    Ok(Spare { child, stream: ours })
}
