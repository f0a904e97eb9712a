//! `.BTF.ext`: which instruction begins which function and stems from which line of the script.

/// Magic number of BTF in little-endian order.
const MAGIC: u16 = 0xeb9f;

/// `.BTF` and `.BTF.ext` of an object.
pub struct DebugInfo<'a> {
    pub btf: &'a [u8],
    strings: &'a [u8],
    functions: Table<'a>,
    lines: Table<'a>,
}

/// One of the two tables: records of one size, grouped by section.
struct Table<'a> {
    record_size: usize,
    /// Offset of the section's name in the strings, and its records.
    groups: Vec<(u32, &'a [u8])>,
}

/// Where a function of the object was put in a program.
pub struct Placement<'a> {
    pub section: &'a str,
    /// Bytes from the section's start.
    pub offset: u64,
    pub size: u64,
    /// Number of its first instruction in the program.
    pub start: usize,
}

/// A place in the script, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    pub line: u32,
    pub column: u32,
}

impl<'a> DebugInfo<'a> {
    /// None where the sections are malformed: programs load without them, unless they have callbacks.
    pub fn parse(btf: &'a [u8], extension: &'a [u8]) -> Option<Self> {
        if u16_at(btf, 0)? != MAGIC || u16_at(extension, 0)? != MAGIC {
            return None;
        }
        let strings_at = u32_at(btf, 4)? as usize + u32_at(btf, 16)? as usize;
        let strings = btf.get(strings_at..)?.get(..u32_at(btf, 20)? as usize)?;
        let header = u32_at(extension, 4)? as usize;
        let table = |offset: usize, length: usize| {
            let offset = header + u32_at(extension, offset)? as usize;
            Table::parse(extension.get(offset..)?.get(..u32_at(extension, length)? as usize)?)
        };
        Some(Self { btf, strings, functions: table(8, 12)?, lines: table(16, 20)? })
    }

    /// `bpf_func_info` records of a program, and their size.
    pub fn functions(&self, placements: &[Placement<'_>]) -> (Vec<u8>, u32) {
        self.place(&self.functions, placements)
    }

    /// `bpf_line_info` records of a program, and their size.
    pub fn lines(&self, placements: &[Placement<'_>]) -> (Vec<u8>, u32) {
        self.place(&self.lines, placements)
    }

    /// Byte offsets within sections become instruction numbers within the program, in ascending order.
    fn place(&self, table: &Table<'_>, placements: &[Placement<'_>]) -> (Vec<u8>, u32) {
        let mut records: Vec<(u32, &[u8])> = Vec::new();
        for (name, group) in &table.groups {
            let name = self.string(*name);
            for placement in placements.iter().filter(|placement| placement.section.as_bytes() == name) {
                for record in group.chunks_exact(table.record_size) {
                    let Some(offset) = u32_at(record, 0).map(u64::from) else { continue };
                    if (placement.offset..placement.offset + placement.size).contains(&offset) {
                        let instruction = placement.start as u64 + (offset - placement.offset) / 8;
                        records.push((instruction as u32, record));
                    }
                }
            }
        }
        records.sort_by_key(|(instruction, _)| *instruction);
        // The kernel wants strictly ascending numbers.
        records.dedup_by_key(|(instruction, _)| *instruction);
        let mut bytes = Vec::with_capacity(records.len() * table.record_size);
        for (instruction, record) in records {
            bytes.extend_from_slice(&instruction.to_ne_bytes());
            bytes.extend_from_slice(&record[4..]);
        }
        (bytes, table.record_size as u32)
    }

    fn string(&self, offset: u32) -> &[u8] {
        let rest = self.strings.get(offset as usize..).unwrap_or(&[]);
        &rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())]
    }
}

impl<'a> Table<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self { record_size: 8, groups: Vec::new() });
        }
        let record_size = u32_at(bytes, 0)? as usize;
        if record_size < 8 {
            return None;
        }
        let mut groups = Vec::new();
        let mut rest = bytes.get(4..)?;
        while !rest.is_empty() {
            let length = (u32_at(rest, 4)? as usize).checked_mul(record_size)?;
            groups.push((u32_at(rest, 0)?, rest.get(8..)?.get(..length)?));
            rest = rest.get(8 + length..)?;
        }
        Some(Self { record_size, groups })
    }
}

/// The line of the script that an instruction stems from, by `bpf_line_info` records.
pub fn line_of(records: &[u8], record_size: u32, instruction: u32) -> Option<LineColumn> {
    if record_size < 16 {
        return None;
    }
    records
        .chunks_exact(record_size as usize)
        .take_while(|record| u32_at(record, 0).is_some_and(|start| start <= instruction))
        .filter_map(|record| u32_at(record, 12))
        .map(|packed| LineColumn { line: packed >> 10, column: packed & 0x3ff })
        // Line 0 marks code of no line.
        .filter(|place| place.line > 0)
        .last()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(instruction: u32, line: u32, column: u32) -> Vec<u8> {
        [instruction, 0, 0, line << 10 | column].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn an_instruction_belongs_to_the_last_line_that_began_before_it() {
        let records = [record(0, 3, 5), record(4, 0, 0), record(9, 7, 1)].concat();
        assert_eq!(line_of(&records, 16, 5), Some(LineColumn { line: 3, column: 5 }));
        assert_eq!(line_of(&records, 16, 9), Some(LineColumn { line: 7, column: 1 }));
        assert_eq!(line_of(&records, 0, 9), None);
    }

    #[test]
    fn records_of_a_moved_function_get_the_numbers_of_its_new_place() {
        // Strings: "", "t". One group for section "t" with records at bytes 0 and 16.
        let mut btf = vec![0x9f, 0xeb, 1, 0];
        btf.extend([24_u32, 0, 0, 0, 3].iter().flat_map(|word| word.to_le_bytes()));
        btf.extend(b"\0t\0");
        let group: Vec<u8> = [16_u32, 1, 2].iter().flat_map(|word| word.to_le_bytes()).collect();
        let lines = [group, record(0, 1, 1), record(16, 2, 1)].concat();
        let mut extension = vec![0x9f, 0xeb, 1, 0];
        extension.extend([24_u32, 0, 0, 0, lines.len() as u32].iter().flat_map(|word| word.to_le_bytes()));
        extension.extend(&lines);
        let debug = DebugInfo::parse(&btf, &extension).expect("well-formed");
        let placements = [Placement { section: "t", offset: 8, size: 16, start: 100 }];
        assert_eq!(debug.lines(&placements), (record(101, 2, 1), 16));
    }
}
