//! What a compiled script will take of the kernel, told without loading it; and what the verifier thinks of it.

use tracedeck_compiler::Compiled;
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::manifest::{KernelMap, MapStorage, ScriptMap};
use tracedeck_compiler::source::SourceFile;

use super::limits;
use super::load;
use super::objects::Objects;

/// The instructions of each program with the functions that it calls, in the order of the manifest.
pub fn program_sizes(compiled: &Compiled) -> Result<Vec<usize>, String> {
    let objects = Objects::parse(compiled).map_err(|error| error.to_string())?;
    let size = |section: &str| objects.link(section).map(|linked| linked.instructions.len() / 8);
    let sizes = compiled.manifest.programs.iter().map(|program| size(&program.section));
    sizes.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The map of the kernel that holds the entries of a script's map; None for maps without keys, which are memory.
pub fn kernel_map<'c>(compiled: &'c Compiled, map: &ScriptMap) -> Option<&'c KernelMap> {
    match &map.storage {
        MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
            compiled.manifest.kernel_maps.iter().find(|kernel| kernel.symbol == *symbol)
        }
        MapStorage::Global { .. } | MapStorage::PerCpuGlobal { .. } => None,
    }
}

/// Kernel memory of a map when it is full, bytes, estimated.
pub fn map_bytes(map: &KernelMap, cpus: u32) -> u64 {
    limits::map_bytes(map, cpus)
}

/// The log of the verifier for each program, in the order of the manifest. Needs the privileges of a run.
pub fn verifier_logs(compiled: &Compiled, source: &SourceFile) -> Result<Vec<String>, Diagnostic> {
    let cpus = compiled.manifest.globals.cpus.max(1);
    load::verifier_logs(compiled, source, cpus).map_err(|failure| failure.diagnostic())
}
