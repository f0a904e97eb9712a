//! `iter`: the walk that a link stands for, done once from beginning to end, or left in the BPF file system.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::eventfd::EventFd;
use tracedeck_compiler::manifest::{IteratorSpec, ProgramKind};

use super::super::bpf::link;
use super::{AttachError, Link, Place};

/// Where relative names of pins lead.
const BPF_FILES: &str = "/sys/fs/bpf";
/// Iterators that can be told to visit one process only.
const OF_TASKS: [&str; 3] = ["task", "task_file", "task_vma"];

pub(super) fn attach(place: &Place<'_>, spec: &IteratorSpec) -> Result<Vec<Link>, AttachError> {
    let filters = matches!(place.kind, ProgramKind::Iterator { name } if OF_TASKS.contains(&name.as_str()));
    let link = link::iterator(place.program, spec.pid.filter(|_| filters))
        .map_err(|error| AttachError::new("creating the iterator", error))?;
    if let Some(pin) = &spec.pin {
        let path = pin_path(pin);
        link::pin(link.as_fd(), &path)
            .map_err(|error| AttachError::new(format!("leaving the iterator at {}", path.display()), error))?;
    }
    Ok(vec![Link::new(link, None)])
}

/// The file that a pin's name stands for.
pub fn pin_path(pin: &str) -> PathBuf {
    Path::new(BPF_FILES).join(pin)
}

/// A walk under way, on a thread of its own: what it says goes through the ring meanwhile.
pub struct Walk(JoinHandle<io::Result<()>>);

impl Walk {
    /// Starts the walk of a link; `wake` is written to when it is over.
    pub fn start(link: &Link, wake: Arc<EventFd>) -> io::Result<Self> {
        let mut walk = File::from(link::walk(link.link.as_fd())?);
        let thread = std::thread::Builder::new().name("td-iter".to_owned()).spawn(move || {
            let mut buffer = [0; 4096];
            let result = loop {
                match walk.read(&mut buffer) {
                    Ok(0) => break Ok(()),
                    Ok(_) => {}
                    // The kernel takes a breath after a million objects.
                    Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                    Err(error) => break Err(error),
                }
            };
            let _ = wake.write(1);
            result
        })?;
        Ok(Self(thread))
    }

    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    /// How it went.
    pub fn finish(self) -> io::Result<()> {
        self.0.join().unwrap_or_else(|_| Err(io::Error::other("the walk's thread failed")))
    }
}
