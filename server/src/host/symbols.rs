//! Symbols: the kernel's from `/proc/kallsyms`, user programs' from their ELF files, and where files are found.

mod debug_file;
pub mod dwarf;
pub mod elf;
pub mod kallsyms;
pub mod library;
mod pattern;
pub mod usdt;

pub use pattern::find_binaries;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracedeck_compiler::kernel::BinaryError;

/// Finds the file for a path, a command or a library. With a pid, paths are those of that process's mount namespace.
pub fn find_binary(name: &str, pid: Option<u32>) -> Result<PathBuf, BinaryError> {
    let root = pid.map_or_else(|| PathBuf::from("/"), |pid| PathBuf::from(format!("/proc/{pid}/root")));
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let missing = || BinaryError::NotFound(name.to_owned());
    if name.is_empty() || name.contains('\0') {
        return Err(missing());
    }
    if name.contains('/') {
        let path = if Path::new(name).is_absolute() { inside(Path::new(name)) } else { PathBuf::from(name) };
        return checked(path, name);
    }
    if let Some(path) = pid.and_then(|pid| library::mapped(name, pid)) {
        return checked(inside(&path), name);
    }
    if let Some(path) = in_path(name, &inside) {
        return checked(path, name);
    }
    let path = library::find(name, &root).ok_or_else(missing)?;
    checked(inside(&path), name)
}

fn checked(path: PathBuf, name: &str) -> Result<PathBuf, BinaryError> {
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(BinaryError::NotElf(name.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BinaryError::NotFound(name.to_owned()));
        }
        Err(error) => return Err(BinaryError::Unreadable { path: name.to_owned(), reason: error.to_string() }),
    }
    elf::check_magic(&path).map(|()| path)
}

/// The first executable of this name in the directories of `PATH`.
fn in_path(name: &str, inside: &dyn Fn(&Path) -> PathBuf) -> Option<PathBuf> {
    let directories = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into());
    std::env::split_paths(&directories)
        .filter(|directory| directory.is_absolute())
        .map(|directory| inside(&directory.join(name)))
        .find(|path| std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0))
}
