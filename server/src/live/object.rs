//! From LLVM's ELF object to instructions that the kernel takes: gathers the functions a program calls, moves them
//! into one piece, and turns relocations into calls, callback addresses and references to maps.

use std::collections::HashMap;

use object::read::elf::ElfFile64;
use object::{LittleEndian, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget};
use object::{SectionIndex, SymbolIndex, SymbolKind};
use tracedeck_compiler::manifest::{KERNEL_VARIABLE_PREFIX, VALUE_SUFFIX};

use super::line_info::{DebugInfo, Placement};

/// Bytes of an instruction.
pub const INSTRUCTION: usize = 8;

/// `BPF_LD | BPF_IMM | BPF_DW`, the first half of a 16-byte load.
const LOAD_IMMEDIATE_64: u8 = 0x18;
const CALL: u8 = 0x85;
/// Source registers that give an immediate its meaning (linux/bpf.h, `BPF_PSEUDO_*`).
const PSEUDO_MAP_FD: u8 = 1;
const PSEUDO_MAP_VALUE: u8 = 2;
const PSEUDO_BTF_ID: u8 = 3;
const PSEUDO_CALL: u8 = 1;
const PSEUDO_KFUNC_CALL: u8 = 2;
const PSEUDO_FUNC: u8 = 4;
/// `R_BPF_64_64` and `R_BPF_64_32` of LLVM's BPF back end.
const RELOCATION_64_64: u32 = 1;
const RELOCATION_64_32: u32 = 10;

/// The object does not have the shape that the code generator promises; a mistake of ours, never of a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed object: {0}")]
pub struct ObjectError(pub String);

impl From<object::Error> for ObjectError {
    fn from(error: object::Error) -> Self {
        Self(error.to_string())
    }
}

/// A parsed object file.
pub struct Object<'a> {
    elf: ElfFile64<'a, LittleEndian>,
    functions: Vec<Function>,
    /// Relocations of each executable section by offset.
    relocations: HashMap<SectionIndex, Vec<(u64, u32, SymbolIndex)>>,
    debug: Option<DebugInfo<'a>>,
}

/// A function of the object.
#[derive(Debug, Clone)]
struct Function {
    name: String,
    section: SectionIndex,
    offset: u64,
    size: u64,
}

/// A program in one piece, its references to maps still open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedProgram {
    pub instructions: Vec<u8>,
    pub references: Vec<Reference>,
    /// `bpf_func_info` and `bpf_line_info` records with instruction numbers of this program.
    pub function_info: Vec<u8>,
    pub function_info_size: u32,
    pub line_info: Vec<u8>,
    pub line_info_size: u32,
}

/// A 16-byte load that is to name a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Number of the load's first half.
    pub instruction: usize,
    pub to: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The map with this symbol.
    Map(String),
    /// This many bytes into the map's only value.
    Value { symbol: String, offset: u32 },
    /// This many bytes into a section of constants.
    Constants { section: usize, offset: u32 },
    /// A call of a kfunc.
    KernelFunction(String),
    /// The address of a variable of the kernel.
    KernelVariable(String),
}

impl<'a> Object<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        let elf = ElfFile64::<LittleEndian>::parse(bytes)?;
        let mut functions: Vec<Function> = Vec::new();
        for symbol in elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
            let (Some(section), Ok(name)) = (symbol.section_index(), symbol.name()) else { continue };
            functions.push(Function { name: name.to_owned(), section, offset: symbol.address(), size: symbol.size() });
        }
        let mut relocations = HashMap::new();
        for section in elf.sections() {
            let mut list = Vec::new();
            for (offset, relocation) in section.relocations() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
                let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
                list.push((offset, r_type, symbol));
            }
            list.sort_unstable_by_key(|(offset, ..)| *offset);
            relocations.insert(section.index(), list);
        }
        let section = |name: &str| elf.section_by_name(name).and_then(|section| section.data().ok());
        let debug = match (section(".BTF"), section(".BTF.ext")) {
            (Some(btf), Some(extension)) => DebugInfo::parse(btf, extension),
            _ => None,
        };
        Ok(Self { elf, functions, relocations, debug })
    }

    /// The type information to load beside the programs.
    pub fn btf(&self) -> Option<&'a [u8]> {
        self.debug.as_ref().map(|debug| debug.btf)
    }

    /// The bytes of a section of constants that a [`Target::Constants`] names.
    pub fn constants(&self, section: usize) -> Result<&'a [u8], ObjectError> {
        Ok(self.elf.section_by_index(SectionIndex(section))?.data()?)
    }

    /// The program whose entry function has this name, or begins the section with this name, with all that it calls.
    pub fn link(&self, name: &str) -> Result<LinkedProgram, ObjectError> {
        let entry = self.entry(name).ok_or_else(|| ObjectError(format!("no function '{name}'")))?;
        let mut linker = Linker { object: self, placed: Vec::new(), program: LinkedProgram::default() };
        linker.place(entry)?;
        let mut next = 0;
        while let Some((function, start)) = linker.placed.get(next).copied() {
            linker.relocate(function, start)?;
            next += 1;
        }
        linker.add_debug_info();
        Ok(linker.program)
    }

    /// The function that a program begins with: of this name, or the first one of the section of this name.
    pub fn entry(&self, name: &str) -> Option<usize> {
        let named = self.functions.iter().position(|function| function.name == name);
        named.or_else(|| {
            let section = self.elf.section_by_name(name)?.index();
            self.functions.iter().position(|function| function.offset == 0 && function.section == section)
        })
    }

    fn section_name(&self, section: SectionIndex) -> &str {
        self.elf.section_by_index(section).ok().and_then(|section| section.name().ok()).unwrap_or("")
    }

    /// The function that begins at, or contains, this offset of a section.
    fn function_at(&self, section: SectionIndex, offset: u64) -> Result<usize, ObjectError> {
        self.functions
            .iter()
            .position(|function| function.section == section && function.offset == offset)
            .ok_or_else(|| ObjectError(format!("no function at {}+{offset:#x}", self.section_name(section))))
    }
}

struct Linker<'o, 'a> {
    object: &'o Object<'a>,
    /// Functions in the program with the number of their first instruction.
    placed: Vec<(usize, usize)>,
    program: LinkedProgram,
}

impl Linker<'_, '_> {
    /// Appends a function unless it is there; returns the number of its first instruction.
    fn place(&mut self, function: usize) -> Result<usize, ObjectError> {
        if let Some((_, start)) = self.placed.iter().find(|(placed, _)| *placed == function) {
            return Ok(*start);
        }
        let Function { name, section, offset, size } = &self.object.functions[function];
        let data = self.object.elf.section_by_index(*section)?.data()?;
        let code = usize::try_from(*offset)
            .ok()
            .zip(usize::try_from(offset.saturating_add(*size)).ok())
            .and_then(|(from, to)| data.get(from..to))
            .filter(|code| !code.is_empty() && code.len().is_multiple_of(INSTRUCTION))
            .ok_or_else(|| ObjectError(format!("function '{name}' lies outside of its section")))?;
        let start = self.program.instructions.len() / INSTRUCTION;
        self.program.instructions.extend_from_slice(code);
        self.placed.push((function, start));
        Ok(start)
    }

    /// Resolves all that the function at `start` refers to.
    fn relocate(&mut self, function: usize, start: usize) -> Result<(), ObjectError> {
        let object = self.object;
        let Function { section, offset, size, .. } = object.functions[function].clone();
        let list = object.relocations.get(&section).map_or(&[][..], Vec::as_slice);
        let inside = |at: u64| at >= offset && at < offset + size;
        for (at, kind, symbol) in list.iter().filter(|(at, ..)| inside(*at)) {
            let instruction = start + (at - offset) as usize / INSTRUCTION;
            match (*kind, self.code(instruction)) {
                (RELOCATION_64_64, LOAD_IMMEDIATE_64) => self.relocate_load(instruction, *symbol)?,
                (RELOCATION_64_32, CALL) => self.relocate_call(instruction, *symbol)?,
                (kind, code) => return Err(ObjectError(format!("relocation {kind} of instruction {code:#x}"))),
            }
        }
        // Calls within one section that the assembler resolved by itself: relative to where the function was.
        for index in 0..(size as usize / INSTRUCTION) {
            let instruction = start + index;
            let at = offset + (index * INSTRUCTION) as u64;
            let is_local_call = self.code(instruction) == CALL && self.source_register(instruction) == PSEUDO_CALL;
            if is_local_call && !list.iter().any(|(other, ..)| *other == at) {
                let target = at as i64 + (i64::from(self.immediate(instruction)) + 1) * INSTRUCTION as i64;
                let callee = object.function_at(section, target as u64)?;
                self.set_call(instruction, callee)?;
            }
        }
        Ok(())
    }

    fn relocate_load(&mut self, instruction: usize, symbol: SymbolIndex) -> Result<(), ObjectError> {
        let symbol = self.object.elf.symbol_by_index(symbol)?;
        let addend = self.immediate(instruction) as u32;
        let Some(section) = symbol.section_index() else {
            let name = symbol.name()?;
            let to = match name.strip_suffix(VALUE_SUFFIX) {
                Some(map) => Target::Value { symbol: map.to_owned(), offset: addend },
                None => match name.strip_prefix(KERNEL_VARIABLE_PREFIX) {
                    Some(variable) => Target::KernelVariable(variable.to_owned()),
                    None => Target::Map(name.to_owned()),
                },
            };
            self.program.references.push(Reference { instruction, to });
            return Ok(());
        };
        let offset = symbol.address() + u64::from(addend);
        if self.object.elf.section_by_index(section)?.kind() == object::SectionKind::Text {
            let callback = self.object.function_at(section, offset)?;
            let target = self.place(callback)?;
            self.set_immediate(instruction, target as i32 - instruction as i32 - 1);
            self.set_source_register(instruction, PSEUDO_FUNC);
            self.set_immediate(instruction + 1, 0);
        } else {
            let offset = u32::try_from(offset).map_err(|_| ObjectError("constants of more than 4 GB".to_owned()))?;
            self.program
                .references
                .push(Reference { instruction, to: Target::Constants { section: section.0, offset } });
        }
        Ok(())
    }

    fn relocate_call(&mut self, instruction: usize, symbol: SymbolIndex) -> Result<(), ObjectError> {
        let symbol = self.object.elf.symbol_by_index(symbol)?;
        let Some(section) = symbol.section_index() else {
            let to = Target::KernelFunction(symbol.name()?.to_owned());
            self.program.references.push(Reference { instruction, to });
            return Ok(());
        };
        let offset = if symbol.kind() == SymbolKind::Section {
            // The immediate counts instructions from the section's start, minus one.
            ((i64::from(self.immediate(instruction)) + 1) * INSTRUCTION as i64) as u64
        } else {
            symbol.address()
        };
        let callee = self.object.function_at(section, offset)?;
        self.set_call(instruction, callee)
    }

    fn set_call(&mut self, instruction: usize, callee: usize) -> Result<(), ObjectError> {
        let target = self.place(callee)?;
        self.set_source_register(instruction, PSEUDO_CALL);
        self.set_immediate(instruction, target as i32 - instruction as i32 - 1);
        Ok(())
    }

    fn add_debug_info(&mut self) {
        let Some(debug) = &self.object.debug else { return };
        let placements: Vec<Placement<'_>> = self
            .placed
            .iter()
            .map(|(function, start)| {
                let Function { section, offset, size, .. } = &self.object.functions[*function];
                Placement { section: self.object.section_name(*section), offset: *offset, size: *size, start: *start }
            })
            .collect();
        (self.program.function_info, self.program.function_info_size) = debug.functions(&placements);
        (self.program.line_info, self.program.line_info_size) = debug.lines(&placements);
    }

    fn code(&self, instruction: usize) -> u8 {
        self.program.instructions.get(instruction * INSTRUCTION).copied().unwrap_or(0)
    }

    fn immediate(&self, instruction: usize) -> i32 {
        immediate(&self.program.instructions, instruction)
    }

    fn set_immediate(&mut self, instruction: usize, value: i32) {
        set_immediate(&mut self.program.instructions, instruction, value);
    }

    fn source_register(&self, instruction: usize) -> u8 {
        self.program.instructions.get(instruction * INSTRUCTION + 1).copied().unwrap_or(0) >> 4
    }

    fn set_source_register(&mut self, instruction: usize, register: u8) {
        set_source_register(&mut self.program.instructions, instruction, register);
    }
}

impl LinkedProgram {
    /// Closes all references: `number` gives the descriptor of each target's map, or the type id of what the kernel has.
    pub fn resolve(&mut self, mut number: impl FnMut(&Target) -> Option<i32>) -> Result<(), ObjectError> {
        for reference in &self.references {
            let number = number(&reference.to).ok_or_else(|| ObjectError(format!("nothing for {:?}", reference.to)))?;
            let (register, offset) = match &reference.to {
                Target::Map(_) => (PSEUDO_MAP_FD, 0),
                Target::Value { offset, .. } | Target::Constants { offset, .. } => (PSEUDO_MAP_VALUE, *offset),
                Target::KernelVariable(_) => (PSEUDO_BTF_ID, 0),
                Target::KernelFunction(_) => {
                    // One instruction, and the function is one of vmlinux.
                    set_source_register(&mut self.instructions, reference.instruction, PSEUDO_KFUNC_CALL);
                    set_immediate(&mut self.instructions, reference.instruction, number);
                    continue;
                }
            };
            set_source_register(&mut self.instructions, reference.instruction, register);
            set_immediate(&mut self.instructions, reference.instruction, number);
            set_immediate(&mut self.instructions, reference.instruction + 1, offset as i32);
        }
        Ok(())
    }
}

fn immediate(instructions: &[u8], instruction: usize) -> i32 {
    let at = instruction * INSTRUCTION + 4;
    instructions.get(at..at + 4).map_or(0, |bytes| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn set_immediate(instructions: &mut [u8], instruction: usize, value: i32) {
    let at = instruction * INSTRUCTION + 4;
    if let Some(bytes) = instructions.get_mut(at..at + 4) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

fn set_source_register(instructions: &mut [u8], instruction: usize, register: u8) {
    if let Some(registers) = instructions.get_mut(instruction * INSTRUCTION + 1) {
        *registers = *registers & 0x0f | register << 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracedeck_compiler::kernel::fixture::FixtureKernel;
    use tracedeck_compiler::options::CompileOptions;
    use tracedeck_compiler::source::SourceFile;

    fn linked(script: &str) -> LinkedProgram {
        let file = SourceFile::new("stdin", script);
        let kernel = FixtureKernel::new("6.18.0", 2);
        let (compiled, _) =
            tracedeck_compiler::compile(&file, &kernel, &CompileOptions::default()).expect("a correct script");
        let object = Object::parse(&compiled.objects[0]).expect("LLVM's object");
        object.link(&compiled.manifest.programs[0].section).expect("the program of the first probe")
    }

    fn words(records: &[u8], size: u32) -> Vec<u32> {
        records
            .chunks_exact(size as usize)
            .map(|record| u32::from_le_bytes([record[0], record[1], record[2], record[3]]))
            .collect()
    }

    #[test]
    fn a_scalar_map_is_an_address_in_the_globals_and_a_keyed_one_a_map() {
        let mut program = linked("begin { @x = 1; @k[2] = 3; }");
        let globals = program
            .references
            .iter()
            .find(|reference| matches!(&reference.to, Target::Value { symbol, .. } if symbol == "td_globals"));
        let globals = globals.expect("a reference to the globals").instruction;
        let keyed = program.references.iter().find(|reference| matches!(&reference.to, Target::Map(_)));
        let keyed = keyed.expect("a reference to the keyed map").instruction;
        program.resolve(|target| Some(if matches!(target, Target::Map(_)) { 77 } else { 55 })).expect("resolves");
        let registers = |instruction: usize| program.instructions[instruction * INSTRUCTION + 1] >> 4;
        assert_eq!((registers(globals), immediate(&program.instructions, globals)), (PSEUDO_MAP_VALUE, 55));
        assert_eq!((registers(keyed), immediate(&program.instructions, keyed)), (PSEUDO_MAP_FD, 77));
    }

    #[test]
    fn a_reference_without_a_map_is_an_error() {
        let mut program = linked("begin { @k[2] = 3; }");
        program.resolve(|_| None).expect_err("no maps at all");
    }

    #[test]
    fn a_loop_body_is_placed_behind_the_program_and_named_by_its_distance() {
        let program = linked("begin { @k[2] = 3; for ($kv : @k) { @sum += $kv.1; } }");
        let functions = words(&program.function_info, program.function_info_size);
        assert_eq!(functions[0], 0);
        assert_eq!(functions.len(), 2, "the program and its callback");
        let load = (0..program.instructions.len() / INSTRUCTION).find(|instruction| {
            program.instructions[instruction * INSTRUCTION] == LOAD_IMMEDIATE_64
                && program.instructions[instruction * INSTRUCTION + 1] >> 4 == PSEUDO_FUNC
        });
        let load = load.expect("the callback's address is loaded");
        assert_eq!(load as i32 + 1 + immediate(&program.instructions, load), functions[1] as i32);
    }

    #[test]
    fn lines_are_in_ascending_order_and_inside_of_the_program() {
        let program = linked("begin {\n  @k[2] = 3;\n  for ($kv : @k) {\n    @sum += $kv.1;\n  }\n}");
        let lines = words(&program.line_info, program.line_info_size);
        assert!(lines.is_sorted() && !lines.is_empty(), "{lines:?}");
        assert!(lines.iter().all(|line| (*line as usize) < program.instructions.len() / INSTRUCTION));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(Object::parse(b"not ELF").is_err());
        assert!(Object::parse(&[]).is_err());
    }
}
