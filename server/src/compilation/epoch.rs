//! Under which name the cache keeps a compiled script: a hash of all that the compilation starts from and of all about
//! the machine that stays as it is between two boots.
//!
//! Within one boot, with the same modules, at the same level of lockdown, the kernel's types, symbols and features do
//! not change. What does is asked again, see [`super::facts`].

use std::os::unix::fs::MetadataExt as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::Part;

use crate::session::driver::RunRequest;

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

/// What the compiler is told. Not what the run does with the result: `-c`, limits of time.
#[derive(Serialize)]
struct Input<'a> {
    source_name: &'a str,
    imported: &'a Option<Vec<Part>>,
    source: &'a str,
    options: &'a CompileOptions,
}

/// None where the machine or the program cannot be told from others.
pub fn key(request: &RunRequest) -> Option<Key> {
    let RunRequest { source_name, source, imported, options, .. } = request;
    let input = postcard::to_stdvec(&Input { source_name, imported, source, options }).ok()?;
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // With its length, so that two neighbours cannot pass for two others.
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(&input);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_the_script_and_its_options_and_not_what_the_run_does_with_them() {
        let request = |source: &str| RunRequest {
            source_name: "stdin".to_owned(),
            imported: None,
            source: source.to_owned(),
            options: CompileOptions::default(),
            command: None,
            dry_run: false,
            live_maps: false,
            live_map_entries: 0,
            time_limit_seconds: 0,
            measure: false,
            server: None,
            debug_directories: Vec::new(),
        };
        let Some(first) = key(&request("begin { }")) else {
            println!("skipped: the_key_follows_the_script: this machine does not tell its boot");
            return;
        };
        assert_eq!(key(&request("begin { }")), Some(first.clone()));
        assert_eq!(key(&RunRequest { dry_run: true, ..request("begin { }") }), Some(first.clone()));
        assert_ne!(key(&request("begin {  }")), Some(first.clone()));
        let options = CompileOptions { positional: vec!["1".to_owned()], ..CompileOptions::default() };
        assert_ne!(key(&RunRequest { options, ..request("begin { }") }), Some(first));
    }
}
