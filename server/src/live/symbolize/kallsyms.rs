//! The kernel's symbols, from `/proc/kallsyms`: read once, searched by address.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// No function is longer. Programs of BPF lie behind all functions of the kernel and need not have a symbol.
const MOST_FUNCTION_BYTES: u64 = 1 << 20;

/// A kernel function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelSymbol<'a> {
    pub name: &'a str,
    pub start: u64,
    /// Name of the module; None for the kernel proper.
    pub module: Option<&'a str>,
}

/// A symbol's start and where its name and module lie in the text.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    name: u32,
    name_length: u16,
    /// Bytes of the module's name, which follows the name and one tab; 0 without a module.
    module_length: u16,
}

#[derive(Debug, Default)]
pub struct Kallsyms {
    /// Names and modules, in one piece.
    text: String,
    /// Sorted by start.
    entries: Vec<Entry>,
}

impl Kallsyms {
    /// Without symbols where they cannot be read.
    pub fn read() -> Self {
        let read = File::open("/proc/kallsyms").and_then(|file| Self::parse(BufReader::with_capacity(16 << 10, file)));
        read.unwrap_or_else(|error| {
            tracing::warn!(%error, "the kernel's symbols cannot be read");
            Self::default()
        })
    }

    /// Line by line: the whole text would be twice as large as what is kept of it.
    fn parse(mut source: impl BufRead) -> io::Result<Self> {
        let mut text = String::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut line = String::new();
        while source.read_line(&mut line)? > 0 {
            // Zeros are what the unprivileged see.
            if let Some((address, kind, name, module)) = parse_line(line.trim_end_matches('\n'))
                && address != 0
                && matches!(kind, b't' | b'T' | b'w' | b'W')
            {
                let at = text.len() as u32;
                text.push_str(name);
                text.push_str(module);
                entries.push(Entry {
                    start: address,
                    name: at,
                    name_length: name.len() as u16,
                    module_length: module.len() as u16,
                });
            }
            line.clear();
        }
        // Of several names for one address the first listed stays in front.
        entries.sort_unstable_by_key(|entry| (entry.start, entry.name));
        entries.dedup_by_key(|entry| entry.start);
        Ok(Self { text, entries })
    }

    /// The symbol with the highest start at or below an address, unless it is far away.
    pub fn find(&self, address: u64) -> Option<KernelSymbol<'_>> {
        let next = self.entries.partition_point(|entry| entry.start <= address);
        let entry = self.entries.get(next.checked_sub(1)?)?;
        if address - entry.start > MOST_FUNCTION_BYTES {
            return None;
        }
        let name_end = entry.name as usize + usize::from(entry.name_length);
        let module = &self.text[name_end..name_end + usize::from(entry.module_length)];
        Some(KernelSymbol {
            name: &self.text[entry.name as usize..name_end],
            start: entry.start,
            module: (!module.is_empty()).then_some(module),
        })
    }
}

/// `ffffffff81000000 T name\t[module]`: address, type, name, module or "".
fn parse_line(line: &str) -> Option<(u64, u8, &str, &str)> {
    let (address, rest) = line.split_once(' ')?;
    let (kind, rest) = rest.split_once(' ')?;
    let (name, module) = rest.split_once('\t').unwrap_or((rest, ""));
    let module = module.trim_start_matches('[').trim_end_matches(']');
    let length_fits = name.len() <= usize::from(u16::MAX) && module.len() <= usize::from(u16::MAX);
    length_fits.then_some((u64::from_str_radix(address, 16).ok()?, *kind.as_bytes().first()?, name, module))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ffffffff81000200 T second\nffffffff81000100 t first\nffffffff81000150 d data\n\
        ffffffffc0000000 t probe\t[nf_tables]\n0000000000000000 T hidden\n";

    #[test]
    fn an_address_belongs_to_the_function_before_it() {
        let symbols = Kallsyms::parse(TEXT.as_bytes()).expect("readable");
        let first = symbols.find(0xffffffff810001ff).expect("in the first");
        assert_eq!((first.name, first.start, first.module), ("first", 0xffffffff81000100, None));
        let in_module = symbols.find(0xffffffffc0000010).expect("in the module");
        assert_eq!((in_module.name, in_module.module), ("probe", Some("nf_tables")));
        assert_eq!(symbols.find(0xffffffff81000000), None);
        assert_eq!(symbols.find(0xffffffffa0000000), None, "far behind the last function");
    }
}
