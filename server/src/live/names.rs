//! Every name that only this machine knows, for formatting text here and for events that others format.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use nix::unistd::{Uid, User};
use tracedeck_compiler::abi::format::strftime::{Instant, strftime};
use tracedeck_compiler::abi::format::{Names, is_tai};
use tracedeck_compiler::abi::value::{MapSnapshot, Stack, Value};
use tracedeck_compiler::kernel::matches_pattern;
use tracedeck_compiler::manifest::{Manifest, SiteKind};
use tracedeck_compiler::types::{StackMode, Type};

use super::clock::{self, Clocks};
use super::maps::has_stack;
use super::processes::{Processes, probed_file};
use super::symbolize::{Captured, Kallsyms, REST, Symbolizer};
use crate::session::event::ResolvedName;

/// Directories that the search for a cgroup visits at most.
const MOST_CGROUPS: usize = 20_000;

/// Something that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Nameless {
    Kernel(u64),
    /// With the number of the probe that sent it.
    User {
        address: u64,
        pid: u32,
        probe: u32,
    },
    Uid(u64),
    Cgroup {
        id: u64,
        filter: u32,
    },
}

/// Resolves names; lives on the thread that hands out events.
pub struct Namer {
    manifest: Arc<Manifest>,
    clocks: Clocks,
    processes: Arc<Mutex<Processes>>,
    symbolizer: RefCell<Symbolizer>,
    /// The stacks that came in, without names: those are made when they are needed. Only the ids, unless the script
    /// puts stacks into text.
    stacks: RefCell<HashMap<u64, Option<Arc<Captured>>>>,
    keeps_stacks: bool,
    resolved: RefCell<HashMap<Nameless, Option<String>>>,
    told: RefCell<HashSet<Nameless>>,
}

impl Namer {
    pub fn new(manifest: Arc<Manifest>, processes: Arc<Mutex<Processes>>, debug_directories: &[String]) -> Self {
        let mut symbolizer = Symbolizer::new(debug_directories, &manifest.settings);
        symbolizer.tells_places = types(&manifest).any(has_build_ids);
        let symbolizer = RefCell::new(symbolizer);
        let keeps_stacks = manifest.sites.iter().any(|site| match &site.kind {
            SiteKind::Printf { arguments, .. }
            | SiteKind::Cat { arguments, .. }
            | SiteKind::System { arguments, .. } => arguments.iter().any(|slot| has_stack(&slot.ty)),
            SiteKind::Print { .. }
            | SiteKind::PrintMap { .. }
            | SiteKind::PrintEntry { .. }
            | SiteKind::Clear { .. }
            | SiteKind::Zero { .. }
            | SiteKind::Exit
            | SiteKind::Time { .. }
            | SiteKind::Packet { .. }
            | SiteKind::Join { .. } => false,
        });
        Self {
            keeps_stacks,
            manifest,
            clocks: Clocks::read(),
            processes,
            symbolizer,
            stacks: RefCell::default(),
            resolved: RefCell::default(),
            told: RefCell::default(),
        }
    }

    /// What events that carry times need, told once.
    pub fn clocks(&self) -> Vec<ResolvedName> {
        let Clocks { boot_to_wall_ns, tai_minus_utc, local_minus_utc } = self.clocks;
        vec![
            ResolvedName::BootToWall { offset_ns: boot_to_wall_ns },
            ResolvedName::Clock { tai_minus_utc, local_minus_utc },
        ]
    }

    /// How long to wait with [`Self::rest`]; None: there is nothing to let go.
    pub fn rest_after(&self) -> Option<Duration> {
        self.symbolizer.borrow().is_awake().then_some(REST)
    }

    /// Lets go of what was read in files that nobody has asked for in a while.
    pub fn rest(&self) {
        self.symbolizer.borrow_mut().rest();
    }

    /// Begins to read the kernel's symbols ahead of their first use, and returns.
    pub fn read_kernel_symbols(&self) {
        self.symbolizer.borrow_mut().read_kernel_symbols();
    }

    /// Where the kernel's symbols will come out while they are being read.
    pub fn awaited_kernel_symbols(&self) -> Option<Receiver<Kallsyms>> {
        self.symbolizer.borrow().awaited_kernel_symbols()
    }

    /// Takes the kernel's symbols when they have come out.
    pub fn take_kernel_symbols(&self, symbols: Kallsyms) {
        self.symbolizer.borrow_mut().take_kernel_symbols(symbols);
    }

    /// Remembers a stack; None when it is known already.
    pub fn remember(&self, captured: Captured) -> Option<Arc<Captured>> {
        let mut stacks = self.stacks.borrow_mut();
        let std::collections::hash_map::Entry::Vacant(entry) = stacks.entry(captured.stack.id) else { return None };
        let captured = Arc::new(captured);
        entry.insert(self.keeps_stacks.then(|| captured.clone()));
        Some(captured)
    }

    pub fn resolve_stacks(&self, captured: &[Arc<Captured>]) -> Vec<Arc<Stack>> {
        self.symbolizer.borrow_mut().stacks(captured)
    }

    /// Names in maps that no event has told yet.
    pub fn new_names(&self, maps: &[&MapSnapshot]) -> Vec<ResolvedName> {
        let mut names = Vec::new();
        for (key, value) in maps.iter().flat_map(|map| &map.entries) {
            if let Some(key) = key {
                self.collect(key, &mut names);
            }
            self.collect(value, &mut names);
        }
        names
    }

    /// Names in a value that no event has told yet.
    pub fn new_names_of(&self, value: &Value) -> Vec<ResolvedName> {
        let mut names = Vec::new();
        self.collect(value, &mut names);
        names
    }

    fn collect(&self, value: &Value, names: &mut Vec<ResolvedName>) {
        visit(value, &mut |nameless| {
            if !self.told.borrow_mut().insert(nameless) {
                return;
            }
            let Some(name) = self.resolve(nameless) else { return };
            names.push(match nameless {
                Nameless::Kernel(address) => ResolvedName::KernelSymbol { address, name },
                Nameless::User { address, pid, .. } => ResolvedName::UserSymbol { address, pid, name },
                Nameless::Uid(uid) => ResolvedName::Username { uid, name },
                Nameless::Cgroup { id, filter } => ResolvedName::CgroupPath { id, filter, path: name },
            });
        });
    }

    fn resolve(&self, nameless: Nameless) -> Option<String> {
        if let Some(known) = self.resolved.borrow().get(&nameless) {
            return known.clone();
        }
        let name = match nameless {
            Nameless::Kernel(address) => self.symbolizer.borrow_mut().kernel_symbol(address),
            Nameless::User { address, pid, probe } => {
                let image = self.processes.lock().unwrap_or_else(PoisonError::into_inner).image(pid, &[address]);
                // What was read of a process that was just starting may end before the file that the probe is in.
                let image = image.filter(|image| image.find(address).is_some());
                let image = image.or_else(|| probed_file::image(&self.manifest, probe, pid, address).map(Arc::new));
                image.and_then(|image| self.symbolizer.borrow_mut().user_symbol(&image, address))
            }
            Nameless::Uid(uid) => username(uid),
            Nameless::Cgroup { id, filter } => {
                let pattern = self.manifest.strings.get(filter as usize).map_or("", String::as_str);
                cgroup_paths(id, pattern)
            }
        };
        self.resolved.borrow_mut().insert(nameless, name.clone());
        name
    }

    /// A time of the boot clock in nanoseconds since 1970.
    pub fn boot_to_wall(&self, boot_ns: u64) -> i128 {
        i128::from(boot_ns) + i128::from(self.clocks.boot_to_wall_ns)
    }

    /// The time of day, now, in a strftime format.
    pub fn time_now(&self, format: &str) -> String {
        strftime(format, Instant::from_nanoseconds(clock::wall_ns().into(), self.clocks.local_minus_utc))
    }
}

impl Names for Namer {
    fn kernel_symbol(&self, address: u64) -> Option<String> {
        self.resolve(Nameless::Kernel(address))
    }

    fn user_symbol(&self, address: u64, pid: u32, probe: u32) -> Option<String> {
        self.resolve(Nameless::User { address, pid, probe })
    }

    fn stack(&self, id: u64) -> Option<Arc<Stack>> {
        let captured = self.stacks.borrow().get(&id)?.clone()?;
        self.symbolizer.borrow_mut().stacks(&[captured]).pop()
    }

    fn username(&self, uid: u64) -> Option<String> {
        self.resolve(Nameless::Uid(uid))
    }

    fn cgroup_path(&self, id: u64, filter: u32) -> Option<String> {
        self.resolve(Nameless::Cgroup { id, filter })
    }

    fn timestamp(&self, format: Option<u32>, ns: u64) -> Option<String> {
        let wall = i128::from(ns)
            + match is_tai(ns) {
                true => -i128::from(self.clocks.tai_minus_utc) * 1_000_000_000,
                false => i128::from(self.clocks.boot_to_wall_ns),
            };
        let instant = Instant::from_nanoseconds(wall, self.clocks.local_minus_utc);
        match format {
            Some(format) => self.manifest.strings.get(format as usize).map(|format| strftime(format, instant)),
            None => Some(instant.iso()),
        }
    }

    fn tai_to_wall(&self, tai_ns: u64) -> (i64, i32) {
        let seconds = (tai_ns / 1_000_000_000) as i64 - i64::from(self.clocks.tai_minus_utc);
        (seconds, self.clocks.local_minus_utc)
    }

    fn truncation_trailer(&self) -> &str {
        &self.manifest.settings.truncation_trailer
    }
}

/// The types of all that a script's maps hold and its calls send.
pub fn types(manifest: &Manifest) -> impl Iterator<Item = &Type> {
    let in_maps = manifest.maps.iter().flat_map(|map| map.key.iter().chain(std::iter::once(&map.value)));
    let sent = manifest.sites.iter().flat_map(|site| match &site.kind {
        SiteKind::Printf { arguments, .. }
        | SiteKind::Cat { arguments, .. }
        | SiteKind::System { arguments, .. }
        | SiteKind::Join { arguments, .. }
        | SiteKind::Packet { arguments, .. } => arguments.as_slice(),
        SiteKind::Print { value: slot } | SiteKind::PrintEntry { key: slot, .. } => std::slice::from_ref(slot),
        SiteKind::PrintMap { .. }
        | SiteKind::Clear { .. }
        | SiteKind::Zero { .. }
        | SiteKind::Exit
        | SiteKind::Time { .. } => &[],
    });
    in_maps.chain(sent.map(|slot| &slot.ty))
}

/// Whether values of a type hold stacks that are written by build ids.
fn has_build_ids(ty: &Type) -> bool {
    match ty {
        Type::Stack { mode, .. } => *mode == StackMode::BuildId,
        Type::Array { of, .. } => has_build_ids(of),
        _ => ty.parts().into_iter().any(has_build_ids),
    }
}

/// Whether values of a type hold anything that only this machine can name.
pub fn has_names(ty: &Type) -> bool {
    match ty {
        Type::KernelSymbol | Type::UserSymbol | Type::Username | Type::CgroupPath => true,
        Type::Array { of, .. } => has_names(of),
        _ => ty.parts().into_iter().any(has_names),
    }
}

/// Every user address in a value, with its process.
pub fn visit_user_symbols(value: &Value, each: &mut impl FnMut(u64, u32)) {
    visit(value, &mut |nameless| {
        if let Nameless::User { address, pid, .. } = nameless {
            each(address, pid);
        }
    });
}

fn visit(value: &Value, each: &mut impl FnMut(Nameless)) {
    match value {
        Value::KernelSymbol(address) => each(Nameless::Kernel(*address)),
        Value::UserSymbol { address, pid, probe } => {
            each(Nameless::User { address: *address, pid: *pid, probe: *probe });
        }
        Value::Username(uid) => each(Nameless::Uid(*uid)),
        Value::CgroupPath { id, filter } => each(Nameless::Cgroup { id: *id, filter: *filter }),
        Value::Tuple(parts) | Value::Array(parts) => parts.iter().for_each(|part| visit(part, each)),
        Value::Record(fields) => fields.iter().for_each(|(_, field)| visit(field, each)),
        Value::None
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Pointer(_)
        | Value::String { .. }
        | Value::Enum { .. }
        | Value::Buffer(_)
        | Value::Inet(_)
        | Value::Mac(_)
        | Value::Timestamp { .. }
        | Value::Stack { .. }
        | Value::Stats(_)
        | Value::Histogram(_)
        | Value::Series(_) => {}
    }
}

fn username(uid: u64) -> Option<String> {
    let uid = u32::try_from(uid).ok()?;
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// `hierarchy:path` of every cgroup with this id in hierarchies that match a pattern (empty: all), joined by commas.
fn cgroup_paths(id: u64, pattern: &str) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mut found: Vec<String> = Vec::new();
    for (name, root) in cgroup_mounts(&mounts) {
        if !pattern.is_empty() && !matches_pattern(pattern, &name) {
            continue;
        }
        if let Some(path) = directory_with_inode(&root, id) {
            let inside = path.strip_prefix(&root).unwrap_or(&path);
            found.push(format!("{name}:/{}", inside.display()));
        }
    }
    (!found.is_empty()).then(|| found.join(","))
}

/// Name and mount point of every hierarchy: `unified`, or the controllers' directory.
fn cgroup_mounts(mounts: &str) -> Vec<(String, PathBuf)> {
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let (path, kind) = (PathBuf::from(fields.next()?), fields.next()?);
        match kind {
            "cgroup2" => Some(("unified".to_owned(), path)),
            "cgroup" => Some((path.file_name()?.to_string_lossy().into_owned(), path)),
            _ => None,
        }
    };
    mounts.lines().filter_map(mount).collect()
}

/// The number of a cgroup is the inode of its directory.
fn directory_with_inode(root: &Path, inode: u64) -> Option<PathBuf> {
    use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
    if std::fs::metadata(root).ok()?.ino() == inode {
        return Some(root.to_owned());
    }
    let mut waiting = vec![root.to_owned()];
    let mut visited = 0;
    while let Some(directory) = waiting.pop() {
        visited += 1;
        if visited > MOST_CGROUPS {
            return None;
        }
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.ino() == inode {
                return Some(entry.path());
            }
            waiting.push(entry.path());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_named_as_their_directories_and_the_new_one_unified() {
        let mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw 0 0\nproc /proc proc rw 0 0\n";
        let names: Vec<_> = cgroup_mounts(mounts).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["unified", "cpu,cpuacct"]);
    }

    #[test]
    fn root_has_the_name_of_user_zero_and_nobody_that_of_a_wild_number() {
        assert_eq!(username(0).as_deref(), Some("root"));
        assert_eq!(username(u64::MAX), None);
    }

    #[test]
    fn names_are_found_inside_of_tuples_and_records() {
        let value = Value::Tuple(vec![
            Value::Record(vec![("f".to_owned(), Value::UserSymbol { address: 7, pid: 3, probe: 0 })]),
            Value::KernelSymbol(1),
        ]);
        let mut found = Vec::new();
        visit_user_symbols(&value, &mut |address, pid| found.push((address, pid)));
        assert_eq!(found, [(7, 3)]);
        assert!(has_names(&Type::tuple([Type::INT64, Type::tuple([Type::UserSymbol])])));
        assert!(!has_names(&Type::tuple([Type::INT64])));
    }
}
