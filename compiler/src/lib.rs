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

use diagnostic::{Diagnostic, Diagnostics};
use kernel::Kernel;
use kernel::overlay::Overlay;
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
    let script = match parse(file, options) {
        Ok(script) => script,
        Err(error) => return Checked { diagnostics: vec![error], ..Checked::default() },
    };
    let mut found = Diagnostics::default();
    let kernel = Overlay::new(kernel, &script, &options.without, &mut found);
    let analyzed = sema::analyze(&script, &kernel, options, found);
    let maps = analyzed.program.map(|program| program.maps).unwrap_or_default();
    Checked { diagnostics: in_order(analyzed.diagnostics), probes: analyzed.probes, maps }
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
    front_end(file, kernel, options, |program, _, warnings| Ok((program, warnings)))
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
    front_end(file, kernel, options, |program, kernel, mut warnings| match codegen::lower(&program, kernel, file) {
        Ok(compiled) => Ok((compiled, warnings)),
        Err(errors) => {
            warnings.extend(errors);
            Err(warnings)
        }
    })
}

/// Parsing and semantic analysis; `next` goes on with the program, the kernel that knows the script's types, and the
/// warnings.
fn front_end<T>(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
    next: impl FnOnce(hir::Program, &dyn Kernel, Vec<Diagnostic>) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Vec<Diagnostic>> {
    let script = parse(file, options).map_err(|error| vec![error])?;
    let mut found = Diagnostics::default();
    let kernel = Overlay::new(kernel, &script, &options.without, &mut found);
    let analyzed = sema::analyze(&script, &kernel, options, found);
    let diagnostics = in_order(analyzed.diagnostics);
    match analyzed.program {
        Some(program) => next(program, &kernel, diagnostics),
        None => Err(diagnostics),
    }
}

/// The tree of a script, within the limits of the compilation.
fn parse(file: &SourceFile, options: &CompileOptions) -> Result<syntax::ast::Script, Diagnostic> {
    let limits = syntax::Limits {
        max_source_bytes: options.limits.max_source_bytes,
        max_depth: options.limits.max_depth,
        max_nodes: options.limits.max_nodes,
        ..syntax::Limits::default()
    };
    syntax::parse(file, &limits)
}

fn in_order(diagnostics: Diagnostics) -> Vec<Diagnostic> {
    let mut list = diagnostics.into_vec();
    list.sort_by_key(|diagnostic| diagnostic.span.start);
    list
}
