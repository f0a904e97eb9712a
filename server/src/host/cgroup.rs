//! Ids of control groups (v2).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The id that `bpf_get_current_cgroup_id` gives: the inode number of the group's directory. `path` is either the full
/// path below the mount of the unified hierarchy, or relative to that mount (`/user.slice`).
pub fn id(path: &str) -> Option<u64> {
    let mount = unified_mount()?;
    let full = Path::new(path);
    let candidate = if full.starts_with(mount) { full.to_owned() } else { mount.join(path.trim_start_matches('/')) };
    if candidate.components().any(|part| part == std::path::Component::ParentDir) {
        return None;
    }
    let found = std::fs::metadata(candidate).ok()?;
    found.is_dir().then(|| found.ino())
}

fn unified_mount() -> Option<&'static PathBuf> {
    static MOUNT: OnceLock<Option<PathBuf>> = OnceLock::new();
    MOUNT.get_or_init(|| mount_in(&std::fs::read_to_string("/proc/self/mounts").ok()?)).as_ref()
}

fn mount_in(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut parts = line.split(' ').skip(1);
        let (path, kind) = (parts.next()?, parts.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_hierarchy_is_found_among_the_old_ones() {
        let mounts = "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(mount_in(mounts), Some(PathBuf::from("/sys/fs/cgroup/unified")));
        assert_eq!(mount_in("tmpfs / tmpfs rw 0 0\n"), None);
    }

    #[test]
    fn paths_that_leave_the_hierarchy_have_no_id() {
        assert_eq!(id("/../../proc"), None);
        assert_eq!(id("/no such group"), None);
    }
}
