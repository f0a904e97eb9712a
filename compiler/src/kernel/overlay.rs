//! A kernel with the types that a script defines itself in front of it, and without what the options switch off.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::c_declarations::Definitions;
use super::{
    BinaryError, Feature, FunctionType, Kernel, KernelFunction, ProgramFunction, SourcePlace, StructType,
    TracepointFormat, UsdtLocation, UserObject, UserSymbol,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::preprocess::Declarations;
use crate::types::Type;

/// Answers like the kernel behind it, except for the types of the script.
pub struct Overlay<'a> {
    kernel: &'a dyn Kernel,
    definitions: Definitions,
    /// Of headers: what the kernel itself knows comes first.
    headers: Definitions,
    without: Vec<Feature>,
}

impl<'a> Overlay<'a> {
    /// Reads the declarations of a script and its headers.
    pub fn new(
        kernel: &'a dyn Kernel,
        declarations: &[Declarations],
        without: &[Feature],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let (mut definitions, mut headers) = (Definitions::default(), Definitions::default());
        for it in declarations.iter().filter(|it| !it.own) {
            headers.read_header(&it.text, &|name| kernel.named_type(name));
        }
        for it in declarations.iter().filter(|it| it.own) {
            let lookup = |name: &str| kernel.named_type(name).or_else(|| headers.named_type(name));
            if let Err(message) = definitions.read(&it.text, &lookup) {
                diagnostics.push(Diagnostic::error("c-definition", it.span, message));
            }
        }
        Self { kernel, definitions, headers, without: without.to_vec() }
    }
}

impl Kernel for Overlay<'_> {
    fn has(&self, feature: Feature) -> bool {
        !self.without.contains(&feature) && self.kernel.has(feature)
    }

    fn release(&self) -> &str {
        self.kernel.release()
    }

    fn possible_cpus(&self) -> u32 {
        self.kernel.possible_cpus()
    }

    fn tracepoints(&self, category: &str, event: &str) -> Vec<(String, String)> {
        self.kernel.tracepoints(category, event)
    }

    fn tracepoint_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>> {
        self.kernel.tracepoint_format(category, event)
    }

    fn raw_tracepoints(&self, pattern: &str) -> Vec<String> {
        self.kernel.raw_tracepoints(pattern)
    }

    fn raw_tracepoint_arguments(&self, name: &str) -> Option<Arc<StructType>> {
        self.kernel.raw_tracepoint_arguments(name)
    }

    fn iterators(&self, pattern: &str) -> Vec<String> {
        self.kernel.iterators(pattern)
    }

    fn struct_type(&self, name: &str) -> Option<Arc<StructType>> {
        let own = self.definitions.struct_type(name);
        own.or_else(|| self.kernel.struct_type(name)).or_else(|| self.headers.struct_type(name))
    }

    fn named_type(&self, name: &str) -> Option<Type> {
        let own = self.definitions.named_type(name);
        own.or_else(|| self.kernel.named_type(name)).or_else(|| self.headers.named_type(name))
    }

    fn enum_constant(&self, name: &str) -> Option<(Type, i64)> {
        let own = self.definitions.enum_constant(name);
        own.or_else(|| self.kernel.enum_constant(name)).or_else(|| self.headers.enum_constant(name))
    }

    fn type_id(&self, name: &str) -> Option<u32> {
        // Types of the script are in no BTF, not even where the kernel has one of that name.
        let own = self.definitions.struct_type(name).is_some() || self.definitions.named_type(name).is_some();
        if own { None } else { self.kernel.type_id(name) }
    }

    fn struct_names(&self) -> Vec<String> {
        let own = self.definitions.struct_names().chain(self.headers.struct_names()).map(str::to_owned);
        own.chain(self.kernel.struct_names()).collect()
    }

    fn kernel_symbol(&self, name: &str) -> Option<u64> {
        self.kernel.kernel_symbol(name)
    }

    fn kernel_functions(&self, pattern: &str) -> Vec<String> {
        self.kernel.kernel_functions(pattern)
    }

    fn kernel_function(&self, module: Option<&str>, name: &str) -> Option<KernelFunction> {
        self.kernel.kernel_function(module, name)
    }

    fn traceable_functions(&self, module: Option<&str>, pattern: &str) -> Vec<KernelFunction> {
        self.kernel.traceable_functions(module, pattern)
    }

    fn program_functions(&self, program: Option<u32>, pattern: &str) -> Vec<ProgramFunction> {
        self.kernel.program_functions(program, pattern)
    }

    fn function_type(&self, function: &KernelFunction) -> Option<Arc<FunctionType>> {
        self.kernel.function_type(function)
    }

    fn binary(&self, name: &str, pid: Option<u32>) -> Result<PathBuf, BinaryError> {
        self.kernel.binary(name, pid)
    }

    fn user_symbols(&self, path: &Path, pattern: &str) -> Result<Vec<UserSymbol>, BinaryError> {
        self.kernel.user_symbols(path, pattern)
    }

    fn user_code(&self, path: &Path, file_offset: u64, len: usize) -> Option<Vec<u8>> {
        self.kernel.user_code(path, file_offset, len)
    }

    fn source_places(&self, path: &Path, source: &str) -> Option<Arc<Vec<SourcePlace>>> {
        self.kernel.source_places(path, source)
    }

    fn user_function_type(&self, path: &Path, address: u64) -> Option<Arc<FunctionType>> {
        self.kernel.user_function_type(path, address)
    }

    fn binaries(&self, pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError> {
        self.kernel.binaries(pattern, pid)
    }

    fn usdt_locations(&self, path: &Path) -> Result<Arc<Vec<UsdtLocation>>, BinaryError> {
        self.kernel.usdt_locations(path)
    }

    fn has_kfunc(&self, name: &str) -> bool {
        self.kernel.has_kfunc(name)
    }

    fn pid_namespace(&self) -> Option<(u64, u64)> {
        self.kernel.pid_namespace()
    }

    fn user_object(&self, path: &Path, name: &str) -> Option<UserObject> {
        self.kernel.user_object(path, name)
    }

    fn cgroup_id(&self, path: &str) -> Option<u64> {
        self.kernel.cgroup_id(path)
    }
}
