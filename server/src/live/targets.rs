//! What the probes are in, looked at while a run goes on: files that are replaced, modules that are unloaded, processes
//! that end. The kernel keeps probes where they were put and says nothing of it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracedeck_compiler::manifest::{AttachSpec, FunctionHome, KprobePlace, Manifest, ProgramKind};

use super::processes::is_alive;

const MODULES: &str = "/sys/module";

/// Files, modules and processes that were there when the probes were attached.
pub struct Targets {
    places: Vec<Place>,
    pids: Vec<u32>,
    /// Whether there was a process to trace at all.
    has_pids: bool,
}

struct Place {
    home: Home,
    /// The probes that are in it, for a person.
    probes: String,
    then: Option<Identity>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    File(PathBuf),
    Module(String),
}

/// What tells a file from the one that takes its name, and from itself once it was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    file: (u64, u64),
    content: (u64, i64, i64),
}

impl Targets {
    /// To be called when the probes are attached, before anybody is told so.
    pub fn new(manifest: &Manifest, pids: &[u32]) -> Self {
        let mut homes: BTreeMap<Home, Vec<&str>> = BTreeMap::new();
        for program in &manifest.programs {
            for point in &program.attach {
                let Some(probe) = manifest.probes.get(point.probe.index()) else { continue };
                for home in homes_of(&program.kind, &point.spec) {
                    homes.entry(home).or_default().push(&probe.name);
                }
            }
        }
        let places = homes.into_iter().map(|(home, names)| {
            let then = home.identity();
            Place { home, probes: in_short(&names), then }
        });
        Self { places: places.collect(), pids: pids.to_vec(), has_pids: !pids.is_empty() }
    }

    /// What has changed since the last look, for a person, each change once.
    pub fn changed(&mut self) -> Vec<String> {
        let mut messages = Vec::new();
        self.places.retain(|place| {
            let message = place.message();
            let is_same = message.is_none();
            messages.extend(message);
            is_same
        });
        messages
    }

    /// Processes that have ended since the last look, for a person.
    pub fn ended(&mut self) -> Vec<String> {
        let (alive, ended): (Vec<u32>, Vec<u32>) = self.pids.iter().partition(|pid| is_alive(**pid));
        let left = match alive.len() {
            0 => "nothing is left to trace".to_owned(),
            1 => "one process is still traced".to_owned(),
            count => format!("{count} processes are still traced"),
        };
        self.pids = alive;
        ended.iter().map(|pid| format!("the process {pid} has ended; {left}")).collect()
    }

    /// Whether the run was about processes and none of them is left.
    pub fn are_gone(&self) -> bool {
        self.has_pids && self.pids.is_empty()
    }
}

fn homes_of(kind: &ProgramKind, spec: &AttachSpec) -> Vec<Home> {
    match (kind, spec) {
        (_, AttachSpec::Uprobe(uprobe)) => vec![Home::File(PathBuf::from(&uprobe.path))],
        (ProgramKind::Trampoline { home: FunctionHome::Module(module), .. }, _) => vec![Home::Module(module.clone())],
        (_, AttachSpec::Kprobe(kprobe)) => {
            let mut modules: Vec<Home> = kprobe
                .places
                .iter()
                .filter_map(|place| match place {
                    KprobePlace::Symbol { name, .. } => Some(Home::Module(name.split_once(':')?.0.to_owned())),
                    KprobePlace::Address(_) => None,
                })
                .collect();
            modules.dedup();
            modules
        }
        _ => Vec::new(),
    }
}

impl Home {
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::File(path) => identity(path),
            // What is written there are statistics.
            Self::Module(name) => {
                identity(&Path::new(MODULES).join(name)).map(|found| Identity { content: (0, 0, 0), ..found })
            }
        }
    }

    /// Whether it is a file as a process sees it whose end takes the path away.
    fn is_gone_with_its_process(&self) -> bool {
        let Self::File(path) = self else { return false };
        let mut parts = path.components().skip(1);
        parts.next().is_some_and(|part| part.as_os_str() == "proc")
            && parts.next().is_some_and(|process| !Path::new("/proc").join(process).exists())
    }
}

impl Place {
    /// What became of it, if it is not what it was.
    fn message(&self) -> Option<String> {
        let now = self.home.identity();
        if now == self.then || self.home.is_gone_with_its_process() {
            return None;
        }
        let probes = &self.probes;
        Some(match &self.home {
            Home::Module(name) if now.is_none() => {
                format!("the module {name} was unloaded: {probes} fires no more")
            }
            Home::Module(name) => {
                format!("the module {name} was unloaded and loaded anew: {probes} fires no more; start the run again")
            }
            Home::File(path) => {
                let path = path.display();
                match (self.then, now) {
                    (_, None) => format!(
                        "{path} was removed: {probes} stays in the processes that run it and fires in no new ones"
                    ),
                    (Some(then), Some(now)) if then.file == now.file => {
                        format!("{path} was written to: {probes} may be at the wrong place now; start the run again")
                    }
                    _ => format!(
                        "{path} was replaced: {probes} stays in the processes that run the old file; start the run again \
                         to trace those that run the new one"
                    ),
                }
            }
        })
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let found = path.metadata().ok()?;
    Some(Identity { file: (found.dev(), found.ino()), content: (found.size(), found.mtime(), found.mtime_nsec()) })
}

fn in_short(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [name, others @ ..] => format!("{name} (and {} more)", others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &Path) -> Place {
        let home = Home::File(path.to_owned());
        let then = home.identity();
        Place { home, probes: "uprobe:it:f".to_owned(), then }
    }

    #[test]
    fn a_file_that_was_written_to_replaced_or_removed_is_told_apart() {
        let directory = std::env::temp_dir().join(format!("tracedeck-targets-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let (path, other) = (directory.join("it"), directory.join("other"));
        let said = |place: &Place| place.message().unwrap_or_default();

        std::fs::write(&path, "one").expect("a file");
        let watched = place(&path);
        assert_eq!(watched.message(), None);
        std::fs::write(&path, "longer").expect("a file");
        assert!(said(&watched).contains("was written to"), "{}", said(&watched));

        let watched = place(&path);
        std::fs::write(&other, "another").expect("a file");
        std::fs::rename(&other, &path).expect("a new name");
        assert!(said(&watched).contains("was replaced"), "{}", said(&watched));

        let watched = place(&path);
        std::fs::remove_file(&path).expect("no file");
        assert!(said(&watched).contains("was removed"), "{}", said(&watched));
        std::fs::remove_dir(&directory).expect("no directory");
    }

    #[test]
    fn a_path_that_ends_with_its_process_is_not_reported() {
        let home = Home::File(PathBuf::from("/proc/4194999/root/bin/it"));
        assert!(home.is_gone_with_its_process());
        let then = identity(Path::new("/"));
        assert_eq!(Place { home, probes: String::new(), then }.message(), None);
        assert!(!Home::File(PathBuf::from("/proc/self/root/bin/it")).is_gone_with_its_process());
    }
}
