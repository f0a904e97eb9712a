//! Files that a later run may find: in `$XDG_CACHE_HOME/tracedeck`, for this user alone.
//!
//! Nothing depends on them. A file that is damaged, of another version, or that somebody else may write is not there.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::unistd::Uid;
use sha2::{Digest as _, Sha256};

pub mod boot;

/// What a file begins with; the digit changes with the format.
const MAGIC: [u8; 8] = *b"tdcache1";
const HASH: usize = 32;
/// A larger file is neither written nor read.
const MOST_FILE_BYTES: u64 = 8 << 20;
/// Beyond this the files longest unused go.
const MOST_BYTES: u64 = 64 << 20;
const MOST_FILES: usize = 512;
/// A file that was being written this long ago never will be complete.
const ABANDONED: Duration = Duration::from_secs(600);
/// Ending of a file that is being written.
const UNFINISHED: &str = "new";

/// A directory that only this user may enter.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME`, or `.cache` in the home directory; None where that belongs to somebody else, such as the
    /// person that `sudo` was called by.
    pub fn of_user() -> Option<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = match absolute("XDG_CACHE_HOME") {
            Some(base) => base,
            None => {
                let home = absolute("HOME")?;
                is_ours(&std::fs::metadata(&home).ok()?).then(|| home.join(".cache"))?
            }
        };
        Self::in_directory(&base)
    }

    /// `tracedeck` in a directory of this user; both are made if they are missing.
    fn in_directory(base: &Path) -> Option<Self> {
        let directory = base.join("tracedeck");
        let is_private = |found: &Metadata| found.is_dir() && is_ours(found) && found.mode() & 0o077 == 0;
        let mut found = std::fs::symlink_metadata(&directory);
        if found.is_err() {
            let mut builder = DirBuilder::new();
            builder.mode(0o700).recursive(true).create(base).ok()?;
            if !is_ours(&std::fs::metadata(base).ok()?) {
                return None;
            }
            builder.recursive(false).create(&directory).ok()?;
            found = std::fs::symlink_metadata(&directory);
        }
        if !is_private(&found.ok()?) {
            tracing::debug!(directory = %directory.display(), "others may enter the cache, so it is not used");
            return None;
        }
        Some(Self { directory })
    }

    /// What was stored under a name.
    pub fn load(&self, name: &str) -> Option<Vec<u8>> {
        let open = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(self.directory.join(name));
        let mut file = open.ok()?;
        let found = file.metadata().ok()?;
        if !found.is_file() || !is_ours(&found) || found.mode() & 0o077 != 0 || found.len() > MOST_FILE_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(found.len() as usize + 1);
        file.read_to_end(&mut bytes).ok()?;
        let content = MAGIC.len() + HASH;
        let (head, rest) = bytes.split_at_checked(content)?;
        if head[..MAGIC.len()] != MAGIC || head[MAGIC.len()..] != *Sha256::digest(rest) {
            return None;
        }
        // What is in use stays.
        let _ = file.set_modified(SystemTime::now());
        bytes.drain(..content);
        Some(bytes)
    }

    /// Keeps bytes under a name, and lets others go for them. That fails where it fails.
    pub fn store(&self, name: &str, bytes: &[u8]) {
        if bytes.len() as u64 + 64 > MOST_FILE_BYTES {
            return;
        }
        let written = self.write(name, bytes).and_then(|()| self.make_room());
        if let Err(error) = written {
            tracing::debug!(%error, directory = %self.directory.display(), "not stored in the cache");
        }
    }

    /// In one piece or not at all, whoever else does the same.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.directory.join(format!("{name}.{}.{UNFINISHED}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let written = file
            .write_all(&MAGIC)
            .and_then(|()| file.write_all(&Sha256::digest(bytes)))
            .and_then(|()| file.write_all(bytes))
            .and_then(|()| std::fs::rename(&unfinished, self.directory.join(name)));
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written
    }

    fn make_room(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.directory)?.flatten() {
            let (Ok(found), path) = (entry.metadata(), entry.path()) else { continue };
            let Ok(used) = found.modified() else { continue };
            if path.extension().is_some_and(|ending| ending == UNFINISHED) {
                if now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                    let _ = std::fs::remove_file(path);
                }
            } else if found.is_file() {
                files.push((used, found.len(), path));
            }
        }
        // The latest first.
        files.sort_by_key(|file| std::cmp::Reverse(file.0));
        let mut bytes = 0;
        for (index, (_, length, path)) in files.into_iter().enumerate() {
            bytes += length;
            if index >= MOST_FILES || bytes > MOST_BYTES {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn is_ours(found: &Metadata) -> bool {
    found.uid() == Uid::effective().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A directory that is gone at the end of its test.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tracedeck-cache-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_stored_is_found_and_only_its_owner_can_read_it() {
        let base = Temporary::new("found");
        let cache = Cache::in_directory(&base.0.join("deeper")).unwrap();
        assert_eq!(cache.load("a"), None);
        cache.store("a", b"first");
        cache.store("a", b"second");
        assert_eq!(cache.load("a").as_deref(), Some(&b"second"[..]));
        assert_eq!(std::fs::metadata(&cache.directory).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(cache.directory.join("a")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&cache.directory).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn damaged_cut_off_and_foreign_files_are_not_there() {
        let base = Temporary::new("damaged");
        let cache = Cache::in_directory(&base.0).unwrap();
        cache.store("a", b"content");
        let path = cache.directory.join("a");
        let good = std::fs::read(&path).unwrap();
        for damage in [good.len() - 1, 0, 10] {
            let mut bad = good.clone();
            bad[damage] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(cache.load("a"), None, "byte {damage}");
        }
        std::fs::write(&path, &good[..20]).unwrap();
        assert_eq!(cache.load("a"), None);
        std::fs::write(&path, &good).unwrap();
        assert!(cache.load("a").is_some());
        set_mode(&path, 0o620);
        assert_eq!(cache.load("a"), None, "somebody else may write it");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(cache.load("a"), None);
    }

    #[test]
    fn a_directory_that_others_may_enter_is_not_used() {
        let base = Temporary::new("entered");
        let cache = Cache::in_directory(&base.0).unwrap();
        set_mode(&cache.directory, 0o755);
        assert!(Cache::in_directory(&base.0).is_none());
        std::fs::remove_dir_all(&cache.directory).unwrap();
        let elsewhere = Temporary::new("elsewhere");
        set_mode(&elsewhere.0, 0o700);
        std::os::unix::fs::symlink(&elsewhere.0, base.0.join("tracedeck")).unwrap();
        assert!(Cache::in_directory(&base.0).is_none());
    }

    #[test]
    fn the_files_longest_unused_make_room() {
        let base = Temporary::new("room");
        let cache = Cache::in_directory(&base.0).unwrap();
        let large = vec![7; MOST_FILE_BYTES as usize - 64];
        let fitting = (MOST_BYTES / MOST_FILE_BYTES) as usize;
        for index in 0..fitting {
            cache.store(&index.to_string(), &large);
            let file = OpenOptions::new().write(true).open(cache.directory.join(index.to_string())).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 + index as u64)).unwrap();
        }
        assert!(cache.load("0").is_some(), "used just now");
        cache.store("more", &large);
        assert!(cache.load("0").is_some() && cache.load("more").is_some());
        assert_eq!(cache.load("1"), None);
    }
}
