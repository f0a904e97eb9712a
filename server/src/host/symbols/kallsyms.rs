//! `/proc/kallsyms`, read once: addresses by name.

/// The kernel's symbols in compact form: one text, and an index sorted by name.
#[derive(Default)]
pub struct Kallsyms {
    /// All names, one after the other.
    text: String,
    symbols: Vec<Symbol>,
    /// Names of modules; the first is not one.
    modules: Vec<String>,
}

struct Symbol {
    address: u64,
    start: u32,
    len: u16,
    kind: u8,
    /// Index into `modules`; 0 is the kernel itself.
    module: u16,
}

impl Kallsyms {
    pub fn read() -> std::io::Result<Self> {
        Ok(Self::parse(&std::fs::read("/proc/kallsyms")?))
    }

    /// Lines of `ADDRESS KIND NAME [MODULE]`. Where addresses are hidden from the reader they are all 0.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut found = Self { modules: vec![String::new()], ..Self::default() };
        for line in bytes.split(|byte| *byte == b'\n') {
            let mut parts = line.split(|byte| *byte == b' ' || *byte == b'\t');
            let (Some(address), Some([kind]), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let (Some(address), Ok(name)) = (hexadecimal(address), std::str::from_utf8(name)) else { continue };
            let (Ok(start), Ok(len)) = (u32::try_from(found.text.len()), u16::try_from(name.len())) else { continue };
            found.text.push_str(name);
            let module = parts.next().map_or(0, |module| found.module(module));
            found.symbols.push(Symbol { address, start, len, kind: *kind, module });
        }
        let text = &found.text;
        // Stable: of equal names the lowest line stays first.
        found.symbols.sort_by(|a, b| name_in(text, a).cmp(name_in(text, b)));
        found
    }

    /// The number of `[MODULE]`. Symbols of one module stand together.
    fn module(&mut self, text: &[u8]) -> u16 {
        let text = String::from_utf8_lossy(text);
        let name = text.trim_matches(|c| matches!(c, '[' | ']'));
        if self.modules.last().is_none_or(|last| last != name) {
            self.modules.push(name.to_owned());
        }
        u16::try_from(self.modules.len() - 1).unwrap_or(0)
    }

    /// Functions of this name.
    fn named(&self, name: &str) -> impl Iterator<Item = &Symbol> {
        let at = self.symbols.partition_point(|symbol| name_in(&self.text, symbol) < name);
        self.symbols[at..]
            .iter()
            .take_while(move |symbol| name_in(&self.text, symbol) == name)
            .filter(|symbol| matches!(symbol.kind, b't' | b'T' | b'w' | b'W'))
    }

    fn home(&self, symbol: &Symbol) -> Option<&str> {
        self.modules.get(usize::from(symbol.module)).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// Where there are functions of this name: modules, and None for the kernel itself.
    pub fn homes(&self, name: &str) -> Vec<Option<&str>> {
        self.named(name).map(|symbol| self.home(symbol)).collect()
    }

    /// The addresses of all functions of this name in a module, or in the kernel itself; none where they are hidden.
    pub fn addresses(&self, module: Option<&str>, name: &str) -> Vec<u64> {
        let functions = self.named(name).filter(|symbol| self.home(symbol) == module && symbol.address != 0);
        let mut addresses: Vec<u64> = functions.map(|symbol| symbol.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The address of the first symbol of this name; `None` also where the kernel hides addresses.
    pub fn address(&self, name: &str) -> Option<u64> {
        let at = self.symbols.partition_point(|symbol| name_in(&self.text, symbol) < name);
        self.symbols[at..]
            .iter()
            .take_while(|symbol| name_in(&self.text, symbol) == name)
            .map(|symbol| symbol.address)
            .find(|address| *address != 0)
    }

    pub fn is_function(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// Functions in alphabetical order, each once, with their module; None for the kernel itself. Left out is what the
    /// kernel makes while it runs: programs, trampolines.
    pub fn functions(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut last = None;
        let functions = self.symbols.iter().filter(|symbol| matches!(symbol.kind, b't' | b'T' | b'w' | b'W'));
        functions.filter_map(move |symbol| {
            let found = (name_in(&self.text, symbol), self.home(symbol));
            let is_made = found.1.is_some_and(|module| module == "bpf" || module.starts_with("__builtin__"));
            (last.replace(found) != Some(found) && !is_made).then_some(found)
        })
    }
}

fn name_in<'a>(text: &'a str, symbol: &Symbol) -> &'a str {
    text.get(symbol.start as usize..symbol.start as usize + usize::from(symbol.len)).unwrap_or("")
}

fn hexadecimal(text: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::Kallsyms;

    const TEXT: &[u8] = b"ffffffff81000000 T _text\nffffffff81000100 t vfs_read\nffffffff81000200 t vfs_read\n\
        ffffffff82000000 D some_data\n0000000000000000 T hidden\nffffffffc0000000 t helper\t[module]\nbroken\n";

    #[test]
    fn the_first_address_of_a_name_is_its_address() {
        let symbols = Kallsyms::parse(TEXT);
        assert_eq!(symbols.address("vfs_read"), Some(0xffff_ffff_8100_0100));
        assert_eq!(symbols.address("hidden"), None);
        assert_eq!(symbols.address("vfs_rea"), None);
        assert_eq!(symbols.address("helper"), Some(0xffff_ffff_c000_0000));
    }

    #[test]
    fn all_functions_of_a_name_have_their_addresses() {
        let symbols = Kallsyms::parse(TEXT);
        assert_eq!(symbols.addresses(None, "vfs_read"), [0xffff_ffff_8100_0100, 0xffff_ffff_8100_0200]);
        assert_eq!(symbols.addresses(Some("module"), "helper"), [0xffff_ffff_c000_0000]);
        assert!(symbols.addresses(None, "helper").is_empty() && symbols.addresses(None, "hidden").is_empty());
    }

    #[test]
    fn functions_are_listed_once_and_without_data() {
        let symbols = Kallsyms::parse(TEXT);
        let functions: Vec<_> = symbols.functions().collect();
        assert_eq!(functions, [("_text", None), ("helper", Some("module")), ("hidden", None), ("vfs_read", None)]);
        assert!(!symbols.is_function("some_data"));
    }
}
