//! Ids of control groups (v2).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Groups that a message names when a name fits several.
const SHOWN: usize = 5;

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

/// Why no control group was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CgroupError {
    #[error("this machine has no control groups of version 2 (no cgroup2 file system is mounted)")]
    NoHierarchy,
    #[error("no control group has the id {0}")]
    NoId(u64),
    #[error("there is no control group '{0}', and none with that in its name")]
    NoName(String),
    #[error("'{0}' stands for {1} control groups, say which: {2}")]
    Several(String, usize, String),
}

/// The directory of the control group that a person means: its id, its path, or a part of its name, such as the id of a
/// container.
pub fn find(text: &str) -> Result<PathBuf, CgroupError> {
    let mount = unified_mount().ok_or(CgroupError::NoHierarchy)?;
    find_below(mount, text)
}

fn find_below(mount: &Path, text: &str) -> Result<PathBuf, CgroupError> {
    if let Ok(id) = text.parse::<u64>() {
        let mut found = None;
        walk(mount, &mut |path| {
            if std::fs::metadata(path).is_ok_and(|it| it.ino() == id) {
                found = Some(path.to_owned());
            }
            true
        });
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let relative = Path::new(text).strip_prefix(mount).unwrap_or(Path::new(text.trim_start_matches('/')));
    let path = mount.join(relative);
    let stays_below = !relative.components().any(|part| part == std::path::Component::ParentDir);
    if !text.is_empty() && stays_below && path.is_dir() {
        return Ok(path);
    }
    let mut named = Vec::new();
    walk(mount, &mut |path| {
        let is_named = path != mount && path.file_name().is_some_and(|name| name.to_string_lossy().contains(text));
        if is_named {
            named.push(path.to_owned());
        }
        // Those below belong to it.
        !is_named
    });
    match (named.as_slice(), text.parse::<u64>()) {
        _ if text.is_empty() => Err(CgroupError::NoName(String::new())),
        ([one], _) => Ok(one.clone()),
        ([], Ok(id)) => Err(CgroupError::NoId(id)),
        ([], Err(_)) => Err(CgroupError::NoName(text.to_owned())),
        (several, _) => {
            let shown = several.iter().take(SHOWN).map(|path| path.display().to_string());
            let more = if several.len() > SHOWN { ", ..." } else { "" };
            let list = shown.collect::<Vec<_>>().join(", ") + more;
            Err(CgroupError::Several(text.to_owned(), several.len(), list))
        }
    }
}

/// Visits a group and, where the visitor wants it, those below, in alphabetical order.
fn walk(path: &Path, visit: &mut impl FnMut(&Path) -> bool) {
    if !visit(path) {
        return;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut paths: Vec<PathBuf> = directories.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().for_each(|path| walk(path, visit));
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
    fn a_group_is_found_by_path_id_and_part_of_its_name() {
        let mount = std::env::temp_dir().join(format!("td-cgroups-{}", std::process::id()));
        for group in ["system.slice/docker-4f5a.scope/init", "system.slice/docker-77b0.scope", "user.slice"] {
            std::fs::create_dir_all(mount.join(group)).unwrap();
        }
        let found = |text: &str| find_below(&mount, text).map(|path| path.strip_prefix(&mount).unwrap().to_owned());
        assert_eq!(found("/system.slice").unwrap(), Path::new("system.slice"));
        assert_eq!(found(mount.join("user.slice").to_str().unwrap()).unwrap(), Path::new("user.slice"));
        assert_eq!(found("4f5a").unwrap(), Path::new("system.slice/docker-4f5a.scope"));
        let id = std::fs::metadata(mount.join("user.slice")).unwrap().ino();
        assert_eq!(found(&id.to_string()).unwrap(), Path::new("user.slice"));
        assert_eq!(found("nothing"), Err(CgroupError::NoName("nothing".to_owned())));
        assert_eq!(found("../x"), Err(CgroupError::NoName("../x".to_owned())));
        assert!(matches!(found("docker"), Err(CgroupError::Several(_, 2, _))));
        std::fs::remove_dir_all(&mount).unwrap();
    }

    #[test]
    fn paths_that_leave_the_hierarchy_have_no_id() {
        assert_eq!(id("/../../proc"), None);
        assert_eq!(id("/no such group"), None);
    }
}
