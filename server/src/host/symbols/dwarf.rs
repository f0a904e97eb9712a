//! DWARF debug information of programs and libraries: lines of source files, functions, types.
//!
//! Each question reads what it needs of the file anew; answers are remembered by whoever asks.

mod lines;
mod types;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use gimli::{DebuggingInformationEntry, DwTag, EndianSlice, RunTimeEndian, UnitOffset, UnitRef, constants as dw};
use object::{Object, ObjectSection, ReadCache};

pub use lines::source_places;
pub use types::{function_type, struct_type};

type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;
type Dwarf<'a> = gimli::Dwarf<Bytes<'a>>;
type Unit<'u, 'a> = UnitRef<'u, Bytes<'a>>;
type Entry<'a> = DebuggingInformationEntry<Bytes<'a>>;

/// References from one entry to another are followed this far.
const CHAIN_LIMIT: u32 = 32;

/// Calls a function with the debug information of a file, or of its separate debug file. None without any.
fn with_dwarf<T>(path: &Path, ask: impl FnOnce(&Dwarf<'_>) -> Option<T>) -> Option<T> {
    let own = ReadCache::new(File::open(path).ok()?);
    let own = object::File::parse(&own).ok()?;
    if own.section_by_name(".debug_info").is_some() {
        return ask_file(&own, ask);
    }
    let separate = ReadCache::new(File::open(super::debug_file::find(path)?).ok()?);
    let separate = object::File::parse(&separate).ok()?;
    separate.section_by_name(".debug_info")?;
    ask_file(&separate, ask)
}

fn ask_file<'f, T>(
    file: &object::File<'f, &'f ReadCache<File>>,
    ask: impl FnOnce(&Dwarf<'_>) -> Option<T>,
) -> Option<T> {
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, gimli::Error> {
        let section = file.section_by_name(id.name());
        // A section that is damaged has nothing to say.
        Ok(section.and_then(|section| section.uncompressed_data().ok()).unwrap_or_default())
    };
    let sections = gimli::DwarfSections::load(load).ok()?;
    ask(&sections.borrow(|data| EndianSlice::new(data, endian)))
}

/// Calls a function with each compilation unit until it has an answer.
fn find_unit<'a, T>(dwarf: &Dwarf<'a>, mut ask: impl FnMut(Unit<'_, 'a>) -> Option<T>) -> Option<T> {
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        let Ok(unit) = dwarf.unit(header) else { continue };
        if let Some(found) = ask(unit.unit_ref(dwarf)) {
            return Some(found);
        }
    }
    None
}

/// The text of a name.
fn text<'a>(unit: &Unit<'_, 'a>, entry: &Entry<'a>, attribute: gimli::DwAt) -> Option<String> {
    let value = unit.attr_string(entry.attr_value(attribute)?).ok()?;
    Some(String::from_utf8_lossy(value.slice()).into_owned())
}

/// The entry of this unit that an attribute refers to. Other units are not followed.
fn referred(unit: &Unit<'_, '_>, entry: &Entry<'_>, attribute: gimli::DwAt) -> Option<UnitOffset> {
    match entry.attr_value(attribute)? {
        gimli::AttributeValue::UnitRef(offset) => Some(offset),
        gimli::AttributeValue::DebugInfoRef(offset) => offset.to_unit_offset(&unit.header),
        _ => None,
    }
}

/// Looks for something in an entry, then in the declaration or the original that it was made from.
fn along<'a, T>(
    unit: &Unit<'_, 'a>,
    entry: &Entry<'a>,
    find: &dyn Fn(&Entry<'a>) -> Option<T>,
    depth: u32,
) -> Option<T> {
    if let Some(found) = find(entry) {
        return Some(found);
    }
    let depth = depth.checked_sub(1)?;
    let origin =
        referred(unit, entry, dw::DW_AT_abstract_origin).or_else(|| referred(unit, entry, dw::DW_AT_specification))?;
    along(unit, &unit.entry(origin).ok()?, find, depth)
}

/// The entries directly within one, with these tags.
fn children<'a>(unit: &Unit<'_, 'a>, of: UnitOffset, wanted: &[DwTag]) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    let Ok(mut cursor) = unit.entries_at_offset(of) else { return found };
    let mut depth = None;
    while let Ok(Some(entry)) = cursor.next_dfs() {
        let start = *depth.get_or_insert(entry.depth());
        if entry.offset() == of {
            if !entry.has_children() {
                break;
            }
            continue;
        }
        match entry.depth() - start {
            ..1 => break,
            1 if wanted.contains(&entry.tag()) => found.push(entry.clone()),
            _ => {}
        }
    }
    found
}
