//! From [`hir::Program`] to BPF: LLVM IR, an ELF object, and the manifest that describes it.
//!
//! Errors here are limits of the target (stack, value sizes, memory) or features that this version lacks, reported
//! with the span of the probe or expression; mistakes in scripts were all found before.

use crate::Compiled;
use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::kernel::Kernel;
use crate::options::CompileOptions;
use crate::source::SourceFile;

pub mod error;
pub mod function;
pub mod value;

pub use error::CodegenError;
pub use function::FunctionBuilder;
pub use value::Lowered;

/// Emits the instructions of one call of a builtin, at the builder's position, and says where the result is.
pub type Lower =
    for<'ctx> fn(&mut FunctionBuilder<'_, 'ctx>, &hir::Expr, &hir::Call) -> Result<Lowered<'ctx>, CodegenError>;

/// The [`Lower`] of a builtin that scripts may name but programs cannot run yet.
pub fn unfinished<'ctx>(
    _: &mut FunctionBuilder<'_, 'ctx>,
    expression: &hir::Expr,
    call: &hir::Call,
) -> Result<Lowered<'ctx>, CodegenError> {
    Err(CodegenError::unsupported(expression.span, format!("'{}'", call.builtin.name)))
}

/// Generates one BPF program per [`hir::ProbeProgram`].
///
/// Errors: limits of the target, each with the span of what exceeds it.
pub fn lower(
    program: &hir::Program,
    kernel: &dyn Kernel,
    file: &SourceFile,
    options: &CompileOptions,
) -> Result<Compiled, Vec<Diagnostic>> {
    let _ = (kernel, file, options);
    let errors = program
        .programs
        .iter()
        .map(|probe| CodegenError::unsupported(probe.span, "Code generation".to_owned()).into())
        .collect();
    Err(errors)
}
