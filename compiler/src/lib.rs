//! tracedeck's compiler: all that follows from a script, facts about a kernel, and options.
//!
//! Opens no file, makes no system call, knows no time: facts come through [`kernel::Kernel`].

pub mod abi;
pub mod aggregations;
pub mod builtins;
pub mod codegen;
pub mod completion;
pub mod diagnostic;
pub mod documentation;
pub mod expand;
pub mod hir;
pub mod imports;
pub mod kernel;
pub mod manifest;
pub mod options;
pub mod preprocess;
pub mod probes;
pub mod sema;
pub mod source;
pub mod syntax;
pub mod types;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use diagnostic::{Diagnostic, Diagnostics};
use kernel::Kernel;
use kernel::overlay::Overlay;
use manifest::{Manifest, Places, ProbeInfo};
use options::CompileOptions;
use source::SourceFile;

/// What `compile()` yields: ELF objects for the BPF target and the manifest that describes them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Compiled {
    /// Each program is in one of them.
    pub objects: Vec<Vec<u8>>,
    pub manifest: Manifest,
}

/// What is known about a script without compiling it.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Errors and warnings in the order of the script.
    pub diagnostics: Vec<Diagnostic>,
    /// Every attach point after expansion.
    pub probes: Vec<ProbeInfo>,
    /// What a pattern stands for counted one by one; none where there are errors.
    pub places: Places,
    /// The maps with the types they have; empty where there are errors.
    pub maps: Vec<hir::MapDef>,
    /// The named parameters that the script reads; empty where there are errors.
    pub parameters: Vec<sema::parameters::NamedParameter>,
    /// Scratch variables with their types, each name once; empty where there are errors.
    pub variables: Vec<hir::VariableDef>,
}

/// Parses and types a script: quick enough for every key press, and without LLVM.
pub fn check(file: &SourceFile, kernel: &dyn Kernel, options: &CompileOptions) -> Checked {
    let mut found = Diagnostics::default();
    let front = match Front::new(file, kernel, options, &mut found) {
        Ok(front) => front,
        Err(error) => return Checked { diagnostics: vec![error], ..Checked::default() },
    };
    let mut analyzed = sema::analyze(&front.expanded, &front.kernel, options, found);
    front.explain_headers(&mut analyzed.diagnostics);
    let variables = analyzed.program.as_ref().map(variables_of).unwrap_or_default();
    let points = analyzed.program.iter().flat_map(|program| &program.programs).flat_map(|program| &program.attach);
    let places = Places::of(points);
    let mut maps = analyzed.program.map(|program| program.maps).unwrap_or_default();
    maps.iter_mut().for_each(|map| map.span = front.file.expansions().in_file(map.span));
    let diagnostics = front.in_order(analyzed.diagnostics);
    Checked { diagnostics, probes: analyzed.probes, places, maps, parameters: analyzed.parameters, variables }
}

/// The first of each name; the names that expansion gave to those of macros are left out.
fn variables_of(program: &hir::Program) -> Vec<hir::VariableDef> {
    let mut seen = HashSet::new();
    let all = program.programs.iter().flat_map(|program| &program.variables);
    all.filter(|variable| !variable.name.contains('#') && seen.insert(&variable.name)).cloned().collect()
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
    compile_with(codegen::lower, file, kernel, options)
}

/// [`compile`], all programs in one object.
///
/// # Errors
///
/// As [`compile`].
pub fn compile_to_one_object(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> Result<(Compiled, Vec<Diagnostic>), Vec<Diagnostic>> {
    compile_with(codegen::lower_to_one_object, file, kernel, options)
}

type Lower = fn(&hir::Program, &dyn Kernel, &SourceFile) -> Result<Compiled, Vec<Diagnostic>>;

fn compile_with(
    lower: Lower,
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> Result<(Compiled, Vec<Diagnostic>), Vec<Diagnostic>> {
    front_end(file, kernel, options, |program, front, mut warnings| match lower(&program, &front.kernel, &front.file) {
        Ok(mut compiled) => {
            compiled.manifest.place(front.file.expansions());
            Ok((compiled, warnings))
        }
        Err(errors) => {
            warnings.extend(errors.into_iter().map(|error| error.placed(front.file.expansions())));
            Err(warnings)
        }
    })
}

/// What the stages of code generation make of a script, as text, with warnings.
///
/// # Errors
///
/// As [`compile`].
pub fn dump(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
) -> Result<codegen::Dump, Vec<Diagnostic>> {
    front_end(file, kernel, options, |program, front, _| codegen::dump(&program, &front.kernel, &front.file))
}

/// A script on the way from its text to types.
struct Front<'a> {
    expanded: expand::Expanded,
    /// The kernel, which knows the script's types as well.
    kernel: Overlay<'a>,
    /// The text, which knows what macros made of it.
    file: SourceFile,
    /// Headers that nobody has opened.
    unopened: Vec<(source::Span, String)>,
}

impl<'a> Front<'a> {
    /// Parses a script and expands its macros.
    fn new(
        file: &SourceFile,
        kernel: &'a dyn Kernel,
        options: &CompileOptions,
        found: &mut Diagnostics,
    ) -> Result<Self, Diagnostic> {
        let limits = syntax::Limits {
            max_source_bytes: options.limits.max_source_bytes,
            max_depth: options.limits.max_depth,
            max_nodes: options.limits.max_nodes,
            ..syntax::Limits::default()
        };
        let mut script = imports::parse_all(file, &limits, &HashSet::new())?;
        if let (Some(import), false) = (script.imports.first(), file.can_import()) {
            let message = "A script here cannot import files";
            return Err(Diagnostic::error("import", import.span, message)
                .with_help("Run it in a terminal with tracedeck run, or put the text of the file into the script"));
        }
        let mut predefined = vec![("__KERNEL__", "1"), ("__BPF_TRACING__", "1"), ("KBUILD_MODNAME", "\"tracedeck\"")];
        if kernel.has(kernel::Feature::Btf) {
            predefined.push(("BPFTRACE_HAVE_BTF", "1"));
        }
        // What the C library's headers ask for.
        predefined.extend([("__STDC__", "1"), ("__LP64__", "1"), ("__linux__", "1"), ("__WORDSIZE", "64")]);
        predefined.push((if cfg!(target_arch = "x86_64") { "__x86_64__" } else { "__aarch64__" }, "1"));
        let end = file.script().len() as u32;
        let c = preprocess::preprocess(&script, end, &predefined, found);
        let kernel = Overlay::new(kernel, &c.declarations, &options.without, found);
        let values = expand::values_in_parentheses(&script, &c, &kernel);
        if !values.is_empty() {
            // `(WORD) - 1` was taken for a cast, as long as it was not known what WORD is.
            script = imports::parse_all(file, &limits, &values)?;
        }
        let expanded = expand::expand(script, file, &c, &limits, &|word| sema::meaning(&kernel, word), found);
        let file = file.with_expansions(expanded.expansions.clone());
        Ok(Self { expanded, kernel, file, unopened: c.unopened })
    }

    /// Where something is not known, it may be that a header would have said it.
    fn explain_headers(&self, diagnostics: &mut Diagnostics) {
        let is_unknown =
            |code| matches!(code, "unknown-type" | "unknown-identifier" | "unknown-field" | "c-definition");
        if !diagnostics.iter().any(|it| it.is_error() && is_unknown(it.code)) {
            return;
        }
        for (span, path) in &self.unopened {
            let message = format!("'{path}' was not read: what it alone defines is not known");
            let help = if self.file.can_import() {
                "Types of the kernel come from BTF; for a header of your own name its directory with -I"
            } else {
                "Types of the kernel come from BTF; define what else is needed in the script"
            };
            diagnostics.push(Diagnostic::warning("header-not-read", *span, message).with_help(help));
        }
    }

    /// Diagnostics in the order of the script.
    fn in_order(&self, diagnostics: Diagnostics) -> Vec<Diagnostic> {
        let expansions = self.file.expansions();
        let mut list: Vec<_> = diagnostics.into_vec().into_iter().map(|it| it.placed(expansions)).collect();
        list.sort_by_key(|diagnostic| diagnostic.span.start);
        list
    }
}

/// Parsing and semantic analysis; `next` goes on with the program and the warnings.
fn front_end<T>(
    file: &SourceFile,
    kernel: &dyn Kernel,
    options: &CompileOptions,
    next: impl FnOnce(hir::Program, &Front<'_>, Vec<Diagnostic>) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Vec<Diagnostic>> {
    let mut found = Diagnostics::default();
    let front = Front::new(file, kernel, options, &mut found).map_err(|error| vec![error])?;
    let mut analyzed = sema::analyze(&front.expanded, &front.kernel, options, found);
    front.explain_headers(&mut analyzed.diagnostics);
    let diagnostics = front.in_order(analyzed.diagnostics);
    match analyzed.program {
        Some(program) => next(program, &front, diagnostics),
        None => Err(diagnostics),
    }
}
