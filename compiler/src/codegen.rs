//! From [`hir::Program`] to BPF: LLVM IR, an ELF object, and the manifest that describes it.
//!
//! Errors here are limits of the target (stack, value sizes, memory) or features that this version lacks, reported
//! with the span of the probe or expression; mistakes in scripts were all found before.

use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::targets::{FileType, TargetMachine};

use crate::Compiled;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir;
use crate::kernel::Kernel;
use crate::manifest::{Manifest, Program, ScriptMap};
use crate::source::{SourceFile, Span};

mod aggregate;
pub mod calls;
mod constructors;
mod context;
mod copy;
mod debug_info;
mod emit;
mod error;
mod expr;
mod failures;
mod filter;
mod follow;
mod function;
mod functions;
mod helpers;
mod ir;
mod layout;
mod loops;
mod maps;
mod memory;
mod messages;
mod parts;
mod program;
mod prologue;
mod read;
mod records;
pub mod ring;
mod search;
mod seq;
mod sessions;
mod stacks;
mod stmt;
mod strings;
mod structs;
mod syscalls;
mod unit;
mod value;
mod variables;

pub use aggregate::{Sample, Update};
pub use context::{ARGUMENT_REGISTERS, register_names, register_offset};
pub use emit::warm_up;
pub use error::CodegenError;
pub use function::FunctionBuilder;
pub use read::pointer_space;
pub use strings::Extent;
pub use value::{Lowered, Memory, Place};

use layout::{ALL_SCRATCH_LIMIT, Layout};
use messages::Messages;
use parts::Part;
use program::ProgramState;
use prologue::Prologue;
use sessions::Session;
use unit::{Parameter, ParameterKind, Unit};

/// Emits the instructions of one call of a builtin, at the builder's position, and says where the result is.
pub type Lower =
    for<'ctx> fn(&mut FunctionBuilder<'_, 'ctx>, &hir::Expr, &hir::Call) -> Result<Lowered<'ctx>, CodegenError>;

/// The [`Lower`] of a builtin that sema turns into plain expressions.
pub fn unfinished<'ctx>(
    _: &mut FunctionBuilder<'_, 'ctx>,
    expression: &hir::Expr,
    call: &hir::Call,
) -> Result<Lowered<'ctx>, CodegenError> {
    Err(CodegenError::internal(expression.span, format!("'{}' has no instructions", call.builtin.name)))
}

/// Generates one BPF program per [`hir::ProbeProgram`].
///
/// Errors: limits of the target, each with the span of what exceeds it.
pub fn lower(program: &hir::Program, kernel: &dyn Kernel, file: &SourceFile) -> Result<Compiled, Vec<Diagnostic>> {
    constructors::run();
    if program.programs.len() < parts::MIN_PROGRAMS {
        return lower_to_one_object(program, kernel, file);
    }
    let (first, second) = parts::both(|part| lower_part(program, kernel, file, Some(part)))?;
    Ok(Compiled { objects: vec![first.0, second.0], manifest: first.1 })
}

/// [`lower`] with all programs in one object.
pub fn lower_to_one_object(
    program: &hir::Program,
    kernel: &dyn Kernel,
    file: &SourceFile,
) -> Result<Compiled, Vec<Diagnostic>> {
    constructors::run();
    let (object, manifest) = lower_part(program, kernel, file, None)?;
    Ok(Compiled { objects: vec![object], manifest })
}

/// The object of a part, or of all, and what describes all of them.
fn lower_part(
    program: &hir::Program,
    kernel: &dyn Kernel,
    file: &SourceFile,
    part: Option<Part>,
) -> Result<(Vec<u8>, Manifest), Vec<Diagnostic>> {
    let context = Context::create();
    let messages = Messages::install(&context);
    let result = build(program, kernel, file, &context, part).and_then(|built| {
        emit::optimize(&built.module, &built.machine).map_err(|text| internal(program, text))?;
        let object = emit::write(&built.module, &built.machine, FileType::Object);
        let object = object.map_err(|text| internal(program, text))?;
        match messages.errors() {
            [] => Ok((object, built.manifest)),
            errors => {
                let mut limits = Diagnostics::default();
                limits.extend(errors.iter().map(|text| limit_of_target(program, text)));
                Err(limits.into_vec())
            }
        }
    });
    Messages::uninstall(&context);
    result
}

/// Text of what was generated, for `-d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// LLVM IR as it was lowered.
    pub ir: String,
    /// LLVM IR after the optimizer.
    pub optimized: String,
    /// BPF assembly.
    pub bytecode: String,
}

/// The stages of code generation as text.
pub fn dump(program: &hir::Program, kernel: &dyn Kernel, file: &SourceFile) -> Result<Dump, Vec<Diagnostic>> {
    constructors::run();
    let context = Context::create();
    let messages = Messages::install(&context);
    let result = build(program, kernel, file, &context, None).and_then(|built| {
        let ir = built.module.print_to_string().to_string();
        emit::optimize(&built.module, &built.machine).map_err(|text| internal(program, text))?;
        let optimized = built.module.print_to_string().to_string();
        let assembly = emit::write(&built.module, &built.machine, FileType::Assembly);
        let assembly = assembly.map_err(|text| internal(program, text))?;
        Ok(Dump { ir, optimized, bytecode: String::from_utf8_lossy(&assembly).into_owned() })
    });
    Messages::uninstall(&context);
    drop(messages);
    result
}

struct Built<'ctx> {
    module: Module<'ctx>,
    machine: TargetMachine,
    manifest: Manifest,
}

/// Lowers all programs into one module, in which those of one part stay, and writes the manifest.
fn build<'ctx>(
    program: &hir::Program,
    kernel: &dyn Kernel,
    file: &SourceFile,
    context: &'ctx Context,
    part: Option<Part>,
) -> Result<Built<'ctx>, Vec<Diagnostic>> {
    let machine = emit::machine_for(kernel).map_err(|text| internal(program, text))?;
    let layout = Layout::new(program, kernel)?;
    let module = context.create_module("script");
    emit::prepare(&module, &machine);
    let unit = Unit::new(program, kernel, file, module.get_context(), module, layout);
    let sessions = sessions::find(program, kernel);
    let at_both_ends: Vec<_> = sessions.iter().map(|session| sessions::declare(&unit, *session)).collect();
    let mut errors = Vec::new();
    let mut programs = Vec::new();
    for (index, probe) in program.programs.iter().enumerate() {
        let session = sessions.iter().find(|session| session.has(index));
        match lower_program(&unit, probe, index as u32, session) {
            Ok(lowered) => programs.push(lowered),
            Err(error) => errors.push(Diagnostic::from(error)),
        }
    }
    let followers = if program.follows { follow::lower(&unit, programs.len() as u32) } else { Ok(Vec::new()) };
    let followers = followers.map_err(|error| errors.push(error.into())).unwrap_or_default();
    if !errors.is_empty() {
        return Err(errors);
    }
    check_scratch(&unit)?;
    for (session, function) in sessions.iter().zip(&at_both_ends) {
        sessions::lower(&unit, *session, *function);
    }
    let prologues = unit.prologues.take();
    let is_kept = part.map(|part| parts::programs(&prologues, &sessions, part));
    let is_kept = |program: u32| is_kept.as_ref().is_none_or(|is_kept| is_kept[program as usize]);
    let kept: Vec<&Prologue<'_>> = prologues.iter().filter(|prologue| is_kept(prologue.program)).collect();
    if part.is_some() {
        let own = sessions.iter().zip(&at_both_ends).filter(|(session, _)| is_kept(session.entry as u32));
        let functions = kept.iter().map(|prologue| prologue.function).chain(own.map(|(_, function)| *function));
        parts::keep(&unit.module, functions.map(|function| function.value).collect());
        emit::drop_unused(&unit.module, &machine).map_err(|text| internal(program, text))?;
    }
    kept.iter().for_each(|prologue| prologue.write(&unit));
    failures::write(&unit, &kept);
    unit.debug.finish();
    let mut manifest = Manifest { followers, ..manifest(&unit, programs) };
    manifest.programs = sessions::merge(manifest.programs, &sessions);
    drop(prologues);
    unit.module.verify().map_err(|text| internal(program, text.to_string()))?;
    Ok(Built { module: unit.module, machine, manifest })
}

/// Refuses scripts whose programs together need too much scratch memory.
fn check_scratch(unit: &Unit<'_, '_>) -> Result<(), Vec<Diagnostic>> {
    let copies = unit.program.programs.len() as u64 * u64::from(unit.layout.borrow().cpus);
    let total = u64::from(unit.scratch_size.get()) * copies;
    if total <= ALL_SCRATCH_LIMIT {
        return Ok(());
    }
    let message = format!(
        "The {} programs of this script need {} MiB of memory for strings and other large values, at most {} MiB are possible",
        unit.program.programs.len(),
        total >> 20,
        ALL_SCRATCH_LIMIT >> 20
    );
    let error = CodegenError::limit(whole(unit.program), message)
        .with_help("Use shorter strings: str(p, 64), or the setting max_strlen");
    Err(vec![error.into()])
}

/// In a session, another function is the program for the kernel, and calls this one.
fn lower_program(
    unit: &Unit<'_, '_>,
    probe: &hir::ProbeProgram,
    index: u32,
    session: Option<&Session>,
) -> Result<Program, CodegenError> {
    let has_loop = unit.kernel.has(crate::kernel::Feature::Loop);
    let Some(state) = ProgramState::new(probe, index, session, unit.deleted.clone(), has_loop) else {
        return Err(CodegenError::limit(probe.span, "The variables of this probe need too much memory")
            .with_help("Use shorter strings: str(p, 64), or the setting max_strlen"));
    };
    unit.traffic.begin_program();
    let parameters = [Parameter { name: "context", kind: ParameterKind::Pointer }];
    // LLVM gives the section's symbol its name; the function needs another.
    let function = unit.function(&format!("run{index}"), &state.section, &parameters, probe.span, session.is_some());
    let functions = functions::declare(unit, &state);
    let mut builder = FunctionBuilder::program(unit, &state, function);
    builder.filter_process(&probe.filter)?;
    builder.skip_end_of_walk()?;
    builder.choose_syscall()?;
    builder.statements(&probe.body)?;
    builder.finish()?;
    if !functions.is_empty() {
        unit.traffic.repeat();
    }
    for (index, function) in functions.into_iter().enumerate() {
        functions::lower(unit, &state, hir::FunctionId(index as u32), function)?;
    }
    unit.traffic.end_program(probe, unit.layout.borrow().cpus);
    unit.scratch_size.set(unit.scratch_size.get().max(state.scratch_peak.get()));
    Ok(Program { section: state.section.clone(), kind: probe.kind.clone(), attach: probe.attach.clone() })
}

fn manifest(unit: &Unit<'_, '_>, programs: Vec<Program>) -> Manifest {
    let program = unit.program;
    let layout = unit.layout.borrow();
    let maps = program.maps.iter().zip(&layout.storage).map(|(definition, storage)| ScriptMap {
        name: definition.name.clone(),
        storage: storage.clone(),
        key: definition.key.clone(),
        value: definition.value.clone(),
        span: definition.span,
    });
    let scratch = (unit.scratch_size.get(), programs.len() as u32);
    Manifest {
        probes: program.probes.clone(),
        maps: maps.collect(),
        kernel_maps: layout.kernel_maps(program, scratch, unit.traffic.ring(program), unit.traffic.has_stacks()),
        sites: unit.sites.iter().map(records::SiteLayout::site).collect(),
        counters: layout.counters.clone(),
        globals: layout.globals(),
        strings: program.strings.clone(),
        structs: structs::layouts(program, unit.kernel),
        settings: program.settings.clone(),
        programs,
        followers: Vec::new(),
    }
}

fn internal(program: &hir::Program, text: String) -> Vec<Diagnostic> {
    vec![CodegenError::internal(whole(program), text).into()]
}

/// LLVM names the function in its message; the probe is the best place to show.
fn limit_of_target(program: &hir::Program, text: &str) -> Diagnostic {
    // Functions are called `run0` and `run0_loop0`.
    let probe = program.programs.iter().enumerate().rev().find(|(index, _)| text.contains(&format!("run{index}")));
    let span = probe.map_or_else(|| whole(program), |(_, probe)| probe.span);
    if text.contains("stack") {
        return CodegenError::limit(span, "The probe needs more than the 512 bytes of stack that BPF has")
            .with_help("Use fewer variables and map keys in one probe, or split it in two")
            .into();
    }
    CodegenError::limit(span, format!("The probe cannot be translated to BPF: {text}")).into()
}

fn whole(program: &hir::Program) -> Span {
    program.programs.first().map_or_else(Span::default, |probe| probe.span)
}

#[cfg(test)]
mod tests;
