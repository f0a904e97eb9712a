//! Facts about this machine: [`LiveKernel`] answers what the compiler asks, from `/sys` and `/proc`.
//!
//! Nothing is read before somebody asks for it, everything is read once, and all of it may be asked from any thread.
//! No answer needs a `bpf()` call, but for the names of loaded programs, which are asked for when a script or a person
//! names `fentry:bpf:`.

pub mod bpf_holders;
pub mod bpf_programs;
pub mod btf;
mod cache;
pub mod cgroup;
pub mod features;
mod namespace;
pub mod probes;
pub mod process_list;
pub mod search;
pub mod symbols;
mod traceable;
pub mod tracefs;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use tracedeck_compiler::kernel::tracepoint_format::{FormatContext, parse_format};
use tracedeck_compiler::kernel::{
    BinaryError, Feature, FunctionType, Kernel, KernelFunction, ProgramFunction, SourcePlace, StructType,
    TracepointFormat, UsdtLocation, UserObject, UserSymbol, VMLINUX, c_names, matches_pattern,
};
use tracedeck_compiler::types::{AddressSpace, Type};

use btf::{Btf, Kind};
use cache::Cache;
use symbols::kallsyms::Kallsyms;
use tracefs::TraceFs;

use crate::cache::boot;

type Symbols = Result<Arc<Vec<UserSymbol>>, BinaryError>;
type Objects = Arc<HashMap<String, UserObject>>;
type Places = Option<Arc<Vec<SourcePlace>>>;
type UsdtLocations = Result<Arc<Vec<UsdtLocation>>, BinaryError>;
/// A file as it was at one time: a program that is rebuilt is read again.
type FileVersion = (PathBuf, Option<SystemTime>);

/// The running kernel.
pub struct LiveKernel {
    release: String,
    btf: OnceLock<Option<Arc<Btf>>>,
    /// By name; read when a script has something of them.
    module_btf: Cache<String, Option<Arc<Btf>>>,
    tracefs: OnceLock<Result<TraceFs, String>>,
    kallsyms: OnceLock<Kallsyms>,
    functions: OnceLock<Vec<KernelFunction>>,
    /// Where they are remembered, if anywhere.
    lists: OnceLock<crate::cache::Cache>,
    traceable: OnceLock<Vec<KernelFunction>>,
    function_types: Cache<KernelFunction, Option<Arc<FunctionType>>>,
    raw_tracepoints: OnceLock<Vec<String>>,
    possible_cpus: OnceLock<u32>,
    features: Cache<Feature, bool>,
    structs: Cache<String, Option<Arc<StructType>>>,
    types: Cache<String, Option<Type>>,
    constants: Cache<String, Option<(Type, i64)>>,
    raw_arguments: Cache<String, Option<Arc<StructType>>>,
    formats: Cache<(String, String), Option<Arc<TracepointFormat>>>,
    user_symbols: Cache<FileVersion, Symbols>,
    user_objects: Cache<FileVersion, Objects>,
    usdt: Cache<FileVersion, UsdtLocations>,
    /// By file and `file.c:LINE`.
    source_places: Cache<(FileVersion, String), Places>,
    /// By file and offset.
    user_function_types: Cache<(FileVersion, u64), Option<Arc<FunctionType>>>,
}

impl LiveKernel {
    /// The one instance of this process.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<LiveKernel>> = OnceLock::new();
        SHARED.get_or_init(|| Arc::new(Self::new())).clone()
    }

    fn new() -> Self {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            release: release.trim().to_owned(),
            btf: OnceLock::new(),
            module_btf: Cache::default(),
            tracefs: OnceLock::new(),
            kallsyms: OnceLock::new(),
            functions: OnceLock::new(),
            lists: OnceLock::new(),
            traceable: OnceLock::new(),
            function_types: Cache::default(),
            raw_tracepoints: OnceLock::new(),
            possible_cpus: OnceLock::new(),
            features: Cache::default(),
            structs: Cache::default(),
            types: Cache::default(),
            constants: Cache::default(),
            raw_arguments: Cache::default(),
            formats: Cache::default(),
            user_symbols: Cache::default(),
            user_objects: Cache::default(),
            usdt: Cache::default(),
            source_places: Cache::default(),
            user_function_types: Cache::default(),
        }
    }

    /// Reads ahead what most scripts need: the types and the list of tracepoints (about 15 ms). For a spare worker.
    pub fn warm(&self) {
        self.btf();
        if let Ok(tracefs) = self.tracefs() {
            tracefs.events();
        }
    }

    fn release_text(&self) -> &str {
        &self.release
    }

    /// The kernel's type information, if it publishes any.
    pub fn btf(&self) -> Option<&Arc<Btf>> {
        self.btf.get_or_init(|| Btf::read(&Btf::path()).ok().map(Arc::new)).as_ref()
    }

    /// The type information of a module, if it is loaded and publishes any.
    pub fn module_btf(&self, module: &str) -> Option<Arc<Btf>> {
        // Those of modules continue the running kernel's own, nothing else.
        let base = self.btf().filter(|_| Btf::path() == Path::new(Btf::VMLINUX))?;
        self.module_btf.get(module, || Btf::of_module(base, module).ok().map(Arc::new))
    }

    /// The type information that a function is described in.
    fn btf_of(&self, module: Option<&str>) -> Option<Arc<Btf>> {
        match module {
            None => self.btf().cloned(),
            Some(module) => self.module_btf(module),
        }
    }

    /// What the kernel's own types answer, else the first module that has an answer.
    fn in_any_btf<T>(&self, ask: impl Fn(&Btf) -> Option<T>) -> Option<T> {
        ask(self.btf()?).or_else(|| Btf::modules().iter().find_map(|module| ask(&*self.module_btf(module)?)))
    }

    /// The parameters of a kernel function and what it returns, for listings.
    pub fn declaration(&self, function: &KernelFunction) -> Option<(StructType, String)> {
        self.btf_of(function.module.as_deref())?.function(&function.name)
    }

    /// The tracing file system; the error is a sentence for people.
    pub fn tracefs(&self) -> Result<&TraceFs, &str> {
        self.tracefs.get_or_init(|| TraceFs::find().map_err(|error| error.to_string())).as_ref().map_err(String::as_str)
    }

    /// The BTF id of a kernel function, typedef or struct, for attaching by type.
    pub fn btf_id(&self, kind: Kind, name: &str) -> Option<u32> {
        self.btf()?.id_of(kind, name)
    }

    /// The number of a tracepoint for `perf_event_open`.
    pub fn tracepoint_id(&self, category: &str, event: &str) -> std::io::Result<u64> {
        self.tracefs().map_err(std::io::Error::other)?.id(category, event)
    }

    /// Processors that are online now, in ascending order.
    pub fn online_cpus(&self) -> Vec<u32> {
        read_cpus("online")
    }

    fn kallsyms(&self) -> &Kallsyms {
        self.kallsyms.get_or_init(|| Kallsyms::read().unwrap_or_default())
    }

    /// Functions that BTF describes and kallsyms has an address for, sorted.
    fn functions(&self) -> &[KernelFunction] {
        self.functions.get_or_init(|| {
            let Some((cache, key)) = self.lists.get().and_then(|cache| Some((cache, boot::key(b"functions")?))) else {
                return self.find_functions();
            };
            let known = cache.load(&key).and_then(|bytes| String::from_utf8(bytes).ok());
            known.map_or_else(
                || {
                    let functions = self.find_functions();
                    cache.store(&key, traceable::to_lines(&functions).as_bytes());
                    functions
                },
                |text| text.lines().filter_map(traceable::of_line).collect(),
            )
        })
    }

    fn find_functions(&self) -> Vec<KernelFunction> {
        let symbols = self.kallsyms();
        let modules = Btf::modules();
        let is_described = |name: &str, module: Option<&str>| match module {
            None => self.btf().is_none_or(|btf| btf.id_of(Kind::Function, name).is_some()),
            // A module that publishes nothing is taken by its symbols.
            Some(module) if !modules.iter().any(|it| it == module) => true,
            Some(module) => self.module_btf(module).is_none_or(|btf| btf.has_own(Kind::Function, name)),
        };
        let functions = symbols.functions().filter(|(name, module)| is_probeable(name) && is_described(name, *module));
        functions
            .map(|(name, module)| KernelFunction { name: name.to_owned(), module: module.map(str::to_owned) })
            .collect()
    }

    /// From now on lists that take a quarter of a second to make are kept in files; to be called first.
    pub fn keep_lists(&self, cache: Option<crate::cache::Cache>) {
        if let Some(cache) = cache {
            let _ = self.lists.set(cache);
        }
    }

    /// Takes the functions that can be probed from a list, sorted, instead of asking the kernel; to be called first.
    pub fn use_functions(&self, names: Vec<String>) {
        let plain = |name: String| KernelFunction { name, module: None };
        let functions: Vec<KernelFunction> = names.into_iter().map(plain).collect();
        let _ = self.traceable.set(functions.clone());
        let _ = self.functions.set(functions);
    }

    /// What the function tracer lists, or where that cannot be read, what BTF describes.
    fn traceable(&self) -> &[KernelFunction] {
        self.traceable.get_or_init(|| {
            let listed = self.tracefs().ok().and_then(|tracefs| traceable::read(tracefs.root()).ok());
            listed.unwrap_or_else(|| self.functions().to_vec())
        })
    }

    fn raw_tracepoint_names(&self) -> &[String] {
        self.raw_tracepoints.get_or_init(|| {
            let Some(btf) = self.btf() else { return Vec::new() };
            let of_modules = Btf::modules().into_iter().filter_map(|module| self.module_btf(&module));
            let mut names: Vec<String> = Vec::new();
            for btf in std::iter::once(btf.clone()).chain(of_modules) {
                names.extend(
                    btf.names(Kind::Typedef).filter_map(|(_, name)| Some(name.strip_prefix("btf_trace_")?.to_owned())),
                );
            }
            names.sort();
            names.dedup();
            names
        })
    }

    fn lookup_type(&self, name: &str) -> Option<Type> {
        // Base types are the same everywhere: scripts that need no others get by without reading BTF.
        c_names::base_type(name).or_else(|| self.in_any_btf(|btf| Some(btf.convert(btf.id_of_c_name(name)?))))
    }

    fn read_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>> {
        let text = self.tracefs().ok()?.format_text(category, event).ok()?;
        let space = if category == "syscalls" { AddressSpace::User } else { AddressSpace::Kernel };
        let context = FormatContext { named: &|name| self.named_type(name), space };
        Some(Arc::new(parse_format(&text, &context)))
    }

    /// All function symbols of a file, sorted; read again when the file changes.
    pub fn all_user_symbols(&self, path: &Path) -> Symbols {
        self.user_symbols.get(&version_of(path), || symbols::elf::functions(path).map(Arc::new))
    }
}

/// A file and when it changed.
fn version_of(path: &Path) -> (PathBuf, Option<SystemTime>) {
    (path.to_owned(), std::fs::metadata(path).and_then(|found| found.modified()).ok())
}

/// Functions that the kernel or bpftrace 0.26 refuse to probe.
fn is_probeable(name: &str) -> bool {
    !(name.starts_with("__ftrace_invalid_address__")
        || name.starts_with("rcu_")
        || name.contains(".part.")
        || matches!(name, "arch_cpu_idle" | "default_idle" | "bpf_dispatcher_xdp_func"))
}

fn read_cpus(which: &str) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/sys/devices/system/cpu/{which}")).unwrap_or_default();
    features::cpu_list(&text)
}

/// The names of a sorted list that match, without looking at all of them when the pattern is a plain name.
fn matching(names: &[String], pattern: &str) -> Vec<String> {
    if pattern.contains('*') {
        return names.iter().filter(|name| matches_pattern(pattern, name)).cloned().collect();
    }
    names.binary_search_by(|name| name.as_str().cmp(pattern)).map_or_else(|_| Vec::new(), |at| vec![names[at].clone()])
}

impl Kernel for LiveKernel {
    fn has(&self, feature: Feature) -> bool {
        self.features.get(&feature, || features::probe(self, feature))
    }

    fn release(&self) -> &str {
        &self.release
    }

    fn possible_cpus(&self) -> u32 {
        *self.possible_cpus.get_or_init(|| read_cpus("possible").last().map_or(1, |last| last + 1))
    }

    fn tracepoints(&self, category: &str, event: &str) -> Vec<(String, String)> {
        let Ok(tracefs) = self.tracefs() else { return Vec::new() };
        if !category.contains('*') && !event.contains('*') {
            let found = tracefs.has(category, event).then(|| (category.to_owned(), event.to_owned()));
            return found.into_iter().collect();
        }
        let events = tracefs.events();
        // A plain category narrows the sorted list to its slice.
        let range = if category.contains('*') {
            events
        } else {
            let start = events.partition_point(|found| found.0.as_str() < category);
            let end = events.partition_point(|found| found.0.as_str() <= category);
            &events[start..end]
        };
        let matches =
            |found: &&(String, String)| matches_pattern(category, &found.0) && matches_pattern(event, &found.1);
        range.iter().filter(matches).cloned().collect()
    }

    fn tracepoint_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>> {
        self.formats.get(&(category.to_owned(), event.to_owned()), || self.read_format(category, event))
    }

    fn raw_tracepoints(&self, pattern: &str) -> Vec<String> {
        matching(self.raw_tracepoint_names(), pattern)
    }

    fn raw_tracepoint_arguments(&self, name: &str) -> Option<Arc<StructType>> {
        self.raw_arguments.get(name, || self.in_any_btf(|btf| btf.raw_tracepoint_arguments(name)).map(Arc::new))
    }

    fn iterators(&self, pattern: &str) -> Vec<String> {
        let Some(btf) = self.btf() else { return Vec::new() };
        // Each iterator has a function to attach to and a struct that its program gets.
        let has_function = |name: &str| btf.id_of(Kind::Function, &format!("bpf_iter_{name}")).is_some();
        let mut names: Vec<String> = btf
            .names(Kind::Struct)
            .filter_map(|(_, name)| name.strip_prefix("bpf_iter__"))
            .filter(|name| matches_pattern(pattern, name) && has_function(name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn struct_type(&self, name: &str) -> Option<Arc<StructType>> {
        if name.contains('@') {
            // Of a program's debug information, whose file may change: not remembered.
            return symbols::dwarf::struct_type(name).map(Arc::new);
        }
        self.structs.get(name, || self.in_any_btf(|btf| btf.struct_type(name)).map(Arc::new))
    }

    fn named_type(&self, name: &str) -> Option<Type> {
        self.types.get(name, || self.lookup_type(name))
    }

    fn enum_constant(&self, name: &str) -> Option<(Type, i64)> {
        self.constants
            .get(name, || self.in_any_btf(|btf| btf.enum_constant(name).map(|(id, value)| (btf.convert(id), value))))
    }

    fn type_id(&self, name: &str) -> Option<u32> {
        self.btf()?.id_of_c_name(name)
    }

    fn struct_names(&self) -> Vec<String> {
        let Some(btf) = self.btf() else { return Vec::new() };
        let named = |kind, keyword| btf.names(kind).map(move |(_, name)| format!("{keyword} {name}"));
        let mut names: Vec<_> = named(Kind::Struct, "struct").chain(named(Kind::Union, "union")).collect();
        names.sort();
        names.dedup();
        names
    }

    fn kernel_symbol(&self, name: &str) -> Option<u64> {
        self.kallsyms().address(name)
    }

    fn kernel_functions(&self, pattern: &str) -> Vec<String> {
        let functions = self.functions();
        let mut names: Vec<String> = if pattern.contains('*') {
            functions.iter().map(|it| &it.name).filter(|name| matches_pattern(pattern, name)).cloned().collect()
        } else {
            let at = functions.partition_point(|it| it.name.as_str() < pattern);
            functions.get(at).map(|it| &it.name).filter(|name| *name == pattern).cloned().into_iter().collect()
        };
        names.dedup();
        names
    }

    fn kernel_function(&self, module: Option<&str>, name: &str) -> Option<KernelFunction> {
        let plain = |module: Option<&str>| KernelFunction { name: name.to_owned(), module: module.map(str::to_owned) };
        // BTF is at hand; the list of symbols takes a tenth of a second to read.
        let is_described = || self.btf().is_some_and(|btf| btf.id_of(Kind::Function, name).is_some());
        if module.is_none_or(|module| module == VMLINUX) && is_described() {
            return Some(plain(None));
        }
        let homes = self.kallsyms().homes(name);
        let home = match module {
            None => homes.into_iter().next(),
            Some(VMLINUX) => homes.into_iter().find(Option::is_none),
            Some(module) => homes.into_iter().find(|home| *home == Some(module)),
        };
        home.map(plain)
    }

    fn traceable_functions(&self, module: Option<&str>, pattern: &str) -> Vec<KernelFunction> {
        let in_module = |it: &KernelFunction| {
            module.is_none_or(|module| matches_pattern(module, it.module.as_deref().unwrap_or(VMLINUX)))
        };
        let matches = |it: &&KernelFunction| matches_pattern(pattern, &it.name) && in_module(it);
        self.traceable().iter().filter(matches).cloned().collect()
    }

    fn function_type(&self, function: &KernelFunction) -> Option<Arc<FunctionType>> {
        self.function_types
            .get(function, || self.btf_of(function.module.as_deref())?.function_type(&function.name).map(Arc::new))
    }

    fn program_functions(&self, program: Option<u32>, pattern: &str) -> Vec<ProgramFunction> {
        bpf_programs::functions(program, pattern)
    }

    fn has_kfunc(&self, name: &str) -> bool {
        self.btf().is_some_and(|btf| btf.is_kfunc(name))
    }

    fn pid_namespace(&self) -> Option<(u64, u64)> {
        namespace::of_this_process()
    }

    fn binary(&self, name: &str, pid: Option<u32>) -> Result<PathBuf, BinaryError> {
        symbols::find_binary(name, pid)
    }

    fn user_symbols(&self, path: &Path, pattern: &str) -> Result<Vec<UserSymbol>, BinaryError> {
        let symbols = self.all_user_symbols(path)?;
        Ok(symbols.iter().filter(|symbol| matches_pattern(pattern, &symbol.name)).cloned().collect())
    }

    fn user_code(&self, path: &Path, file_offset: u64, len: usize) -> Option<Vec<u8>> {
        symbols::elf::code(path, file_offset, len)
    }

    fn source_places(&self, path: &Path, source: &str) -> Option<Arc<Vec<SourcePlace>>> {
        let key = (version_of(path), source.to_owned());
        self.source_places.get(&key, || symbols::dwarf::source_places(path, source).map(Arc::new))
    }

    fn user_function_type(&self, path: &Path, address: u64) -> Option<Arc<FunctionType>> {
        self.user_function_types
            .get(&(version_of(path), address), || symbols::dwarf::function_type(path, address).map(Arc::new))
    }

    fn binaries(&self, pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError> {
        symbols::find_binaries(pattern, pid)
    }

    fn usdt_locations(&self, path: &Path) -> Result<Arc<Vec<UsdtLocation>>, BinaryError> {
        self.usdt.get(&version_of(path), || symbols::usdt::locations(path).map(Arc::new))
    }

    fn user_object(&self, path: &Path, name: &str) -> Option<UserObject> {
        self.user_objects.get(&version_of(path), || Arc::new(symbols::elf::objects(path))).get(name).copied()
    }

    fn cgroup_id(&self, path: &str) -> Option<u64> {
        cgroup::id(path)
    }
}

#[cfg(test)]
mod tests;
