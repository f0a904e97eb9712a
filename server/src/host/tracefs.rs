//! The kernel's tracepoints: their names, ids and record formats, from tracefs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where tracefs is mounted on this machine.
pub struct TraceFs {
    root: PathBuf,
    /// `(category, event)`, sorted.
    events: OnceLock<Vec<(String, String)>>,
}

const ROOTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

impl TraceFs {
    /// Finds tracefs, or mounts it where it belongs, which needs root.
    pub fn find() -> io::Result<Self> {
        if let Some(root) = mounted() {
            return Ok(Self::at(root));
        }
        let tried = Command::new("mount").args(["-t", "tracefs", "nodev", ROOTS[0]]).output();
        match (mounted(), tried) {
            (Some(root), _) => Ok(Self::at(root)),
            (None, Ok(output)) => Err(io::Error::other(format!(
                "tracefs is not mounted at {} and could not be mounted: {}",
                ROOTS[0],
                String::from_utf8_lossy(&output.stderr).trim()
            ))),
            (None, Err(error)) => Err(io::Error::other(format!("tracefs is not mounted at {} ({error})", ROOTS[0]))),
        }
    }

    pub fn at(root: PathBuf) -> Self {
        Self { root, events: OnceLock::new() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All events that programs can attach to, sorted. One file lists them, which is far quicker than a walk.
    pub fn events(&self) -> &[(String, String)] {
        self.events.get_or_init(|| {
            let text = std::fs::read_to_string(self.root.join("available_events")).unwrap_or_default();
            let mut events: Vec<_> = text
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(category, event)| (category.to_owned(), event.to_owned()))
                .collect();
            events.sort();
            events.dedup();
            events
        })
    }

    /// Whether programs can attach to an event, without reading the list of all, which takes the kernel 2 ms.
    pub fn has(&self, category: &str, event: &str) -> bool {
        self.event_file(category, event, "id").is_ok_and(|file| file.exists())
    }

    /// The text of `format`. Names are checked, so that no pattern or path can leave the events directory.
    pub fn format_text(&self, category: &str, event: &str) -> io::Result<String> {
        std::fs::read_to_string(self.event_file(category, event, "format")?)
    }

    /// The number that `perf_event_open` takes.
    pub fn id(&self, category: &str, event: &str) -> io::Result<u64> {
        let text = std::fs::read_to_string(self.event_file(category, event, "id")?)?;
        text.trim()
            .parse()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the tracepoint's id is not a number"))
    }

    fn event_file(&self, category: &str, event: &str, file: &str) -> io::Result<PathBuf> {
        for name in [category, event] {
            if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no tracepoint is called '{name}'")));
            }
        }
        Ok(self.root.join("events").join(category).join(event).join(file))
    }
}

fn mounted() -> Option<PathBuf> {
    ROOTS.iter().map(Path::new).find(|root| root.join("events").is_dir()).map(Path::to_owned)
}
