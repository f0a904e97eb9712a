//! What a compilation asked about things that may change while the machine runs: files, tracepoints that somebody
//! defines, control groups. A stored result is good as long as the answers are the same.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tracedeck_compiler::kernel::{
    BinaryError, Feature, FunctionType, Kernel, KernelFunction, ProgramFunction, SourcePlace, StructType,
    TracepointFormat, UsdtLocation, UserObject, UserSymbol,
};
use tracedeck_compiler::types::Type;

use crate::host::LiveKernel;

/// More questions than this cost as much to ask again as the compilation.
const MOST_FACTS: usize = 4096;

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Fact {
    /// Which tracepoints match a pattern.
    Tracepoints {
        category: String,
        event: String,
        hash: [u8; 32],
    },
    /// The text of a tracepoint's format; None where there is none.
    Format {
        category: String,
        event: String,
        hash: Option<[u8; 32]>,
    },
    /// Which file a name stands for.
    Binary {
        name: String,
        pid: Option<u32>,
        path: Option<PathBuf>,
    },
    /// Which files a pattern stands for.
    Binaries {
        pattern: String,
        pid: Option<u32>,
        paths: Option<Vec<PathBuf>>,
    },
    /// The content of a file, by what changes with it.
    File {
        path: PathBuf,
        stamp: Option<Stamp>,
    },
    Cgroup {
        path: String,
        id: Option<u64>,
    },
    /// Which functions of BPF programs match a pattern, by a hash of their names.
    Programs {
        program: Option<u32>,
        pattern: String,
        hash: [u8; 32],
    },
    /// The PID namespace of the tracer, whose numbers of processes the programs use.
    PidNamespace(Option<(u64, u64)>),
}

/// Device, inode, bytes, time of change in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

/// All that a compilation asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// Whether every answer is still the same.
    pub fn hold(&self, kernel: &LiveKernel) -> bool {
        self.0.iter().all(|fact| match fact {
            Fact::Tracepoints { category, event, hash } => hash_of_names(&kernel.tracepoints(category, event)) == *hash,
            Fact::Format { category, event, hash } => format(kernel, category, event) == *hash,
            Fact::Binary { name, pid, path } => kernel.binary(name, *pid).ok() == *path,
            Fact::Binaries { pattern, pid, paths } => kernel.binaries(pattern, *pid).ok() == *paths,
            Fact::File { path, stamp: before } => stamp(path) == *before,
            Fact::Cgroup { path, id } => kernel.cgroup_id(path) == *id,
            Fact::Programs { program, pattern, hash } => {
                hash_of_programs(&kernel.program_functions(*program, pattern)) == *hash
            }
            Fact::PidNamespace(namespace) => kernel.pid_namespace() == *namespace,
        })
    }
}

fn hash_of_names(names: &[(String, String)]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (category, event) in names {
        hash.update(format!("{category}:{event}\n"));
    }
    hash.finalize().into()
}

fn hash_of_programs(functions: &[ProgramFunction]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for function in functions {
        hash.update(format!("{}:{}\n", function.program, function.name));
    }
    hash.finalize().into()
}

fn format(kernel: &LiveKernel, category: &str, event: &str) -> Option<[u8; 32]> {
    let text = kernel.tracefs().ok()?.format_text(category, event).ok()?;
    Some(Sha256::digest(text.as_bytes()).into())
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
}

/// The running kernel, with a record of what was asked.
pub struct Recorder<'k> {
    kernel: &'k LiveKernel,
    facts: Mutex<Vec<Fact>>,
}

impl<'k> Recorder<'k> {
    pub fn new(kernel: &'k LiveKernel) -> Self {
        Self { kernel, facts: Mutex::default() }
    }

    /// None where there were too many questions.
    pub fn into_facts(self) -> Option<Facts> {
        let facts = self.facts.into_inner().unwrap_or_else(PoisonError::into_inner);
        (facts.len() <= MOST_FACTS).then_some(Facts(facts))
    }

    fn note(&self, fact: Fact) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.len() <= MOST_FACTS && !facts.contains(&fact) {
            facts.push(fact);
        }
    }
}

/// What is not noted stays as it is until the next boot, or until a module comes or goes: the key says which boot and
/// which modules.
impl Kernel for Recorder<'_> {
    fn has(&self, feature: Feature) -> bool {
        self.kernel.has(feature)
    }

    fn release(&self) -> &str {
        self.kernel.release()
    }

    fn possible_cpus(&self) -> u32 {
        self.kernel.possible_cpus()
    }

    fn tracepoints(&self, category: &str, event: &str) -> Vec<(String, String)> {
        let found = self.kernel.tracepoints(category, event);
        match found.as_slice() {
            // A plain name that is there: its format says so, without the list of all.
            [(one, other)] if one == category && other == event => {
                let hash = format(self.kernel, category, event);
                self.note(Fact::Format { category: category.to_owned(), event: event.to_owned(), hash });
            }
            names => self.note(Fact::Tracepoints {
                category: category.to_owned(),
                event: event.to_owned(),
                hash: hash_of_names(names),
            }),
        }
        found
    }

    fn tracepoint_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>> {
        let hash = format(self.kernel, category, event);
        self.note(Fact::Format { category: category.to_owned(), event: event.to_owned(), hash });
        self.kernel.tracepoint_format(category, event)
    }

    fn raw_tracepoints(&self, pattern: &str) -> Vec<String> {
        self.kernel.raw_tracepoints(pattern)
    }

    fn raw_tracepoint_arguments(&self, name: &str) -> Option<Arc<StructType>> {
        self.kernel.raw_tracepoint_arguments(name)
    }

    fn struct_type(&self, name: &str) -> Option<Arc<StructType>> {
        self.kernel.struct_type(name)
    }

    fn named_type(&self, name: &str) -> Option<Type> {
        self.kernel.named_type(name)
    }

    fn enum_constant(&self, name: &str) -> Option<(Type, i64)> {
        self.kernel.enum_constant(name)
    }

    fn type_id(&self, name: &str) -> Option<u32> {
        self.kernel.type_id(name)
    }

    fn struct_names(&self) -> Vec<String> {
        self.kernel.struct_names()
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

    fn function_type(&self, function: &KernelFunction) -> Option<Arc<FunctionType>> {
        self.kernel.function_type(function)
    }

    fn program_functions(&self, program: Option<u32>, pattern: &str) -> Vec<ProgramFunction> {
        let found = self.kernel.program_functions(program, pattern);
        let hash = hash_of_programs(&found);
        self.note(Fact::Programs { program, pattern: pattern.to_owned(), hash });
        found
    }

    fn iterators(&self, pattern: &str) -> Vec<String> {
        self.kernel.iterators(pattern)
    }

    fn binary(&self, name: &str, pid: Option<u32>) -> Result<PathBuf, BinaryError> {
        let found = self.kernel.binary(name, pid);
        self.note(Fact::Binary { name: name.to_owned(), pid, path: found.as_ref().ok().cloned() });
        found
    }

    fn user_symbols(&self, path: &Path, pattern: &str) -> Result<Vec<UserSymbol>, BinaryError> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.user_symbols(path, pattern)
    }

    fn user_code(&self, path: &Path, file_offset: u64, len: usize) -> Option<Vec<u8>> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.user_code(path, file_offset, len)
    }

    fn source_places(&self, path: &Path, source: &str) -> Option<Arc<Vec<SourcePlace>>> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.source_places(path, source)
    }

    fn user_function_type(&self, path: &Path, address: u64) -> Option<Arc<FunctionType>> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.user_function_type(path, address)
    }

    fn binaries(&self, pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError> {
        let found = self.kernel.binaries(pattern, pid);
        self.note(Fact::Binaries { pattern: pattern.to_owned(), pid, paths: found.as_ref().ok().cloned() });
        found
    }

    fn usdt_locations(&self, path: &Path) -> Result<Arc<Vec<UsdtLocation>>, BinaryError> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.usdt_locations(path)
    }

    fn user_object(&self, path: &Path, name: &str) -> Option<UserObject> {
        self.note(Fact::File { path: path.to_owned(), stamp: stamp(path) });
        self.kernel.user_object(path, name)
    }

    fn has_kfunc(&self, name: &str) -> bool {
        self.kernel.has_kfunc(name)
    }

    fn pid_namespace(&self) -> Option<(u64, u64)> {
        let namespace = self.kernel.pid_namespace();
        self.note(Fact::PidNamespace(namespace));
        namespace
    }

    fn cgroup_id(&self, path: &str) -> Option<u64> {
        let id = self.kernel.cgroup_id(path);
        self.note(Fact::Cgroup { path: path.to_owned(), id });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_and_a_name_that_appears_end_what_was_known() {
        let directory = std::env::temp_dir().join(format!("tracedeck-facts-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (file, missing) = (directory.join("program"), directory.join("missing"));
        std::fs::copy("/proc/self/exe", &file).unwrap();
        let kernel = LiveKernel::shared();
        let recorder = Recorder::new(&kernel);
        assert!(!recorder.user_symbols(&file, "main").unwrap().is_empty());
        assert!(recorder.binary(&missing.display().to_string(), None).is_err());
        let facts = recorder.into_facts().unwrap();
        assert!(facts.hold(&kernel));
        std::fs::rename(&file, &missing).unwrap();
        assert!(!facts.hold(&kernel));
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_lasts_until_the_next_boot_is_not_asked_again() {
        let kernel = LiveKernel::shared();
        let recorder = Recorder::new(&kernel);
        recorder.has(Feature::Loop);
        recorder.named_type("u32");
        assert_eq!(recorder.into_facts(), Some(Facts::default()));
    }
}
