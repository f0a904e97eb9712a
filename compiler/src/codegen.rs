//! HIR to BPF: what the records of builtins need to know about it.

use std::marker::PhantomData;

use crate::hir;

/// Emits the code of one program.
pub struct FunctionBuilder<'a, 'ctx> {
    _of: PhantomData<(&'a (), &'ctx ())>,
}

/// A value in the generated code.
pub struct Lowered<'ctx> {
    _of: PhantomData<&'ctx ()>,
}

/// Why no code could be generated.
#[derive(Debug)]
pub enum CodegenError {
    /// A builtin that has no code yet.
    NotSupportedYet(&'static str),
}

/// Emits the code of a call of a builtin.
pub type Lower =
    for<'ctx> fn(&mut FunctionBuilder<'_, 'ctx>, &hir::Expr, &hir::Call) -> Result<Lowered<'ctx>, CodegenError>;

/// For builtins whose code is still to be written.
pub fn unfinished<'ctx>(
    _: &mut FunctionBuilder<'_, 'ctx>,
    _: &hir::Expr,
    call: &hir::Call,
) -> Result<Lowered<'ctx>, CodegenError> {
    Err(CodegenError::NotSupportedYet(call.builtin.name))
}
