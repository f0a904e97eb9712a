//! Separate debug files: where distributions put the symbols and types of stripped programs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::{Object, ReadCache};

/// Where all of a system's separate debug files are.
const SYSTEM: &str = "/usr/lib/debug";

/// The debug file of an ELF file: by its build id, or the file that its debug link names.
pub fn find(path: &Path) -> Option<PathBuf> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let file = object::File::parse(&cache).ok()?;
    let by_id = file.build_id().ok().flatten().and_then(|id| {
        let (first, rest) = id.split_first()?;
        let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = PathBuf::from(format!("{SYSTEM}/.build-id/{first:02x}/{rest}.debug"));
        path.is_file().then_some(path)
    });
    by_id.or_else(|| {
        let (name, checksum) = file.gnu_debuglink().ok()??;
        linked(path, std::str::from_utf8(name).ok()?, checksum)
    })
}

/// The file of that name with that checksum: beside the program, in `.debug` there, or among the system's.
fn linked(path: &Path, name: &str, checksum: u32) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let directory = path.parent()?;
    let system = Path::new(SYSTEM).join(directory.strip_prefix("/").ok()?);
    let candidates = [directory.join(name), directory.join(".debug").join(name), system.join(name)];
    candidates.into_iter().find(|candidate| *candidate != path && checksum_of(candidate) == Some(checksum))
}

/// The CRC-32 of a file.
fn checksum_of(path: &Path) -> Option<u32> {
    let mut file = File::open(path).ok()?;
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(crc.sum()),
            len => crc.update(&buffer[..len]),
        }
    }
}
