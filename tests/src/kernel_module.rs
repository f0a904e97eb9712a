//! Modules of the kernel that tests load and unload.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::kmod::{DeleteModuleFlags, delete_module, init_module};

const MOST_TRIES: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A module, unloaded on drop.
pub struct KernelModule(CString);

impl KernelModule {
    /// Loads a module of the running kernel; None where there is no such module, where it is there already, and where
    /// the kernel takes none.
    pub fn load(name: &str) -> Option<Self> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
        let file = find(&Path::new("/lib/modules").join(release.trim()).join("kernel"), name)?;
        let image = match file.extension()?.to_str()? {
            "ko" => std::fs::read(&file).ok()?,
            "xz" => Command::new("xz").args(["-dc"]).arg(&file).output().ok()?.stdout,
            _ => return None,
        };
        init_module(&image, c"").ok()?;
        Some(Self(CString::new(name).ok()?))
    }
}

impl Drop for KernelModule {
    fn drop(&mut self) {
        // A run that has ended lets its probes go behind the scenes, and the module with them.
        for _ in 0..MOST_TRIES {
            match delete_module(&self.0, DeleteModuleFlags::O_NONBLOCK) {
                Err(Errno::EWOULDBLOCK | Errno::EBUSY) => std::thread::sleep(BETWEEN_TRIES),
                _ => return,
            }
        }
    }
}

fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).collect();
    let is_it = |path: &&PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.split_once(".ko").is_some_and(|(stem, rest)| stem == name && matches!(rest, "" | ".xz"))
    };
    entries
        .iter()
        .find(is_it)
        .cloned()
        .or_else(|| entries.iter().filter(|it| it.is_dir()).find_map(|it| find(it, name)))
}
