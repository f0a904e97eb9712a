//! The instructions of builtins, in files as the records of [`crate::builtins`] have them.

use inkwell::values::IntValue;

use crate::hir::{Call, Expr};

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::ir::Argument;
use super::value::Lowered;

pub mod effects;
pub mod maps;
pub mod memory;
pub mod messages;
pub mod objects;
pub mod output;
pub mod packets;
pub mod process;
pub mod symbols;
pub mod text;
pub mod time;

/// What every [`super::Lower`] returns.
type Result<'ctx> = std::result::Result<Lowered<'ctx>, CodegenError>;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Calls a kfunc by its name.
    fn call_kernel(&self, name: &str, arguments: &[Argument<'ctx>]) -> IntValue<'ctx> {
        self.ir.call_with(self.unit.kernel_function(name, arguments), arguments)
    }

    /// An argument of a call by its position.
    fn call_argument<'e>(&self, call: &'e Call, index: usize) -> std::result::Result<&'e Expr, CodegenError> {
        call.arguments.get(index).ok_or_else(|| {
            CodegenError::internal(self.span, format!("'{}' lacks its argument {}", call.builtin.name, index + 1))
        })
    }
}
