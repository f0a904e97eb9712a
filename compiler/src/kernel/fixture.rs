//! A kernel made of given facts: for tests, and for checking scripts away from the machine they will run on.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::c_declarations::Definitions;
use super::tracepoint_format::{FormatContext, parse_format};
use super::{
    BinaryError, Feature, FunctionType, Kernel, KernelFunction, ProgramFunction, SourcePlace, StructType,
    TracepointFormat, UsdtLocation, UserObject, UserSymbol, VMLINUX, c_names, matches_pattern,
};
use crate::types::{AddressSpace, Type};

/// Facts, added one by one or from captured text.
#[derive(Debug, Clone)]
pub struct FixtureKernel {
    release: String,
    possible_cpus: u32,
    missing: HashSet<Feature>,
    tracepoints: BTreeMap<(String, String), Arc<TracepointFormat>>,
    raw_tracepoints: BTreeMap<String, Option<Arc<StructType>>>,
    definitions: Definitions,
    kernel_symbols: BTreeMap<String, u64>,
    functions: BTreeMap<KernelFunction, Option<Arc<FunctionType>>>,
    binaries: BTreeMap<PathBuf, Vec<UserSymbol>>,
    /// Bare names and the files they stand for.
    aliases: BTreeMap<String, PathBuf>,
    usdt: BTreeMap<PathBuf, Vec<UsdtLocation>>,
    objects: BTreeMap<(PathBuf, String), UserObject>,
    cgroups: BTreeMap<String, u64>,
    kfuncs: HashSet<String>,
    program_functions: Vec<ProgramFunction>,
    pid_namespace: Option<(u64, u64)>,
    /// Pieces of code by their offset in the file.
    code: BTreeMap<PathBuf, BTreeMap<u64, Vec<u8>>>,
    source_places: BTreeMap<PathBuf, Vec<SourcePlace>>,
    user_function_types: BTreeMap<(PathBuf, u64), Arc<FunctionType>>,
}

impl FixtureKernel {
    /// A kernel of that release with every feature, and nothing else.
    pub fn new(release: &str, possible_cpus: u32) -> Self {
        Self {
            release: release.to_owned(),
            possible_cpus,
            missing: HashSet::new(),
            tracepoints: BTreeMap::new(),
            raw_tracepoints: BTreeMap::new(),
            definitions: Definitions::default(),
            kernel_symbols: BTreeMap::new(),
            functions: BTreeMap::new(),
            binaries: BTreeMap::new(),
            aliases: BTreeMap::new(),
            usdt: BTreeMap::new(),
            cgroups: BTreeMap::new(),
            kfuncs: HashSet::new(),
            program_functions: Vec::new(),
            pid_namespace: None,
            objects: BTreeMap::new(),
            code: BTreeMap::new(),
            source_places: BTreeMap::new(),
            user_function_types: BTreeMap::new(),
        }
    }

    /// Adds a function of a BPF program that is loaded.
    #[must_use]
    pub fn with_program(mut self, program: u32, name: &str) -> Self {
        self.program_functions.push(ProgramFunction { name: name.to_owned(), program });
        self.program_functions.sort();
        self
    }

    /// Takes a feature away.
    #[must_use]
    pub fn without(mut self, feature: Feature) -> Self {
        self.missing.insert(feature);
        self
    }

    /// Adds definitions of structs, unions and enums, written in C.
    ///
    /// # Panics
    ///
    /// On text that is no definition: facts are part of a test.
    #[must_use]
    pub fn with_types(mut self, text: &str) -> Self {
        if let Err(message) = self.definitions.read(text, &c_names::base_type) {
            panic!("{message}");
        }
        self
    }

    /// Adds a tracepoint from the text of its `format` file; the types it names come first.
    #[must_use]
    pub fn with_tracepoint(mut self, category: &str, event: &str, format: &str) -> Self {
        let space = if category == "syscalls" { AddressSpace::User } else { AddressSpace::Kernel };
        let format = parse_format(format, &FormatContext { named: &|name| self.named_type(name), space });
        self.tracepoints.insert((category.to_owned(), event.to_owned()), Arc::new(format));
        self
    }

    /// Adds a raw tracepoint; its arguments are written as members of a struct (`bool preempt; struct task_struct *p;`).
    #[must_use]
    pub fn with_raw_tracepoint(mut self, name: &str, arguments: Option<&str>) -> Self {
        let arguments = arguments.map(|members| {
            let mut found = self.members(members);
            for (index, field) in found.fields.iter_mut().enumerate() {
                field.offset = 8 * index as u32;
            }
            Arc::new(found)
        });
        self.raw_tracepoints.insert(name.to_owned(), arguments);
        self
    }

    /// Members of a struct, as C writes them.
    fn members(&self, members: &str) -> StructType {
        let mut definitions = self.definitions.clone();
        let text = format!("struct arguments {{ {members} }}");
        if let Err(message) = definitions.read(&text, &c_names::base_type) {
            panic!("{message}");
        }
        definitions.struct_type("struct arguments").map(|found| (*found).clone()).unwrap_or_default()
    }

    /// Adds a function that can be traced, its parameters and its result written as members of a struct; without a
    /// result it returns nothing.
    #[must_use]
    pub fn with_function(mut self, module: Option<&str>, name: &str, parameters: &str, result: Option<&str>) -> Self {
        let result = result.and_then(|result| {
            let found = self.members(&format!("{result} result;"));
            found.field("result").map(|field| field.ty.clone())
        });
        let ty = FunctionType::new(self.members(parameters), result.unwrap_or(Type::Void), false);
        let function = KernelFunction { name: name.to_owned(), module: module.map(str::to_owned) };
        self.functions.insert(function, Some(Arc::new(ty)));
        self
    }

    #[must_use]
    pub fn with_kernel_symbol(mut self, name: &str, address: u64) -> Self {
        self.kernel_symbols.insert(name.to_owned(), address);
        self
    }

    /// Adds an ELF file with functions: name, address, size. Offsets in the file equal addresses.
    #[must_use]
    pub fn with_binary(mut self, path: &str, functions: &[(&str, u64, u64)]) -> Self {
        let mut symbols: Vec<UserSymbol> = functions
            .iter()
            .map(|(name, address, size)| UserSymbol {
                name: (*name).to_owned(),
                address: *address,
                file_offset: *address,
                size: *size,
            })
            .collect();
        symbols.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(name) = Path::new(path).file_name() {
            self.aliases.insert(name.to_string_lossy().into_owned(), PathBuf::from(path));
        }
        self.binaries.insert(PathBuf::from(path), symbols);
        self
    }

    /// Adds code to a file that is there.
    #[must_use]
    pub fn with_code(mut self, path: &str, file_offset: u64, code: &[u8]) -> Self {
        self.code.entry(PathBuf::from(path)).or_default().insert(file_offset, code.to_vec());
        self
    }

    /// Adds the places of statements to a file that is there; their offsets in the file equal their addresses.
    #[must_use]
    pub fn with_source(mut self, path: &str, places: &[SourcePlace]) -> Self {
        let found = self.source_places.entry(PathBuf::from(path)).or_default();
        found.extend(places.iter().map(|place| SourcePlace { file_offset: place.address, ..place.clone() }));
        found.sort_by_key(|place| (place.line, place.column, place.address));
        self
    }

    /// Says what a function of a file takes and returns, written as for [`Self::with_function`].
    #[must_use]
    pub fn with_user_function(mut self, path: &str, address: u64, parameters: &str, result: Option<&str>) -> Self {
        let result = result.and_then(|result| {
            let found = self.members(&format!("{result} result;"));
            found.field("result").map(|field| field.ty.clone())
        });
        let ty = FunctionType::new(self.members(parameters), result.unwrap_or(Type::Void), false);
        self.user_function_types.insert((PathBuf::from(path), address), Arc::new(ty));
        self
    }

    /// Adds a place of a USDT probe to a file that is there; its offset in the file equals its address.
    #[must_use]
    pub fn with_usdt(mut self, path: &str, location: UsdtLocation) -> Self {
        let locations = self.usdt.entry(PathBuf::from(path)).or_default();
        locations.push(UsdtLocation { file_offset: location.address, ..location });
        locations.sort_by(|a, b| (&a.provider, &a.name, a.address).cmp(&(&b.provider, &b.name, b.address)));
        self
    }

    /// Makes it another release.
    #[must_use]
    pub fn with_release(mut self, release: &str) -> Self {
        release.clone_into(&mut self.release);
        self
    }

    #[must_use]
    pub fn with_kfunc(mut self, name: &str) -> Self {
        self.kfuncs.insert(name.to_owned());
        self
    }

    /// The tracer runs in this PID namespace, which is not the initial one.
    #[must_use]
    pub fn with_pid_namespace(mut self, device: u64, inode: u64) -> Self {
        self.pid_namespace = Some((device, inode));
        self
    }

    /// Adds a variable to a file that is there.
    #[must_use]
    pub fn with_object(mut self, path: &str, name: &str, object: UserObject) -> Self {
        self.objects.insert((PathBuf::from(path), name.to_owned()), object);
        self
    }

    #[must_use]
    pub fn with_cgroup(mut self, path: &str, id: u64) -> Self {
        self.cgroups.insert(path.to_owned(), id);
        self
    }
}

impl Kernel for FixtureKernel {
    fn has(&self, feature: Feature) -> bool {
        !self.missing.contains(&feature)
    }

    fn release(&self) -> &str {
        &self.release
    }

    fn possible_cpus(&self) -> u32 {
        self.possible_cpus
    }

    fn tracepoints(&self, category: &str, event: &str) -> Vec<(String, String)> {
        let matches = |(a, b): &&(String, String)| matches_pattern(category, a) && matches_pattern(event, b);
        self.tracepoints.keys().filter(matches).cloned().collect()
    }

    fn tracepoint_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>> {
        self.tracepoints.get(&(category.to_owned(), event.to_owned())).cloned()
    }

    fn raw_tracepoints(&self, pattern: &str) -> Vec<String> {
        self.raw_tracepoints.keys().filter(|name| matches_pattern(pattern, name)).cloned().collect()
    }

    fn raw_tracepoint_arguments(&self, name: &str) -> Option<Arc<StructType>> {
        self.raw_tracepoints.get(name).cloned().flatten()
    }

    fn iterators(&self, pattern: &str) -> Vec<String> {
        let names = self.struct_names();
        let found = names.iter().filter_map(|name| name.strip_prefix("struct bpf_iter__"));
        found.filter(|name| matches_pattern(pattern, name)).map(str::to_owned).collect()
    }

    fn struct_type(&self, name: &str) -> Option<Arc<StructType>> {
        self.definitions.struct_type(name)
    }

    fn named_type(&self, name: &str) -> Option<Type> {
        self.definitions.named_type(name).or_else(|| c_names::base_type(name))
    }

    fn enum_constant(&self, name: &str) -> Option<(Type, i64)> {
        self.definitions.enum_constant(name)
    }

    fn type_id(&self, name: &str) -> Option<u32> {
        // Types in the order of their names, behind `void`: ids as good as any.
        let known = self.struct_names().iter().position(|known| known == name)?;
        Some(known as u32 + 1)
    }

    fn struct_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.definitions.struct_names().map(str::to_owned).collect();
        names.sort();
        names
    }

    fn kernel_symbol(&self, name: &str) -> Option<u64> {
        self.kernel_symbols.get(name).copied()
    }

    fn kernel_functions(&self, pattern: &str) -> Vec<String> {
        self.kernel_symbols.keys().filter(|name| matches_pattern(pattern, name)).cloned().collect()
    }

    fn kernel_function(&self, module: Option<&str>, name: &str) -> Option<KernelFunction> {
        let known = self.functions.keys().find(|it| it.name == name && in_module(it, module)).cloned();
        let plain = || KernelFunction { name: name.to_owned(), module: None };
        known.or_else(|| (module.is_none() && self.kernel_symbols.contains_key(name)).then(plain))
    }

    fn traceable_functions(&self, module: Option<&str>, pattern: &str) -> Vec<KernelFunction> {
        let matches = |it: &&KernelFunction| in_module(it, module) && matches_pattern(pattern, &it.name);
        self.functions.keys().filter(matches).cloned().collect()
    }

    fn program_functions(&self, program: Option<u32>, pattern: &str) -> Vec<ProgramFunction> {
        let wanted = |it: &&ProgramFunction| {
            matches_pattern(pattern, &it.name) && program.is_none_or(|program| it.program == program)
        };
        self.program_functions.iter().filter(wanted).cloned().collect()
    }

    fn function_type(&self, function: &KernelFunction) -> Option<Arc<FunctionType>> {
        self.functions.get(function).cloned().flatten()
    }

    fn binary(&self, name: &str, _pid: Option<u32>) -> Result<PathBuf, BinaryError> {
        let path = self.aliases.get(name).cloned().unwrap_or_else(|| PathBuf::from(name));
        if self.binaries.contains_key(&path) { Ok(path) } else { Err(BinaryError::NotFound(name.to_owned())) }
    }

    fn user_symbols(&self, path: &Path, pattern: &str) -> Result<Vec<UserSymbol>, BinaryError> {
        let symbols =
            self.binaries.get(path).ok_or_else(|| BinaryError::NotFound(path.to_string_lossy().into_owned()))?;
        Ok(symbols.iter().filter(|symbol| matches_pattern(pattern, &symbol.name)).cloned().collect())
    }

    fn user_code(&self, path: &Path, file_offset: u64, len: usize) -> Option<Vec<u8>> {
        let (start, code) = self.code.get(path)?.range(..=file_offset).next_back()?;
        let from = usize::try_from(file_offset - start).ok().filter(|from| *from < code.len())?;
        Some(code[from..code.len().min(from + len)].to_vec())
    }

    fn source_places(&self, path: &Path, source: &str) -> Option<Arc<Vec<SourcePlace>>> {
        let all = self.source_places.get(path)?;
        let named = |it: &&SourcePlace| super::is_source(&it.source, source);
        Some(Arc::new(all.iter().filter(named).cloned().collect()))
    }

    fn user_function_type(&self, path: &Path, address: u64) -> Option<Arc<FunctionType>> {
        self.user_function_types.get(&(path.to_owned(), address)).cloned()
    }

    fn binaries(&self, pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError> {
        if !pattern.contains('*') {
            return self.binary(pattern, pid).map(|path| vec![path]);
        }
        let matches = |path: &&PathBuf| matches_pattern(pattern, &path.to_string_lossy());
        Ok(self.binaries.keys().filter(matches).cloned().collect())
    }

    fn usdt_locations(&self, path: &Path) -> Result<Arc<Vec<UsdtLocation>>, BinaryError> {
        if !self.binaries.contains_key(path) {
            return Err(BinaryError::NotFound(path.to_string_lossy().into_owned()));
        }
        Ok(Arc::new(self.usdt.get(path).cloned().unwrap_or_default()))
    }

    fn has_kfunc(&self, name: &str) -> bool {
        self.kfuncs.contains(name)
    }

    fn pid_namespace(&self) -> Option<(u64, u64)> {
        self.pid_namespace
    }

    fn user_object(&self, path: &Path, name: &str) -> Option<UserObject> {
        self.objects.get(&(path.to_owned(), name.to_owned())).copied()
    }

    fn cgroup_id(&self, path: &str) -> Option<u64> {
        self.cgroups.get(path).copied()
    }
}

/// Whether a function is in a module that matches; without a pattern, it is.
fn in_module(function: &KernelFunction, pattern: Option<&str>) -> bool {
    pattern.is_none_or(|pattern| matches_pattern(pattern, function.module.as_deref().unwrap_or(VMLINUX)))
}
