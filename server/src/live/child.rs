//! The `-c` command: started at once, but held before its first instruction until all probes are attached.
#![allow(unsafe_code)]

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{AccessFlags, Pid, access};

/// A command under our control.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    /// A byte lets the command run; closing this ends it before it began.
    go: Option<io::PipeWriter>,
    /// How it ended, or why it could not be started.
    ended: Receiver<io::Result<ExitStatus>>,
    has_ended: bool,
}

/// What became of a command so far.
#[derive(Debug)]
pub enum Progress {
    Running,
    Ended,
    /// It could not be started after all: no such program, no permission.
    Failed(io::Error),
}

impl Child {
    /// Forks; the new process waits between fork and exec, so that its number is known and nothing has run yet.
    ///
    /// # Errors
    /// An empty or unbalanced command, one whose program is not there, and what fork may fail with. What exec alone
    /// finds shows later, as [`Progress::Failed`].
    pub fn hold(command: &str) -> io::Result<Self> {
        let (program, arguments) = parts(command)?;
        let (held, go) = io::pipe()?;
        let (mut pid_out, pid_in) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments);
        let (wait_on, tell) = (held.as_raw_fd(), pid_in.as_raw_fd());
        let (go_fd, pid_fd) = (go.as_raw_fd(), pid_out.as_raw_fd());
        // SAFETY: between fork and exec only these system calls are made, on descriptors that the closure's owner
        // keeps open until `spawn` returns, and on memory of the stack.
        unsafe {
            command.pre_exec(move || {
                libc::close(go_fd);
                libc::close(pid_fd);
                let pid = libc::getpid().to_ne_bytes();
                libc::write(tell, pid.as_ptr().cast(), pid.len());
                libc::close(tell);
                let mut byte = 0_u8;
                loop {
                    match libc::read(wait_on, std::ptr::from_mut(&mut byte).cast(), 1) {
                        1 => return Ok(()),
                        // The run ended, or its process died, before anything was attached.
                        0 => return Err(io::Error::from_raw_os_error(libc::ECANCELED)),
                        _ if *libc::__errno_location() == libc::EINTR => {}
                        _ => return Err(io::Error::last_os_error()),
                    }
                }
            });
        }
        let (sender, ended) = channel();
        // `spawn` returns only after exec, so it has a thread of its own, which also waits for the end.
        std::thread::Builder::new().name("tracedeck-child".to_owned()).spawn(move || {
            let spawned = command.spawn();
            drop((held, pid_in));
            let _ = sender.send(spawned.and_then(|mut child| child.wait()));
        })?;
        let mut pid = [0; 4];
        if pid_out.read_exact(&mut pid).is_err() {
            return Err(match ended.recv() {
                Ok(Err(error)) => error,
                _ => invalid("it could not be started"),
            });
        }
        let pid = u32::from_ne_bytes(pid);
        wait_until_it_waits(pid);
        Ok(Self { pid, go: Some(go), ended, has_ended: false })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets the command run.
    pub fn release(&mut self) {
        if let Some(mut go) = self.go.take() {
            // A command that was killed meanwhile is reported as ended.
            let _ = go.write_all(&[1]);
        }
    }

    pub fn progress(&mut self) -> Progress {
        match self.ended.try_recv() {
            Err(TryRecvError::Empty) => Progress::Running,
            Ok(Err(error)) => {
                self.has_ended = true;
                Progress::Failed(error)
            }
            Ok(Ok(_)) | Err(TryRecvError::Disconnected) => {
                self.has_ended = true;
                Progress::Ended
            }
        }
    }
}

impl Drop for Child {
    /// A run that ends first takes its command with it.
    fn drop(&mut self) {
        if !self.has_ended && matches!(self.progress(), Progress::Running) {
            // It may end by itself in this moment; its number is not reused before the waiting thread has seen it.
            let _ = kill(Pid::from_raw(self.pid as i32), Signal::SIGTERM);
        }
    }
}

/// Until the new process sleeps in its `read`: had it not begun that yet, a probe of `read` would count a call that is
/// not the command's.
fn wait_until_it_waits(pid: u32) {
    let path = format!("/proc/{pid}/stat");
    // `PID (NAME) STATE ...`, where the name may hold anything.
    let state = |text: &str| text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    while std::fs::read_to_string(&path).is_ok_and(|text| matches!(state(&text), Some('R' | 'D'))) {
        std::thread::yield_now();
    }
}

/// The program and the arguments of a command.
///
/// # Errors
/// An empty or unbalanced command, or one whose program cannot be started.
pub fn parts(command: &str) -> io::Result<(String, Vec<String>)> {
    let mut words = split(command).ok_or_else(|| invalid("its quotes are not balanced"))?.into_iter();
    let program = words.next().ok_or_else(|| invalid("it is empty"))?;
    is_there(&program)?;
    Ok((program, words.collect()))
}

/// Whether a program can be started, as far as that shows before its time has come: nothing need be attached for a
/// word that is misspelt.
fn is_there(program: &str) -> io::Result<()> {
    let check = |path: &Path| {
        access(path, AccessFlags::X_OK)?;
        if path.is_dir() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    };
    if program.contains('/') {
        return check(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path).any(|directory| check(&directory.join(program)).is_ok());
    if is_found { Ok(()) } else { Err(Errno::ENOENT.into()) }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

/// Splits a command at blanks; quotes and backslashes keep blanks, as in a shell. None where a quote stays open.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(characters.next()?),
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_separate_words_unless_quoted() {
        assert_eq!(
            split("sh -c 'a  b' \"x\\\"y\" z\\ w ''").expect("balanced"),
            ["sh", "-c", "a  b", "x\"y", "z w", ""]
        );
        assert_eq!(split("  "), Some(Vec::new()));
        assert_eq!(split("echo 'open"), None);
    }

    #[test]
    fn a_held_command_has_a_number_but_has_done_nothing_until_it_is_released() {
        let path = std::env::temp_dir().join(format!("td-child-{}", std::process::id()));
        let mut child = Child::hold(&format!("touch {}", path.display())).expect("forks");
        assert!(std::path::Path::new(&format!("/proc/{}", child.pid())).exists());
        assert!(matches!(child.progress(), Progress::Running));
        assert!(!path.exists());
        child.release();
        while matches!(child.progress(), Progress::Running) {
            std::thread::yield_now();
        }
        assert!(path.exists());
        std::fs::remove_file(path).expect("was created");
    }

    #[test]
    fn a_program_that_is_not_there_is_not_even_held() {
        for (command, kind) in [
            ("/no/such/program", io::ErrorKind::NotFound),
            ("no-such-program x", io::ErrorKind::NotFound),
            ("/etc", io::ErrorKind::PermissionDenied),
            ("/etc/passwd", io::ErrorKind::PermissionDenied),
        ] {
            assert_eq!(Child::hold(command).expect_err("cannot run").kind(), kind, "{command}");
        }
    }

    #[test]
    fn what_exec_alone_finds_shows_when_the_command_is_released() {
        let path = std::env::temp_dir().join(format!("td-interpreter-{}", std::process::id()));
        std::fs::write(&path, "#!/no/such/interpreter\n").expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("permitted");
        let mut child = Child::hold(&path.display().to_string()).expect("forks");
        child.release();
        let error = loop {
            match child.progress() {
                Progress::Running => std::thread::yield_now(),
                Progress::Ended => panic!("nothing can have run"),
                Progress::Failed(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        std::fs::remove_file(path).expect("was created");
    }
}
