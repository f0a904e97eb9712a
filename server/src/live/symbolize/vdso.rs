//! The vDSO, code that the kernel maps into every process: the same image everywhere, so this process's copy serves.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::super::processes::MappedFile;
use super::FileKey;

/// Nothing that a process maps from a disk has this key.
const KEY: FileKey = FileKey::synthetic(1);
/// The image is two to four pages; more would not be a vDSO.
const MOST_BYTES: u64 = 1 << 20;

/// A copy of the vDSO as a file.
pub fn read() -> Option<MappedFile> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let (start, end) = maps.lines().find(|line| line.ends_with("[vdso]"))?.split_once(' ')?.0.split_once('-')?;
    let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    let size = end.checked_sub(start).filter(|size| *size <= MOST_BYTES)?;
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(start)).ok()?;
    let mut image = vec![0; size as usize];
    memory.read_exact(&mut image).ok()?;
    let mut file = File::from(memfd_create(c"vdso", MFdFlags::MFD_CLOEXEC).ok()?);
    file.write_all(&image).ok()?;
    Some(MappedFile { key: KEY, path: "[vdso]".to_owned(), open: Some(file) })
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSymbol as _};

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_copy_has_the_symbols_of_the_clock_functions() {
        let file = super::read().expect("every process has a vDSO");
        let mut open = file.open.expect("open");
        let mut bytes = Vec::new();
        std::io::Seek::rewind(&mut open).expect("rewinds");
        std::io::Read::read_to_end(&mut open, &mut bytes).expect("reads");
        let elf = object::File::parse(&*bytes).expect("an ELF file");
        assert!(elf.dynamic_symbols().any(|symbol| symbol.name() == Ok("__vdso_clock_gettime")));
    }
}
