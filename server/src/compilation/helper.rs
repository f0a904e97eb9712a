//! The process that compiles for another: forked when a command or a worker starts, gone when it has answered.
//!
//! Its memory, LLVM's above all, is its own, and so is its death: a script that makes LLVM give up ends a helper and
//! becomes a message.
#![allow(unsafe_code)]

use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use tracedeck_compiler::diagnostic::Severity;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::{SourceFile, Span};

use super::{Ahead, Outcome, compile_and_store};
use crate::cache::Cache;
use crate::host::LiveKernel;
use crate::session::driver::RunRequest;
use crate::session::event::RunDiagnostic;
use crate::session::worker::frame::{self, FrameReader, Received};

/// LLVM and the parser recurse; this is room for the deepest script that the limits allow.
const STACK: usize = 16 << 20;
/// The descriptor of the helper's end of the socket.
const SOCKET: RawFd = 3;

/// A process that waits for a script, or compiles one.
#[derive(Debug)]
pub struct Helper {
    stream: UnixStream,
    pid: Pid,
}

impl Helper {
    /// Forks; the child calls `work` with its end of the socket and exits. The caller must be the only thread.
    pub fn fork(work: impl FnOnce(UnixStream)) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
        // SAFETY: the process has one thread (the caller's promise), so that the child may do what the parent may.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // The child must not return into its parent's work, not even by unwinding.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    leave_parent(theirs.as_raw_fd(), null.as_raw_fd());
                    std::mem::forget((theirs, ours, null));
                    // SAFETY: the descriptor was put there just now, and nothing else owns it.
                    work(unsafe { std::os::fd::FromRawFd::from_raw_fd(SOCKET) });
                }));
                // SAFETY: ends the process without running what the parent registered for its own end.
                unsafe { libc::_exit(0) }
            }
            pid => Ok(Self { stream: ours, pid: Pid::from_raw(pid) }),
        }
    }

    /// Has a script compiled.
    pub fn compile(mut self, request: &RunRequest) -> Outcome {
        match self.ask(request) {
            Ok(outcome) => outcome,
            Err(error) => {
                let how = match waitpid(self.pid, None) {
                    Ok(WaitStatus::Signaled(_, signal, _)) => format!("it was ended by {signal}"),
                    Ok(WaitStatus::Exited(_, code)) if code != 0 => format!("it ended with status {code}"),
                    _ => error.to_string(),
                };
                Err(vec![broken(&how)])
            }
        }
    }

    fn ask(&mut self, request: &RunRequest) -> io::Result<Outcome> {
        let mut bytes = Vec::new();
        frame::encode(request, &mut bytes)?;
        self.stream.write_all(&bytes)?;
        match FrameReader::new(&self.stream).receive()? {
            Received::Message(outcome) => Ok(outcome),
            Received::Nothing | Received::End => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Helper {
    /// A helper that was not asked anything ends when its socket closes; somebody must notice, but nobody waits.
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        let pid = self.pid;
        let _ = std::thread::Builder::new()
            .name("tracedeck-reap".to_owned())
            .spawn(move || while waitpid(pid, None) == Err(Errno::EINTR) {});
    }
}

/// Lets go of all that the parent has open but standard error. What is typed at the terminal is for the parent, which
/// may want to hear what becomes of the script.
fn leave_parent(socket: RawFd, null: RawFd) {
    // SAFETY: system calls on descriptors and signals of this process, whose other owners were forgotten.
    unsafe {
        for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
            libc::signal(signal, libc::SIG_IGN);
        }
        // A compilation that takes for ever ends with whoever wanted it.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"tracedeck-llvm".as_ptr());
        libc::dup2(null, 0);
        libc::dup2(null, 1);
        // A socket that is there already stays open; what is above it goes.
        libc::dup2(socket, SOCKET);
        libc::syscall(libc::SYS_close_range, SOCKET + 1, libc::c_uint::MAX, 0);
    }
}

/// The whole life of a helper: gets ready, compiles one script, answers, stores the result.
pub fn work(stream: UnixStream, kernel: &LiveKernel, cache: Option<&Cache>, ahead: Ahead) {
    std::thread::scope(|scope| {
        // Beside parsing and reading the kernel's types.
        scope.spawn(tracedeck_compiler::codegen::warm_up);
        let compiling = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
            if ahead == Ahead::Everything {
                warm_up(kernel);
            }
            let Received::Message(request) = FrameReader::new(&stream).receive::<RunRequest>()? else {
                return Ok(None);
            };
            let (outcome, store) = compile_and_store(&request, kernel, cache);
            let mut bytes = Vec::new();
            frame::encode(&outcome, &mut bytes)?;
            Ok::<_, io::Error>(Some((bytes, store)))
        });
        let compiled = match compiling.map(|thread| thread.join()) {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => {
                tracing::warn!(%error, "no thread to compile in");
                return;
            }
        };
        let answered = compiled.and_then(|compiled| match compiled {
            Some((bytes, store)) => answer(&stream, &bytes).map(|()| store),
            None => Ok(None),
        });
        match answered {
            Ok(Some(store)) => store(),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "nobody waits for the compiled script"),
        }
    });
}

/// Does once what every compilation needs. A machine without that tracepoint has warmed up less.
fn warm_up(kernel: &LiveKernel) {
    kernel.warm();
    let source = SourceFile::new("warm-up", "tracepoint:sched:sched_switch { @[args.next_pid] = count(); }");
    let _ = tracedeck_compiler::compile(&source, kernel, &CompileOptions::default());
}

/// To be called by the thread that was forked: the signal at its parent's end is that thread's own, and would come
/// before the result is stored wherever a script ends at once.
fn answer(mut stream: &UnixStream, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: as above. From the answer on the parent's end no longer matters, and whoever reads its standard error
    // sees that end without waiting for the disk.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, 0);
        libc::dup2(0, 2);
    }
    stream.write_all(bytes)?;
    stream.shutdown(std::net::Shutdown::Both)
}

fn broken(how: &str) -> RunDiagnostic {
    let message = format!("the compiler broke off: {how}");
    RunDiagnostic {
        severity: Severity::Error,
        code: "internal".to_owned(),
        rendered: format!("ERROR: {message}\n"),
        message,
        span: Span::default(),
        help: vec!["this is a mistake in tracedeck, not in the script; please report it with the script".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_ends_without_an_answer_is_said_to_have() {
        // Tests have threads; this child does nothing but exit.
        let helper = Helper::fork(drop).unwrap();
        let request = RunRequest {
            source_name: "stdin".to_owned(),
            imported: None,
            source: "begin { }".to_owned(),
            options: CompileOptions::default(),
            command: None,
            dry_run: false,
            live_maps: false,
            live_map_entries: 0,
            time_limit_seconds: 0,
            measure: false,
            server: None,
            debug_directories: Vec::new(),
        };
        let Err(errors) = helper.compile(&request) else { panic!("nothing was compiled") };
        assert!(errors[0].message.starts_with("the compiler broke off: "), "{errors:?}");
    }
}
