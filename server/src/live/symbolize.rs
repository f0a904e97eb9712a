//! Addresses become names: kernel frames by kallsyms, user frames by the files that were mapped when a stack came in.
//!
//! Runs on the thread that hands out events, never on the one that empties the ring: reading the symbols of a large
//! binary takes as long as it takes, and the ring does not overflow meanwhile.

use std::collections::HashMap;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use blazesym::symbolize::source::Elf;
use blazesym::symbolize::{CodeInfo, Reason, Sym, Symbolized};
use tracedeck_compiler::abi::decode::RawStack;
use tracedeck_compiler::abi::value::{FilePlace, Frame, Stack, Unresolved};
use tracedeck_compiler::manifest::RunSettings;
use tracedeck_compiler::types::StackSpace;

use super::processes::{Content, FileKey, MappedFile, Mapping, ProcessImage};

mod files;
mod kallsyms;
mod kernel;
mod perf_map;
mod vdso;

use crossbeam_channel::Receiver;
use files::FileSymbols;
pub use files::REST;
pub use kallsyms::Kallsyms;
use kernel::KernelSymbols;
use perf_map::PerfMaps;

/// Debug information of larger files is left alone: reading it takes seconds. Their symbol tables are still used.
const MOST_DEBUG_BYTES: u64 = 96 << 20;
/// Cached places of files; when there are more, the cache starts anew.
const MOST_CACHED: usize = 400_000;

/// A stack as it came, and the process as it was then.
pub struct Captured {
    pub stack: RawStack,
    pub image: Option<Arc<ProcessImage>>,
}

/// What one place of a file stands for, inlined functions first; the frame's own function is the last.
type Names = Arc<[Name]>;

#[derive(Debug, Clone)]
struct Name {
    symbol: Option<String>,
    offset: u64,
    source: Option<String>,
    inlined: bool,
    reason: Option<Unresolved>,
}

/// Resolves addresses; not to be moved between threads.
pub struct Symbolizer {
    files: FileSymbols,
    kernel: KernelSymbols,
    places: HashMap<(FileKey, u64), Names>,
    /// Whether stacks say where in which file their addresses are.
    pub tells_places: bool,
    build_ids: HashMap<FileKey, Option<String>>,
    perf_maps: PerfMaps,
    vdso: Option<Option<Arc<MappedFile>>>,
}

impl Symbolizer {
    /// Debug information is looked for in the usual directories, and in these.
    pub fn new(debug_directories: &[String], settings: &RunSettings) -> Self {
        Self {
            files: FileSymbols::new(debug_directories, settings),
            kernel: KernelSymbols::Unread,
            places: HashMap::new(),
            tells_places: false,
            build_ids: HashMap::new(),
            perf_maps: PerfMaps::default(),
            vdso: None,
        }
    }

    /// Whether symbols of files are in memory.
    pub fn is_awake(&self) -> bool {
        self.files.is_awake()
    }

    /// Lets go of symbols of files that nobody has asked for in a while.
    pub fn rest(&mut self) {
        self.files.rest();
    }

    /// Begins to read the kernel's symbols ahead of their first use, and returns.
    pub fn read_kernel_symbols(&mut self) {
        self.kernel.begin();
    }

    /// Where the kernel's symbols will come out while they are being read.
    pub fn awaited_kernel_symbols(&self) -> Option<Receiver<Kallsyms>> {
        self.kernel.awaited()
    }

    /// Takes the kernel's symbols when they have come out.
    pub fn take_kernel_symbols(&mut self, symbols: Kallsyms) {
        self.kernel.arrived(symbols);
    }

    /// Names the frames of some stacks. Cheaper for many at once: each file is asked once.
    pub fn stacks<C: std::borrow::Borrow<Captured>>(&mut self, captured: &[C]) -> Vec<Arc<Stack>> {
        self.resolve_missing(captured.iter().map(C::borrow).filter_map(|captured| {
            let is_user = captured.stack.space == StackSpace::User;
            Some((captured.image.as_deref().filter(|_| is_user)?, captured.stack.frames.as_slice()))
        }));
        captured.iter().map(|captured| Arc::new(self.stack(captured.borrow()))).collect()
    }

    fn stack(&mut self, captured: &Captured) -> Stack {
        let Captured { stack, image } = captured;
        let mut frames = Vec::with_capacity(stack.frames.len());
        for (index, address) in stack.frames.iter().enumerate() {
            match (stack.space, image) {
                (StackSpace::Kernel, _) => frames.push(self.kernel_frame(*address, index)),
                (StackSpace::User, Some(image)) => self.user_frames(image, *address, index, &mut frames),
                (StackSpace::User, None) => frames.push(unresolved(*address, None, Unresolved::ProcessGone)),
            }
        }
        let places = match image {
            Some(image) if self.tells_places => stack.frames.iter().map(|it| self.file_place(image, *it)).collect(),
            _ if self.tells_places => {
                stack.frames.iter().map(|it| FilePlace { address: *it, build_id: None }).collect()
            }
            _ => Vec::new(),
        };
        Stack { id: stack.id, space: stack.space, pid: stack.pid, frames, places }
    }

    fn file_place(&mut self, image: &ProcessImage, address: u64) -> FilePlace {
        let place = image.find(address).and_then(|mapping| self.place(mapping, address));
        let build_id = place.and_then(|(file, offset)| {
            let read = || crate::host::symbols::elf::build_id(file.open.as_ref()?.try_clone().ok()?);
            let id = self.build_ids.entry(file.key).or_insert_with(read).clone()?;
            Some((id, offset))
        });
        FilePlace { address, build_id }
    }

    /// The function that holds a kernel address, as `ksym` prints it.
    pub fn kernel_symbol(&mut self, address: u64) -> Option<String> {
        self.kernel.get().find(address).map(|symbol| symbol.name.to_owned())
    }

    /// The function that holds a user address, as `usym` prints it.
    pub fn user_symbol(&mut self, image: &ProcessImage, address: u64) -> Option<String> {
        self.resolve_missing(std::iter::once((image, std::slice::from_ref(&address))));
        let mut frames = Vec::new();
        self.user_frames(image, address, 0, &mut frames);
        frames.pop().and_then(|frame| frame.symbol)
    }

    fn kernel_frame(&mut self, address: u64, index: usize) -> Frame {
        match self.kernel.get().find(lookup_address(address, index)) {
            Some(symbol) => Frame {
                address,
                symbol: Some(symbol.name.to_owned()),
                offset: address.wrapping_sub(symbol.start),
                module: symbol.module.map(str::to_owned),
                source: None,
                inlined: false,
                reason: None,
            },
            None => unresolved(address, None, Unresolved::NoSymbols),
        }
    }

    /// Appends the frames of one user address: the functions inlined there, then the function itself.
    fn user_frames(&mut self, image: &ProcessImage, address: u64, index: usize, frames: &mut Vec<Frame>) {
        let lookup = lookup_address(address, index);
        let Some(mapping) = image.find(lookup) else {
            frames.push(unresolved(address, None, Unresolved::Unmapped));
            return;
        };
        if let Content::Anonymous = mapping.content {
            frames.push(match self.perf_maps.find(image.pid, lookup) {
                Some((symbol, start)) => Frame {
                    address,
                    symbol: Some(symbol),
                    offset: address.wrapping_sub(start),
                    module: None,
                    source: None,
                    inlined: false,
                    // It has a name; what it is decides its colour.
                    reason: Some(Unresolved::JustInTime),
                },
                None => unresolved(address, None, Unresolved::JustInTime),
            });
            return;
        }
        let Some((file, place)) = self.place(mapping, lookup) else {
            frames.push(unresolved(address, None, Unresolved::NoSymbols));
            return;
        };
        let Some(names) = self.places.get(&(file.key, place)) else {
            frames.push(unresolved(address, Some(file.path.clone()), Unresolved::NoSymbols));
            return;
        };
        // The name was looked up one byte before a return address.
        let back = address - lookup;
        frames.extend(names.iter().map(|name| Frame {
            address,
            symbol: name.symbol.clone(),
            offset: if name.symbol.is_some() { name.offset + back } else { 0 },
            module: Some(file.path.clone()),
            source: name.source.clone(),
            inlined: name.inlined,
            reason: name.reason,
        }));
    }

    /// The file and the offset in it that an address of a mapping stands for.
    fn place(&mut self, mapping: &Mapping, address: u64) -> Option<(Arc<MappedFile>, u64)> {
        match &mapping.content {
            Content::File { file, offset } => Some((file.clone(), address - mapping.start + offset)),
            Content::Vdso => {
                let file = self.vdso.get_or_insert_with(|| vdso::read().map(Arc::new)).clone()?;
                Some((file, address - mapping.start))
            }
            Content::Anonymous => None,
        }
    }

    /// Looks up all places of files that are not in the cache yet, each file in one call.
    fn resolve_missing<'s>(&mut self, stacks: impl Iterator<Item = (&'s ProcessImage, &'s [u64])>) {
        if self.places.len() > MOST_CACHED {
            self.places.clear();
        }
        let mut missing: HashMap<FileKey, (Arc<MappedFile>, Vec<u64>)> = HashMap::new();
        for (image, frames) in stacks {
            for (index, address) in frames.iter().enumerate() {
                let lookup = lookup_address(*address, index);
                let Some((file, place)) = image.find(lookup).and_then(|mapping| self.place(mapping, lookup)) else {
                    continue;
                };
                if !self.places.contains_key(&(file.key, place)) {
                    missing.entry(file.key).or_insert_with(|| (file, Vec::new())).1.push(place);
                }
            }
        }
        for (key, (file, mut places)) in missing {
            places.sort_unstable();
            places.dedup();
            for (place, names) in places.iter().zip(self.resolve(&file, &places)) {
                self.places.insert((key, *place), names);
            }
        }
    }

    /// One answer for each place, in order.
    fn resolve(&mut self, file: &MappedFile, places: &[u64]) -> Vec<Names> {
        let nothing = |reason| vec![Arc::from([Name::nothing(reason)]); places.len()];
        let Some(open) = &file.open else { return nothing(Unresolved::ProcessGone) };
        let mut elf = Elf::new(format!("/proc/self/fd/{}", open.as_raw_fd()));
        elf.debug_syms = open.metadata().is_ok_and(|metadata| metadata.len() <= MOST_DEBUG_BYTES);
        match self.files.find(elf, places) {
            Ok(answers) if answers.len() == places.len() => answers.into_iter().map(names).collect(),
            Ok(_) => nothing(Unresolved::NoSymbols),
            Err(error) => {
                tracing::debug!(path = %file.path, %error, "no symbols");
                nothing(Unresolved::NoSymbols)
            }
        }
    }
}

/// A return address points behind its call, which may be the last instruction of its function: only the innermost
/// frame is where it says.
fn lookup_address(address: u64, index: usize) -> u64 {
    if index == 0 { address } else { address.saturating_sub(1) }
}

fn unresolved(address: u64, module: Option<String>, reason: Unresolved) -> Frame {
    Frame { address, symbol: None, offset: 0, module, source: None, inlined: false, reason: Some(reason) }
}

impl Name {
    fn nothing(reason: Unresolved) -> Self {
        Self { symbol: None, offset: 0, source: None, inlined: false, reason: Some(reason) }
    }
}

fn names(answer: Symbolized<'_>) -> Names {
    match answer {
        Symbolized::Sym(symbol) => {
            let Sym { name, offset, code_info, inlined, .. } = symbol;
            let own = Name {
                symbol: Some(name.into_owned()),
                offset: offset as u64,
                source: code_info.as_deref().and_then(source),
                inlined: false,
                reason: None,
            };
            // Outermost first, as they are nested.
            let inlined = inlined.iter().rev().map(|function| Name {
                symbol: Some(function.name.to_string()),
                offset: 0,
                source: function.code_info.as_ref().and_then(source),
                inlined: true,
                reason: None,
            });
            inlined.chain(std::iter::once(own)).collect()
        }
        Symbolized::Unknown(reason) => Arc::from([Name::nothing(match reason {
            Reason::Unmapped | Reason::InvalidFileOffset => Unresolved::Unmapped,
            _ => Unresolved::NoSymbols,
        })]),
    }
}

fn source(info: &CodeInfo<'_>) -> Option<String> {
    Some(format!("{}:{}", info.to_path().display(), info.line?))
}

#[cfg(test)]
mod tests {
    use super::super::processes::Processes;
    use super::*;

    fn stack_of_this_process(frames: &[u64]) -> Arc<Stack> {
        let pid = std::process::id();
        let image = Processes::default().image(pid, frames);
        let stack = RawStack { id: 1, space: StackSpace::User, pid, frames: frames.to_vec() };
        Symbolizer::new(&[], &RunSettings::default()).stacks(&[Captured { stack, image }]).remove(0)
    }

    #[inline(never)]
    fn a_function_to_find() -> u64 {
        std::hint::black_box(17)
    }

    #[test]
    fn a_function_of_this_process_is_named_with_file_and_offset() {
        let address = a_function_to_find as fn() -> u64 as usize as u64;
        let stack = stack_of_this_process(&[address]);
        let frame = stack.frames.last().expect("one frame");
        let symbol = frame.symbol.as_deref().unwrap_or_default();
        assert!(symbol.contains("a_function_to_find"), "{stack:?}");
        assert_eq!((frame.address, frame.offset, frame.reason), (address, 0, None));
    }

    #[test]
    fn a_return_address_belongs_to_the_function_that_made_the_call() {
        // The address behind the last byte of a function may be the next function's first.
        let address = a_function_to_find as fn() -> u64 as usize as u64;
        let stack = stack_of_this_process(&[address, address + 1]);
        assert_eq!(stack.frames.last().map(|frame| frame.offset), Some(1));
    }

    #[test]
    fn an_address_of_nothing_says_so() {
        let stack = stack_of_this_process(&[16]);
        assert_eq!(stack.frames[0].reason, Some(Unresolved::Unmapped));
        assert_eq!(stack.frames[0].symbol, None);
    }

    #[test]
    fn a_process_that_was_never_seen_is_gone() {
        let stack = RawStack { id: 1, space: StackSpace::User, pid: 4_000_000, frames: vec![16] };
        let stacks = Symbolizer::new(&[], &RunSettings::default()).stacks(&[Captured { stack, image: None }]);
        assert_eq!(stacks[0].frames[0].reason, Some(Unresolved::ProcessGone));
    }
}
