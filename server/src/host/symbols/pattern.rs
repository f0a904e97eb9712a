//! Paths with wildcards: the files of a directory, of a process, of all processes.

use std::collections::{BTreeSet, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracedeck_compiler::kernel::{BinaryError, matches_pattern};

use super::{elf, find_binary};

/// The files that a path with wildcards stands for, sorted; see `Kernel::binaries`.
pub fn find_binaries(pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError> {
    if !pattern.contains('*') {
        return find_binary(pattern, pid).map(|path| vec![path]);
    }
    let found = match (pattern, pid) {
        ("*", Some(pid)) => mapped_code(pid),
        ("*", None) => processes().into_iter().flat_map(mapped_code).collect(),
        _ => {
            let root = pid.map_or_else(|| PathBuf::from("/"), |pid| PathBuf::from(format!("/proc/{pid}/root")));
            matching_files(&root, pattern)
        }
    };
    let mut known = HashSet::new();
    let files: Vec<PathBuf> = found
        .into_iter()
        .filter(|path| elf::check_magic(path).is_ok())
        // One file may have several names, or be seen through several processes.
        .filter(|path| std::fs::metadata(path).is_ok_and(|it| known.insert((it.dev(), it.ino()))))
        .collect();
    if files.is_empty() { Err(BinaryError::NotFound(pattern.to_owned())) } else { Ok(files) }
}

/// The files with code that a process has mapped, by paths that lead there from here.
fn mapped_code(pid: u32) -> BTreeSet<PathBuf> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let own = std::fs::metadata("/").map(|it| (it.dev(), it.ino())).ok();
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let same_root = std::fs::metadata(&root).map(|it| (it.dev(), it.ino())).ok() == own;
    maps.lines()
        .filter_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let path = &rest[rest.find('/')?..];
            if rest.as_bytes().get(2) != Some(&b'x') {
                return None;
            }
            if path.ends_with(" (deleted)") {
                return Some(PathBuf::from(format!("/proc/{pid}/map_files/{}", unpadded(range)?)));
            }
            let plain = PathBuf::from(path);
            Some(if same_root && plain.exists() { plain } else { root.join(path.trim_start_matches('/')) })
        })
        .collect()
}

/// Ranges in `map_files` have no leading zeros.
fn unpadded(range: &str) -> Option<String> {
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some(format!("{:x}-{:x}", number(start)?, number(end)?))
}

fn processes() -> Vec<u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// Files whose path matches part by part: `*` does not go beyond a slash.
fn matching_files(root: &Path, pattern: &str) -> BTreeSet<PathBuf> {
    let start = if pattern.starts_with('/') { root.to_owned() } else { PathBuf::from(".") };
    let mut open = vec![start];
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    for part in parts {
        open = if part.contains('*') {
            open.iter()
                .flat_map(|directory| std::fs::read_dir(directory).into_iter().flatten().flatten())
                .filter(|entry| matches_pattern(part, &entry.file_name().to_string_lossy()))
                .map(|entry| entry.path())
                .collect()
        } else {
            open.into_iter().map(|directory| directory.join(part)).filter(|path| path.exists()).collect()
        };
    }
    open.into_iter().filter(|path| path.is_file()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_alone_finds_the_code_of_a_process() {
        let files = find_binaries("*", Some(std::process::id())).unwrap();
        let own = std::env::current_exe().unwrap();
        assert!(files.contains(&own), "{files:?}");
        assert!(files.iter().any(|path| path.to_string_lossy().contains("libc")), "{files:?}");
    }

    #[test]
    fn a_pattern_stays_within_its_directory() {
        let own = std::env::current_exe().unwrap();
        let pattern = format!("{}/*", own.parent().unwrap().display());
        assert!(find_binaries(&pattern, None).unwrap().contains(&own));
        let error = find_binaries("/nonexistent/*", None).unwrap_err();
        assert_eq!(error, BinaryError::NotFound("/nonexistent/*".to_owned()));
    }
}
