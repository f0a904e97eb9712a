//! Names of files in the cache that are good for one boot of one kernel with its modules, and for one build of this
//! program.

use std::os::unix::fs::MetadataExt as _;

use sha2::{Digest as _, Sha256};

/// Files that tell one boot of one kernel with its modules from another. The first must be there.
const MACHINE: [&str; 4] = [
    "/proc/sys/kernel/random/boot_id",
    "/proc/version",
    // Missing in a kernel without modules. It holds their addresses, too.
    "/proc/modules",
    "/sys/kernel/security/lockdown",
];

/// 32 bytes in hexadecimal.
pub type Key = String;

/// A hash of what is asked and of all about the machine that stays as it is between two boots. None where the machine or
/// the program cannot be told from others.
pub fn key(asked: &[u8]) -> Option<Key> {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // With its length, so that two neighbours cannot pass for two others.
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(asked);
    add(&program()?);
    for (index, path) in MACHINE.iter().enumerate() {
        match std::fs::read(path) {
            Ok(bytes) => add(&bytes),
            Err(_) if index > 0 => add(b""),
            Err(_) => return None,
        }
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The file that this program runs from: a rebuilt compiler must not find what the one before it made.
fn program() -> Option<Vec<u8>> {
    let file = std::fs::metadata("/proc/self/exe").ok()?;
    let numbers =
        [file.dev(), file.ino(), file.size(), file.mtime() as u64, file.mtime_nsec() as u64, file.ctime_nsec() as u64];
    Some(numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}
