//! tracedeck's compiler: all that follows from a script, facts about a kernel, and options.
//!
//! Opens no file, makes no system call, knows no time: facts come through [`kernel::Kernel`].

pub mod abi;
pub mod aggregations;
pub mod builtins;
pub mod codegen;
pub mod diagnostic;
pub mod hir;
pub mod kernel;
pub mod manifest;
pub mod options;
pub mod probes;
pub mod sema;
pub mod source;
pub mod syntax;
pub mod types;

use serde::{Deserialize, Serialize};

use diagnostic::Diagnostic;
use kernel::Kernel;
use manifest::{Manifest, ProbeInfo};
use options::CompileOptions;
use source::SourceFile;

/// What `compile()` yields: an ELF object for the BPF target and the manifest that describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Compiled {
    pub object: Vec<u8>,
    pub manifest: Manifest,
}

/// What is known about a script without compiling it.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Errors and warnings in the order of the script.
    pub diagnostics: Vec<Diagnostic>,
    /// Every attach point after expansion.
    pub probes: Vec<ProbeInfo>,
    /// The maps with the types they have; empty where there are errors.
    pub maps: Vec<hir::MapDef>,
}

/// Parses and types a script: quick enough for every key press, and without LLVM.
pub fn check(file: &SourceFile, kernel: &dyn Kernel, options: &CompileOptions) -> Checked {
    let (program, probes, diagnostics) = front_end(file, kernel, options);
    Checked { diagnostics, probes, maps: program.map(|program| program.maps).unwrap_or_default() }
}

/// The typed program of a script, with warnings.
///
/// # Errors
///
/// What is wrong with the script, and the warnings.
pub fn analyze(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> Result<(hir::Program, Vec<Diagnostic>), Vec<Diagnostic>> {
    match front_end(file, kernel, options) {
        (Some(program), _, warnings) => Ok((program, warnings)),
        (None, _, diagnostics) => Err(diagnostics),
    }
}

/// The whole way from a script to an object and its manifest, with warnings.
///
/// # Errors
///
/// What is wrong with the script, or which limit of the target it exceeds, and the warnings.
pub fn compile(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> Result<(Compiled, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (program, mut warnings) = analyze(file, kernel, options)?;
    match codegen::lower(&program, kernel, file, options) {
        Ok(compiled) => Ok((compiled, warnings)),
        Err(errors) => {
            warnings.extend(errors);
            Err(warnings)
        }
    }
}

/// Parsing and semantic analysis. There is a program exactly when there is no error.
fn front_end(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> (Option<hir::Program>, Vec<ProbeInfo>, Vec<Diagnostic>) {
    let limits = syntax::Limits {
        max_source_bytes: options.limits.max_source_bytes,
        max_depth: options.limits.max_depth,
        max_nodes: options.limits.max_nodes,
        ..syntax::Limits::default()
    };
    match syntax::parse(file, &limits) {
        Ok(script) => {
            let analyzed = sema::analyze(&script, kernel, options);
            let mut diagnostics = analyzed.diagnostics.into_vec();
            diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
            (analyzed.program, analyzed.probes, diagnostics)
        }
        Err(error) => (None, Vec::new(), vec![error]),
    }
}
