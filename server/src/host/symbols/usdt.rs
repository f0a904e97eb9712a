//! USDT probes of ELF files: the notes that `sys/sdt.h` leaves in the section `.note.stapsdt`.

use std::fs::File;
use std::path::Path;

use object::elf::{PF_W, PF_X, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadCache, ReadRef};
use tracedeck_compiler::kernel::{BinaryError, UsdtLocation};

use super::elf::{Header, check_magic};

/// The type and the owner of the notes, from systemtap's description of the format.
const NOTE_TYPE: u32 = 3;
const OWNER: &[u8] = b"stapsdt";
/// A section whose address is also in every note: the file may have been moved since (by prelink).
const BASE_SECTION: &[u8] = b".stapsdt.base";
const NOTE_SECTION: &[u8] = b".note.stapsdt";

/// Every place of every probe, in the order of provider, name and address; none in a file without notes.
pub fn locations(path: &Path) -> Result<Vec<UsdtLocation>, BinaryError> {
    let unreadable = |error: &dyn std::fmt::Display| BinaryError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    check_magic(path)?;
    let cache = ReadCache::new(File::open(path).map_err(|error| unreadable(&error))?);
    let header = Header::parse(&cache).map_err(|_| BinaryError::NotElf(path.display().to_string()))?;
    let mut found = read(header, &cache).map_err(|error| unreadable(&error))?;
    found.sort_by(|a, b| (&a.provider, &a.name, a.address).cmp(&(&b.provider, &b.name, b.address)));
    Ok(found)
}

fn read<'data, R: ReadRef<'data>>(header: &Header, data: R) -> object::Result<Vec<UsdtLocation>> {
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let segments = header.program_headers(endian, data)?;
    let offset_of = |address: u64, flag: u32| {
        segments.iter().filter(|it| it.p_type(endian) == PT_LOAD && it.p_flags(endian) & flag != 0).find_map(|it| {
            let into = address.checked_sub(it.p_vaddr(endian)).filter(|into| *into < it.p_filesz(endian))?;
            it.p_offset(endian).checked_add(into)
        })
    };
    let named = |wanted: &'static [u8]| {
        sections.iter().filter(move |section| sections.section_name(endian, section).is_ok_and(|name| name == wanted))
    };
    let base = named(BASE_SECTION).next().map(|section| section.sh_addr(endian));
    let mut found = Vec::new();
    for section in named(NOTE_SECTION) {
        let Some(mut notes) = section.notes(endian, data)? else { continue };
        while let Some(note) = notes.next()? {
            if note.n_type(endian) != NOTE_TYPE || note.name() != OWNER {
                continue;
            }
            let Some(raw) = Note::parse(note.desc(), endian) else { continue };
            // The base that the note was written with is 0 where the section is not there.
            let moved = base.filter(|_| raw.base != 0).map_or(0, |base| base.wrapping_sub(raw.base));
            let address = raw.address.wrapping_add(moved);
            // A probe outside of what is mapped as code cannot be attached.
            let Some(file_offset) = offset_of(address, PF_X) else { continue };
            let semaphore = match raw.semaphore {
                0 => 0,
                semaphore => offset_of(semaphore.wrapping_add(moved), PF_W).unwrap_or(0),
            };
            let [provider, name, arguments] = raw.texts;
            found.push(UsdtLocation { provider, name, address, file_offset, semaphore, arguments });
        }
    }
    Ok(found)
}

/// What a note holds: three addresses, three texts that end with NUL.
struct Note {
    address: u64,
    base: u64,
    semaphore: u64,
    texts: [String; 3],
}

impl Note {
    fn parse(bytes: &[u8], endian: Endianness) -> Option<Self> {
        let word = |at: usize| {
            let bytes: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
            Some(if endian == Endianness::Little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
        };
        let mut texts =
            bytes.get(24..)?.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        Some(Self {
            address: word(0)?,
            base: word(8)?,
            semaphore: word(16)?,
            texts: [texts.next()?, texts.next()?, texts.next()?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_three_addresses_and_three_texts() {
        let mut bytes: Vec<u8> = [0x1234_u64, 0x2000, 0x3000].iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(b"shop\0sold\0-4@%eax\0");
        let note = Note::parse(&bytes, Endianness::Little).unwrap();
        assert_eq!((note.address, note.base, note.semaphore), (0x1234, 0x2000, 0x3000));
        assert_eq!(note.texts, ["shop", "sold", "-4@%eax"]);
        for end in 0..bytes.len() - 10 {
            assert!(Note::parse(&bytes[..end], Endianness::Little).is_none() || end > 24);
        }
    }

    #[test]
    fn this_test_program_can_be_asked_for_its_probes() {
        // Whether there are any depends on the C++ library within.
        let found = locations(&std::env::current_exe().unwrap()).unwrap();
        assert!(found.iter().all(|it| it.file_offset != 0 && !it.name.is_empty()), "{found:?}");
        assert!(found.is_sorted_by_key(|it| (it.provider.clone(), it.name.clone(), it.address)));
        assert!(locations(Path::new("/proc/self/stat")).is_err());
    }
}
