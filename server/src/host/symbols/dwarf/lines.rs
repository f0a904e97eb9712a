//! Which places of the code are which lines of the source.

use std::path::Path;

use gimli::{ColumnType, constants as dw};
use tracedeck_compiler::kernel::{SourcePlace, is_source};

use super::{Unit, find_unit, with_dwarf};
use crate::host::symbols::elf;

/// See `Kernel::source_places`.
pub fn source_places(path: &Path, source: &str) -> Option<Vec<SourcePlace>> {
    let offsets = elf::Offsets::read(path)?;
    let mut places = Vec::new();
    with_dwarf(path, |dwarf| {
        find_unit(dwarf, |unit| {
            let _ = of_unit(&unit, source, &offsets, &mut places);
            None::<()>
        });
        Some(())
    })?;
    places.sort_by_key(|it| (it.line, it.column, it.address));
    places.dedup_by_key(|it| (it.line, it.column, it.address));
    Some(places)
}

fn of_unit(
    unit: &Unit<'_, '_>,
    source: &str,
    offsets: &elf::Offsets,
    places: &mut Vec<SourcePlace>,
) -> Result<(), gimli::Error> {
    let Some(program) = unit.line_program.clone() else { return Ok(()) };
    let header = program.header().clone();
    // Files are counted from 1 before DWARF 5, from 0 in it; a number without a file has none.
    let numbers = 0..=header.file_names().len() as u64;
    let wanted: Vec<(u64, String)> = numbers
        .filter_map(|number| Some((number, file_path(unit, &header, number)?)))
        .filter(|(_, path)| is_source(path, source))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let scopes = Scopes::of_unit(unit)?;
    let mut rows = program.rows();
    while let Some((_, row)) = rows.next_row()? {
        let Some((_, path)) = wanted.iter().find(|(number, _)| *number == row.file_index()) else { continue };
        let (Some(line), Some(file_offset)) = (row.line(), offsets.of(row.address())) else { continue };
        // Code that the linker dropped stays behind in the table, without a function.
        let Some(scope) = scopes.of(row.address()) else { continue };
        if row.end_sequence() || !row.is_stmt() {
            continue;
        }
        let column = match row.column() {
            ColumnType::LeftEdge => 0,
            ColumnType::Column(column) => u32::try_from(column.get()).unwrap_or(0),
        };
        places.push(SourcePlace {
            source: path.clone(),
            line: u32::try_from(line.get()).unwrap_or(u32::MAX),
            column,
            address: row.address(),
            file_offset,
            scope,
        });
    }
    Ok(())
}

fn file_path<'a>(
    unit: &Unit<'_, 'a>,
    header: &gimli::LineProgramHeader<super::Bytes<'a>>,
    number: u64,
) -> Option<String> {
    let file = header.file(number)?;
    let text = |value| unit.attr_string(value).ok().map(|it| String::from_utf8_lossy(it.slice()).into_owned());
    let name = text(file.path_name())?;
    if name.starts_with('/') {
        return Some(name);
    }
    let directory = file.directory(header).and_then(text).unwrap_or_default();
    let path = Path::new(&directory).join(name);
    let path = match unit.comp_dir {
        Some(base) if path.is_relative() => Path::new(&*String::from_utf8_lossy(base.slice())).join(path),
        _ => path,
    };
    Some(path.to_string_lossy().into_owned())
}

/// The functions of a unit and the inlined copies in them.
struct Scopes(Vec<Scope>);

struct Scope {
    start: u64,
    end: u64,
    depth: isize,
    /// Offset of the entry in the file: the same for all pieces of one scope.
    id: u64,
}

impl Scopes {
    fn of_unit(unit: &Unit<'_, '_>) -> Result<Self, gimli::Error> {
        let mut scopes = Vec::new();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            if !matches!(entry.tag(), dw::DW_TAG_subprogram | dw::DW_TAG_inlined_subroutine) {
                continue;
            }
            let base = unit.header.debug_info_offset().map_or(0, |offset| offset.0);
            let id = (base + entry.offset().0) as u64;
            let mut ranges = unit.die_ranges(entry)?;
            while let Some(range) = ranges.next()? {
                scopes.push(Scope { start: range.begin, end: range.end, depth: entry.depth(), id });
            }
        }
        Ok(Self(scopes))
    }

    /// The innermost scope at an address.
    fn of(&self, address: u64) -> Option<u64> {
        let around = self.0.iter().filter(|scope| scope.start <= address && address < scope.end);
        around.max_by_key(|scope| scope.depth).map(|scope| scope.id)
    }
}
