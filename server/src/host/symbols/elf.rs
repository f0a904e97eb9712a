//! Function symbols of ELF files, with the file offsets that uprobes attach to.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use object::elf::{PF_X, PT_LOAD, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT};
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, ReadCache, ReadRef};
use tracedeck_compiler::kernel::{BinaryError, UserObject, UserSymbol};

pub type Header = object::elf::FileHeader64<Endianness>;

/// A piece of the file that is mapped executable: (address, bytes in the file, offset in the file).
type Segment = (u64, u64, u64);

/// All function symbols of a file and of its separate debug file, sorted by name.
pub fn functions(path: &Path) -> Result<Vec<UserSymbol>, BinaryError> {
    let unreadable = |error: &dyn std::fmt::Display| BinaryError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    check_magic(path)?;
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let cache = ReadCache::new(file);
    let data = &cache;
    let header = Header::parse(data).map_err(|_| BinaryError::NotElf(path.display().to_string()))?;
    let endian = header.endian().map_err(|error| unreadable(&error))?;
    let segments = segments(header, endian, data).map_err(|error| unreadable(&error))?;

    let mut symbols = Vec::new();
    let full = collect(header, endian, data, &segments, &mut symbols).map_err(|error| unreadable(&error))?;
    if !full && let Some(debug) = super::debug_file::find(path) {
        // A damaged debug file only means fewer names.
        let _ = from_debug_file(&debug, &segments, &mut symbols);
    }
    symbols.sort_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
    symbols.dedup_by(|a, b| a.name == b.name && a.address == b.address);
    Ok(symbols)
}

/// The variables of a file by name; the first of each name counts.
pub fn objects(path: &Path) -> HashMap<String, UserObject> {
    fn read(path: &Path, found: &mut HashMap<String, UserObject>) -> Result<(), anyhow::Error> {
        let cache = ReadCache::new(File::open(path)?);
        let header = Header::parse(&cache)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, &cache)?;
        for kind in [object::elf::SHT_SYMTAB, object::elf::SHT_DYNSYM] {
            let table = sections.symbols(endian, &cache, kind)?;
            for symbol in table.iter().filter(|it| it.st_type() == STT_OBJECT && !it.is_undefined(endian)) {
                let Ok(name) = symbol.name(endian, table.strings()) else { continue };
                let name = name.split(|byte| *byte == b'@').next().unwrap_or(name);
                let object = UserObject { address: symbol.st_value(endian), size: symbol.st_size(endian) };
                found.entry(String::from_utf8_lossy(name).into_owned()).or_insert(object);
            }
        }
        Ok(())
    }
    let mut found = HashMap::new();
    // A damaged table only means fewer names.
    let _ = read(path, &mut found);
    found
}

/// Fails unless the file starts as ELF files do.
pub fn check_magic(path: &Path) -> Result<(), BinaryError> {
    let mut magic = [0; 4];
    match File::open(path).and_then(|mut file| file.read_exact(&mut magic)) {
        Ok(()) if magic == *b"\x7fELF" => Ok(()),
        Ok(()) => Err(BinaryError::NotElf(path.display().to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(BinaryError::NotElf(path.display().to_string()))
        }
        Err(error) => Err(BinaryError::Unreadable { path: path.display().to_string(), reason: error.to_string() }),
    }
}

/// Where the code of a file is in it.
pub struct Offsets(Vec<Segment>);

impl Offsets {
    pub fn read(path: &Path) -> Option<Self> {
        let cache = ReadCache::new(File::open(path).ok()?);
        let header = Header::parse(&cache).ok()?;
        segments(header, header.endian().ok()?, &cache).ok().map(Self)
    }

    /// The offset in the file of an address with code.
    pub fn of(&self, address: u64) -> Option<u64> {
        file_offset(&self.0, address)
    }
}

/// Code for x86-64 from an offset of a file on, as many bytes as there are; see `Kernel::user_code`.
pub fn code(path: &Path, offset: u64, len: usize) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    /// No function is larger, but the size of one may be damaged.
    const MOST: usize = 1 << 24;
    let file = File::open(path).ok()?;
    let mut header = [0; 20];
    file.read_exact_at(&mut header, 0).ok()?;
    if u16::from_le_bytes([header[18], header[19]]) != object::elf::EM_X86_64 {
        return None;
    }
    let mut code = vec![0; len.min(MOST)];
    let read = file.read_at(&mut code, offset).ok()?;
    code.truncate(read);
    Some(code)
}

fn segments<'data, R: ReadRef<'data>>(header: &Header, endian: Endianness, data: R) -> object::Result<Vec<Segment>> {
    let headers = header.program_headers(endian, data)?;
    Ok(headers
        .iter()
        .filter(|segment| segment.p_type(endian) == PT_LOAD && segment.p_flags(endian) & PF_X != 0)
        .map(|segment| (segment.p_vaddr(endian), segment.p_filesz(endian), segment.p_offset(endian)))
        .collect())
}

/// Adds what `.symtab` and `.dynsym` hold; says whether there was a `.symtab`.
fn collect<'data, R: ReadRef<'data>>(
    header: &Header,
    endian: Endianness,
    data: R,
    segments: &[Segment],
    symbols: &mut Vec<UserSymbol>,
) -> object::Result<bool> {
    let sections = header.sections(endian, data)?;
    let full = sections.symbols(endian, data, object::elf::SHT_SYMTAB)?;
    let dynamic = sections.symbols(endian, data, object::elf::SHT_DYNSYM)?;
    for table in [&full, &dynamic] {
        for symbol in table.iter() {
            if !matches!(symbol.st_type(), STT_FUNC | STT_GNU_IFUNC) || symbol.is_undefined(endian) {
                continue;
            }
            let Ok(name) = symbol.name(endian, table.strings()) else { continue };
            // Version suffixes such as `@@GLIBC_2.2.5` are no part of the name.
            let name = name.split(|byte| *byte == b'@').next().unwrap_or(name);
            let address = symbol.st_value(endian);
            let Some(file_offset) = file_offset(segments, address) else { continue };
            let name = String::from_utf8_lossy(name).into_owned();
            symbols.push(UserSymbol { name, address, file_offset, size: symbol.st_size(endian) });
        }
    }
    Ok(!full.is_empty())
}

fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    segments.iter().find_map(|(start, len, offset)| {
        let into = address.checked_sub(*start).filter(|into| into < len)?;
        offset.checked_add(into)
    })
}

/// The build id of an ELF file in hexadecimal.
pub fn build_id(file: File) -> Option<String> {
    let cache = ReadCache::new(file);
    let header = Header::parse(&cache).ok()?;
    let id = build_id_of(header, header.endian().ok()?, &cache)?;
    Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn build_id_of<'data, R: ReadRef<'data>>(header: &Header, endian: Endianness, data: R) -> Option<&'data [u8]> {
    let sections = header.sections(endian, data).ok()?;
    sections.iter().find_map(|section| {
        use object::read::elf::SectionHeader;
        let mut notes = section.notes(endian, data).ok()??;
        while let Ok(Some(note)) = notes.next() {
            if note.n_type(endian) == object::elf::NT_GNU_BUILD_ID && note.name() == object::elf::ELF_NOTE_GNU {
                return Some(note.desc());
            }
        }
        None
    })
}

/// Symbols of the debug file; addresses agree with the stripped file's, whose segments give the offsets.
fn from_debug_file(path: &Path, segments: &[Segment], symbols: &mut Vec<UserSymbol>) -> Result<(), anyhow::Error> {
    let cache = ReadCache::new(File::open(path)?);
    let header = Header::parse(&cache)?;
    let endian = header.endian()?;
    collect(header, endian, &cache, segments, symbols)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_maps_through_the_segment_that_holds_it() {
        let segments = [(0x1000, 0x100, 0x200), (0x4000, 0x10, 0x1000)];
        assert_eq!(file_offset(&segments, 0x1010), Some(0x210));
        assert_eq!(file_offset(&segments, 0x400f), Some(0x100f));
        assert_eq!(file_offset(&segments, 0x4010), None);
        assert_eq!(file_offset(&segments, 0), None);
    }

    #[test]
    fn this_test_program_lists_its_own_functions() {
        let symbols = functions(&std::env::current_exe().unwrap()).unwrap();
        let main = symbols.iter().find(|symbol| symbol.name == "main").unwrap();
        assert!(main.file_offset > 0);
        assert!(symbols.is_sorted_by(|a, b| a.name <= b.name));
    }

    #[test]
    fn files_that_are_no_elf_say_so() {
        let path = std::env::temp_dir().join(format!("tracedeck-no-elf-{}", std::process::id()));
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert_eq!(functions(&path), Err(BinaryError::NotElf(path.display().to_string())));
        std::fs::write(&path, b"\x7fELF then nothing").unwrap();
        assert!(functions(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
