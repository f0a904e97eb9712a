//! Where shared libraries are: the dynamic linker's cache, the standard directories, a process's mappings.

use std::path::{Path, PathBuf};

/// `/etc/ld.so.cache` since glibc 2.2: a header of 48 bytes, entries of 24, strings. From glibc's `dl-cache.h`.
const CACHE_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";

#[cfg(target_arch = "x86_64")]
const NATIVE_FLAGS: u32 = 0x0303;
#[cfg(target_arch = "aarch64")]
const NATIVE_FLAGS: u32 = 0x0a03;

/// The path, within `root`, of a library given by its file name (`libssl.so.3`) or by its stem (`libc`, `libssl`).
pub fn find(name: &str, root: &Path) -> Option<PathBuf> {
    let cache = std::fs::read(root.join("etc/ld.so.cache")).unwrap_or_default();
    cached(&cache, name).or_else(|| in_directories(name, root))
}

/// Whether `file` is what `name` asks for: itself, or `NAME.so`, `NAME.so.6`.
fn is_called(file: &str, name: &str) -> bool {
    file == name || file.strip_prefix(name).is_some_and(|rest| rest == ".so" || rest.starts_with(".so."))
}

fn cached(cache: &[u8], name: &str) -> Option<PathBuf> {
    // An old-format cache may stand before the new one.
    let start = cache.windows(CACHE_MAGIC.len()).position(|window| window == CACHE_MAGIC)?;
    let cache = &cache[start..];
    let word =
        |at: usize| cache.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let text = |offset: u32| {
        let bytes = cache.get(offset as usize..)?;
        std::str::from_utf8(&bytes[..bytes.iter().position(|byte| *byte == 0)?]).ok()
    };
    let count = word(20)? as usize;
    (0..count.min(cache.len() / 24)).find_map(|index| {
        let entry = 48 + index * 24;
        let matches = word(entry)? == NATIVE_FLAGS && is_called(text(word(entry + 4)?)?, name);
        if matches { text(word(entry + 8)?).map(PathBuf::from) } else { None }
    })
}

fn in_directories(name: &str, root: &Path) -> Option<PathBuf> {
    let directories = [
        "usr/lib/x86_64-linux-gnu",
        "lib/x86_64-linux-gnu",
        "usr/lib/aarch64-linux-gnu",
        "usr/lib64",
        "lib64",
        "usr/local/lib",
        "usr/lib",
        "lib",
    ];
    directories.iter().find_map(|directory| {
        let mut found: Vec<_> = std::fs::read_dir(root.join(directory))
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|file| is_called(file, name))
            .collect();
        found.sort();
        Some(Path::new("/").join(directory).join(found.first()?))
    })
}

/// A library or program of this name that a process has mapped, as the process sees its path.
pub fn mapped(name: &str, pid: u32) -> Option<PathBuf> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    maps.lines().filter_map(|line| Some(&line[line.find('/')?..])).find_map(|path| {
        let file = Path::new(path).file_name()?.to_str()?;
        is_called(file, name).then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(u32, &str, &str)]) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut table = Vec::new();
        let base = 48 + 24 * entries.len() as u32;
        for (flags, name, path) in entries {
            let mut add = |text: &str| {
                let at = base + strings.len() as u32;
                strings.extend(text.as_bytes());
                strings.push(0);
                at
            };
            let (name, path) = (add(name), add(path));
            for word in [*flags, name, path, 0, 0, 0] {
                table.extend(word.to_le_bytes());
            }
        }
        let mut bytes = CACHE_MAGIC.to_vec();
        bytes.extend((entries.len() as u32).to_le_bytes());
        bytes.resize(48, 0);
        bytes.extend(table);
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn a_stem_and_a_full_name_find_the_native_library() {
        let bytes = cache(&[
            (0x0003, "libc.so.6", "/lib32/libc.so.6"),
            (NATIVE_FLAGS, "libcap.so.2", "/lib/libcap.so.2"),
            (NATIVE_FLAGS, "libc.so.6", "/lib/libc.so.6"),
        ]);
        assert_eq!(cached(&bytes, "libc"), Some(PathBuf::from("/lib/libc.so.6")));
        assert_eq!(cached(&bytes, "libcap.so.2"), Some(PathBuf::from("/lib/libcap.so.2")));
        assert_eq!(cached(&bytes, "libca"), None);
    }

    #[test]
    fn a_damaged_cache_finds_nothing_and_does_not_panic() {
        let good = cache(&[(NATIVE_FLAGS, "libc.so.6", "/lib/libc.so.6")]);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            let _ = cached(&bad, "libc");
            let _ = cached(&good[..at], "libc");
        }
    }
}
