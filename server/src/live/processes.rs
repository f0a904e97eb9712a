//! What is mapped where in the processes whose stacks come in, captured at first sight: a process may be gone by the
//! time somebody wants to read its symbols. Those that are gone before that are known by what the kernel told of them.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sideband::{Life, Sideband};

pub mod probed_file;
mod sideband;

/// Processes that are remembered; the ones longest unseen go first.
const MOST_PROCESSES: usize = 4096;
/// Copies of copies of a process, none of which ran a program of its own.
const MOST_GENERATIONS: u32 = 8;
/// Executables that are held open.
const MOST_FILES: usize = 2048;
/// A process is read again because an address lies in none of its mappings, at first after this time, then after
/// twice the time whenever it was read: young processes map their libraries, old ones change rarely.
const REREAD_FIRST: Duration = Duration::from_micros(500);
const REREAD_LAST: Duration = Duration::from_millis(200);
/// Within this time a process is not looked at twice to see whether it runs another program now.
const TICK: Duration = Duration::from_millis(2);

/// A file, wherever it is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileKey {
    device: u64,
    inode: u64,
}

impl FileKey {
    /// A key that no file on a disk has.
    pub const fn synthetic(number: u64) -> Self {
        Self { device: u64::MAX, inode: number }
    }
}

/// An executable or library that some process maps.
#[derive(Debug)]
pub struct MappedFile {
    pub key: FileKey,
    /// The path that the process knows it by.
    pub path: String,
    /// Held open, so that it can be read when it was deleted, or its process is gone. None where that failed.
    pub open: Option<File>,
}

/// What an executable range of addresses holds.
#[derive(Debug, Clone)]
pub enum Content {
    File {
        file: Arc<MappedFile>,
        offset: u64,
    },
    Vdso,
    /// Generated code, perhaps.
    Anonymous,
}

#[derive(Debug, Clone)]
pub struct Mapping {
    pub start: u64,
    pub end: u64,
    pub content: Content,
}

/// The executable mappings of a process at one moment, sorted by address.
#[derive(Debug)]
pub struct ProcessImage {
    pub pid: u32,
    pub mappings: Vec<Mapping>,
}

impl ProcessImage {
    pub fn find(&self, address: u64) -> Option<&Mapping> {
        let next = self.mappings.partition_point(|mapping| mapping.start <= address);
        self.mappings[..next].last().filter(|mapping| address < mapping.end)
    }
}

/// Tells a program from another that runs under the same number: by start time and, for `execve`, by where its code
/// begins (`/proc/PID/stat`, fields 22 and 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    started: u64,
    code: u64,
}

struct Known {
    image: Arc<ProcessImage>,
    identity: Identity,
    /// Tick in which the identity was last compared.
    checked: u64,
    read_at: Instant,
    /// How long to wait with the next reading.
    wait: Duration,
}

/// The processes seen so far.
#[derive(Default)]
pub struct Processes {
    known: HashMap<u32, Known>,
    files: HashMap<FileKey, Arc<MappedFile>>,
    sideband: Sideband,
    /// Images made of what was heard, each for a version of its life.
    heard: HashMap<u32, (u64, Arc<ProcessImage>)>,
    tick: u64,
    tick_began: Option<Instant>,
}

impl Processes {
    /// Begins a new tick if the last one has lasted long enough.
    pub fn next_tick(&mut self) {
        if self.tick_began.is_none_or(|began| began.elapsed() >= TICK) {
            self.tick += 1;
            self.tick_began = Some(Instant::now());
        }
    }

    /// From now on also processes are known that are gone before anybody can look at them.
    pub fn listen(&mut self, cpus: &[u32]) {
        self.sideband = Sideband::listen(cpus);
    }

    /// Takes in what the kernel has told, before there is no more room for it.
    pub fn hear(&mut self) {
        self.sideband.hear();
        for pid in self.sideband.take_changed() {
            self.known.remove(&pid);
            self.heard.remove(&pid);
        }
    }

    /// How much the kernel could not tell.
    pub fn lost(&self) -> u64 {
        self.sideband.lost()
    }

    /// Looks at a process that will matter: the target of the run.
    pub fn watch(&mut self, pid: u32) {
        // No mapping holds this address: read again as often as is sensible.
        self.seen(pid, &[u64::MAX]);
    }

    /// The image of a process for a stack of it: what can be seen of it in /proc, or, where that does not explain all
    /// frames, what was heard of it. None where it was gone at first sight and never heard of.
    pub fn image(&mut self, pid: u32, frames: &[u64]) -> Option<Arc<ProcessImage>> {
        self.hear();
        let unexplained =
            |image: &Arc<ProcessImage>| frames.iter().filter(|frame| image.find(**frame).is_none()).count();
        let seen = self.seen(pid, frames);
        if seen.as_ref().is_some_and(|image| unexplained(image) == 0) {
            return seen;
        }
        match (seen, self.overheard(pid, MOST_GENERATIONS)) {
            (Some(seen), Some(heard)) if unexplained(&heard) < unexplained(&seen) => Some(heard),
            (Some(seen), _) => Some(seen),
            (None, heard) => heard,
        }
    }

    /// The image of a process by what was heard: its own mappings, on top of those that it had before or began with.
    fn overheard(&mut self, pid: u32, generations: u32) -> Option<Arc<ProcessImage>> {
        let life = self.sideband.life(pid)?;
        if let Some((version, image)) = self.heard.get(&pid)
            && *version == life.version
        {
            return Some(image.clone());
        }
        let life = life.clone();
        let before = match life {
            Life { is_complete: true, .. } => None,
            Life { is_copy: true, parent: Some(parent), .. } if generations > 0 => {
                self.seen(parent, &[]).or_else(|| self.overheard(parent, generations - 1))
            }
            _ => self.known.get(&pid).map(|known| known.image.clone()),
        };
        let mut mappings = before.map_or_else(Vec::new, |image| image.mappings.clone());
        for heard in &life.mappings {
            let line = MapsLine {
                start: heard.start,
                end: heard.end,
                offset: heard.offset,
                device: heard.device,
                inode: heard.inode,
                path: &heard.path,
            };
            mappings.retain(|known| known.end <= line.start || line.end <= known.start);
            mappings.push(self.mapping(pid, life.parent, &line));
        }
        if mappings.is_empty() {
            return None;
        }
        mappings.sort_by_key(|mapping| mapping.start);
        let image = Arc::new(ProcessImage { pid, mappings });
        if self.heard.len() >= MOST_PROCESSES {
            self.heard.clear();
        }
        self.heard.insert(pid, (life.version, image.clone()));
        Some(image)
    }

    /// The image of a process by what can be read of it, now or before.
    fn seen(&mut self, pid: u32, frames: &[u64]) -> Option<Arc<ProcessImage>> {
        let tick = self.tick;
        if let Some(known) = self.known.get_mut(&pid) {
            let is_same = known.checked == tick || identity(pid).is_none_or(|identity| identity == known.identity);
            let reread = is_same
                && known.read_at.elapsed() > known.wait
                && frames.iter().any(|frame| known.image.find(*frame).is_none());
            known.checked = tick;
            if is_same && !reread {
                return Some(known.image.clone());
            }
        }
        match self.read(pid) {
            Some(mut known) => {
                if let Some(before) = self.known.get(&pid).filter(|before| before.identity == known.identity) {
                    known.wait = (before.wait * 2).min(REREAD_LAST);
                }
                let image = known.image.clone();
                self.make_room();
                self.known.insert(pid, known);
                Some(image)
            }
            // Gone meanwhile: what was seen of it is the best there is.
            None => self.known.get(&pid).map(|known| known.image.clone()),
        }
    }

    fn read(&mut self, pid: u32) -> Option<Known> {
        let identity = identity(pid)?;
        let maps = std::fs::read(format!("/proc/{pid}/maps")).ok()?;
        let maps = String::from_utf8_lossy(&maps);
        let mut mappings: Vec<Mapping> =
            maps.lines().filter_map(MapsLine::parse).map(|line| self.mapping(pid, None, &line)).collect();
        // An image without mappings is that of a process about to end.
        if mappings.is_empty() {
            return None;
        }
        mappings.sort_by_key(|mapping| mapping.start);
        let image = Arc::new(ProcessImage { pid, mappings });
        Some(Known { image, identity, checked: self.tick, read_at: Instant::now(), wait: REREAD_FIRST })
    }

    fn mapping(&mut self, pid: u32, parent: Option<u32>, line: &MapsLine<'_>) -> Mapping {
        let content = match line.path {
            "[vdso]" => Content::Vdso,
            path if path.starts_with('/') && !path.starts_with("/memfd:") && !path.starts_with("//anon") => {
                Content::File { file: self.file(pid, parent, line), offset: line.offset }
            }
            _ => Content::Anonymous,
        };
        Mapping { start: line.start, end: line.end, content }
    }

    fn file(&mut self, pid: u32, parent: Option<u32>, line: &MapsLine<'_>) -> Arc<MappedFile> {
        let key = FileKey { device: line.device, inode: line.inode };
        if let Some(file) = self.files.get(&key).filter(|file| file.open.is_some()) {
            return file.clone();
        }
        let path = line.path.strip_suffix(" (deleted)").unwrap_or(line.path);
        let open = (self.files.len() < MOST_FILES).then(|| open(pid, parent, line, path)).flatten();
        let file = Arc::new(MappedFile { key, path: path.to_owned(), open });
        self.files.insert(key, file.clone());
        file
    }

    fn make_room(&mut self) {
        if self.known.len() >= MOST_PROCESSES {
            let mut checked: Vec<u64> = self.known.values().map(|known| known.checked).collect();
            let (_, median, _) = checked.select_nth_unstable(MOST_PROCESSES / 2);
            let median = *median;
            self.known.retain(|_, known| known.checked > median);
        }
    }
}

/// Opens a mapped file: through its mapping, which also finds deleted files and those of other mount namespaces, else
/// by its path as the process sees it, or, when that is gone, as its parent or this process does.
fn open(pid: u32, parent: Option<u32>, line: &MapsLine<'_>, path: &str) -> Option<File> {
    let through_mapping = format!("/proc/{pid}/map_files/{:x}-{:x}", line.start, line.end);
    if let Ok(file) = File::open(through_mapping) {
        return Some(file);
    }
    let roots = [Some(pid), parent].into_iter().flatten().map(|pid| format!("/proc/{pid}/root"));
    roots.chain(["/".to_owned()]).find_map(|root| {
        let file = File::open(Path::new(&root).join(path.trim_start_matches('/'))).ok()?;
        // Another file may have taken the path.
        (file.metadata().ok()?.ino() == line.inode).then_some(file)
    })
}

/// A line of `/proc/PID/maps` about memory that may be executed.
struct MapsLine<'a> {
    start: u64,
    end: u64,
    offset: u64,
    device: u64,
    inode: u64,
    path: &'a str,
}

impl<'a> MapsLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        if !fields.next()?.contains('x') {
            return None;
        }
        let offset = fields.next()?;
        let (major, minor) = fields.next()?.split_once(':')?;
        let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
        Some(Self {
            start: hexadecimal(start)?,
            end: hexadecimal(end)?,
            offset: hexadecimal(offset)?,
            device: hexadecimal(major)? << 32 | hexadecimal(minor)?,
            inode: fields.next()?.parse().ok()?,
            path: fields.next().unwrap_or("").trim_start(),
        })
    }
}

fn identity(pid: u32) -> Option<Identity> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_identity(&stat)
}

fn parse_identity(stat: &str) -> Option<Identity> {
    // The name may hold anything but ends with the last bracket; the field after it is the third.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    let started = fields.nth(18)?.parse().ok()?;
    let code = fields.nth(3)?.parse().ok()?;
    Some(Identity { started, code })
}

/// Whether a process runs; a zombie does not.
pub fn is_alive(pid: u32) -> bool {
    identity(pid).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_executable_lines_of_maps_count_and_paths_may_have_spaces() {
        let line = MapsLine::parse("55d0-55ff r-xp 00002000 fe:01 1234                       /opt/my app (deleted)");
        let line = line.expect("executable");
        assert_eq!((line.start, line.end, line.offset, line.inode), (0x55d0, 0x55ff, 0x2000, 1234));
        assert_eq!(line.path, "/opt/my app (deleted)");
        assert!(MapsLine::parse("7ffc-7ffd rw-p 00000000 00:00 0  [stack]").is_none());
        assert_eq!(MapsLine::parse("7000-8000 r-xp 00000000 00:00 0 ").map(|line| line.path), Some(""));
    }

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields_of_stat() {
        let rest: Vec<String> = (4..=52).map(|field| field.to_string()).collect();
        let stat = format!("17 (a) b (c) S {}", rest.join(" "));
        assert_eq!(parse_identity(&stat), Some(Identity { started: 22, code: 26 }));
        assert_eq!(parse_identity("17 (x) Z 1"), None);
    }

    #[test]
    fn this_process_finds_its_own_code() {
        let mut processes = Processes::default();
        let address = this_process_finds_its_own_code as fn() as usize as u64;
        let image = processes.image(std::process::id(), &[address]).expect("this process runs");
        let Some(Mapping { content: Content::File { file, .. }, .. }) = image.find(address) else {
            panic!("no file at {address:#x}")
        };
        assert!(file.open.is_some());
        assert_eq!(Path::new(&file.path), std::env::current_exe().expect("has a path"));
        assert!(image.find(8).is_none());
    }
}
