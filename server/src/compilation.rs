//! From a script to what the engine loads: out of a cache, else by a process of its own, else in this one.
//!
//! LLVM is three quarters of the program's memory and most of its start-up. A script that was compiled before on this
//! machine, with the same options, never touches it; for the others a forked helper compiles and is gone before the
//! first event, so that a run that lasts for days does not keep a compiler.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tracedeck_compiler::Compiled;
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::kernel::Kernel;
use tracedeck_compiler::manifest::RING_MAP;

use crate::cache::Cache;
use crate::host::LiveKernel;
use crate::session::driver::RunRequest;
use crate::session::event::RunDiagnostic;
use facts::{Facts, Recorder};
use helper::Helper;

mod epoch;
mod facts;
mod helper;

/// A script that can be loaded, and what the compiler said about it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Compilation {
    pub compiled: Compiled,
    pub warnings: Vec<RunDiagnostic>,
}

impl Compilation {
    /// Bytes of the ring that it needs, if any.
    pub fn ring_bytes(&self) -> Option<u32> {
        let ring = self.compiled.manifest.kernel_maps.iter().find(|map| map.symbol == RING_MAP);
        ring.map(|ring| ring.max_entries)
    }
}

/// A compilation, or errors and warnings.
pub type Outcome = Result<Compilation, Vec<RunDiagnostic>>;

/// Compiles in this process, from nothing.
pub fn compile(request: &RunRequest, kernel: &dyn Kernel) -> Outcome {
    let source = request.source_file();
    let told = |diagnostics: Vec<Diagnostic>| {
        diagnostics.iter().map(|diagnostic| RunDiagnostic::new(diagnostic, &source)).collect::<Vec<_>>()
    };
    match tracedeck_compiler::compile(&source, kernel, &request.options) {
        Ok((compiled, warnings)) => Ok(Compilation { compiled, warnings: told(warnings) }),
        Err(errors) => Err(told(errors)),
    }
}

/// What the cache holds under one key.
#[derive(Serialize, Deserialize)]
struct Entry {
    facts: Facts,
    compilation: Compilation,
}

/// What a helper does before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// Starts LLVM, beside what the script needs.
    Llvm,
    /// Reads the kernel's types and tracepoints and compiles something, while nobody waits yet.
    Everything,
}

/// Compiles one script.
pub struct Compiler {
    cache: Option<Cache>,
    kernel: Arc<LiveKernel>,
    helper: Option<Helper>,
}

impl Compiler {
    pub fn new(use_cache: bool) -> Self {
        Self { cache: use_cache.then(Cache::of_user).flatten(), kernel: LiveKernel::shared(), helper: None }
    }

    /// Forks the helper, which gets ready to compile at once: for whatever script may come, or for one that needs
    /// nothing but LLVM for sure. Only while the process has one thread: the copy of a process has no other threads,
    /// but whatever locks they held.
    pub fn fork_helper(&mut self, ahead: Ahead) {
        let (cache, kernel) = (self.cache.clone(), self.kernel.clone());
        match Helper::fork(move |jobs| helper::work(jobs, &kernel, cache.as_ref(), ahead)) {
            Ok(helper) => self.helper = Some(helper),
            Err(error) => tracing::debug!(%error, "no process for compiling, this one does it"),
        }
    }

    /// What an earlier run made of the same script, if all that it depended on still holds.
    pub fn lookup(&self, request: &RunRequest) -> Option<Compilation> {
        let started = Instant::now();
        let bytes = self.cache.as_ref()?.load(&epoch::key(request)?)?;
        let entry: Entry = postcard::from_bytes(&bytes).ok()?;
        if !entry.facts.hold(&self.kernel) {
            tracing::debug!("the machine has changed since the script was compiled");
            return None;
        }
        tracing::debug!(took = ?started.elapsed(), "compiled before");
        Some(entry.compilation)
    }

    /// The way from the script to its object, whichever is shortest.
    pub fn compile(mut self, request: &RunRequest) -> Outcome {
        if let Some(compilation) = self.lookup(request) {
            return Ok(compilation);
        }
        self.compile_anew(request)
    }

    /// Without a look into the cache.
    pub fn compile_anew(&mut self, request: &RunRequest) -> Outcome {
        match self.helper.take() {
            Some(helper) => helper.compile(request),
            None => compile_and_store(request, &self.kernel, self.cache.as_ref()).0,
        }
    }
}

/// Compiles in this process; what comes second stores the result, and may be run when nobody waits.
fn compile_and_store<'a>(
    request: &RunRequest,
    kernel: &LiveKernel,
    cache: Option<&'a Cache>,
) -> (Outcome, Option<impl FnOnce() + use<'a>>) {
    // Before the compilation asks anything: what changes meanwhile must not be taken for what it saw.
    let key = cache.and_then(|_| epoch::key(request));
    let recorder = Recorder::new(kernel);
    let outcome = compile(request, &recorder);
    let facts = recorder.into_facts();
    let store = match (&outcome, cache, key, facts) {
        (Ok(compilation), Some(cache), Some(key), Some(facts)) => {
            let entry = Entry { facts, compilation: compilation.clone() };
            Some(move || match postcard::to_stdvec(&entry) {
                Ok(bytes) => cache.store(&key, &bytes),
                Err(error) => tracing::debug!(%error, "the compiled script is not stored"),
            })
        }
        _ => None,
    };
    (outcome, store)
}
