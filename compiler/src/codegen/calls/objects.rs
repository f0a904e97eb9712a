//! Helpers that take kernel objects, whose pointers the verifier follows from the context on.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::PointerValue;

use crate::hir::{Call, Expr, ExprKind};
use crate::manifest::CounterCause;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Memory};

/// 0 without a socket.
pub fn socket_cookie<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let socket = builder.call_argument(call, 0)?;
    let none = builder.ir.block("none");
    let socket = builder.tracked_pointer(socket, none)?;
    let cookie = builder.ir.get_socket_cookie(socket);
    let next = builder.ir.block("");
    let there = builder.ir.here();
    builder.ir.branch(next);
    builder.ir.position(none);
    builder.ir.branch(next);
    builder.ir.position(next);
    Ok(builder.ir.merge(&[(cookie, there), (builder.ir.constant(0), none)]).into())
}

/// Empty where there is no object, and where the kernel cannot tell.
pub fn path<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let path = builder.call_argument(call, 0)?;
    let capacity = expression.ty.size();
    let place = builder.result_memory(&expression.ty)?;
    let [none, next] = ["none", ""].map(|name| builder.ir.block(name));
    let path = builder.tracked_pointer(path, none)?;
    let copied = builder.ir.d_path(path, place.pointer, builder.ir.constant(u64::from(capacity)));
    let is_wrong = builder.ir.compare(IntPredicate::SLT, copied, builder.ir.constant(1));
    if builder.unit.program.count_read_failures {
        builder.count_failure_if(is_wrong, CounterCause::ReadFailed, "d_path", copied);
    }
    builder.ir.branch_if(is_wrong, none, next);
    builder.ir.position(none);
    builder.ir.store(place.pointer, builder.ir.constant(0), 1);
    builder.ir.branch(next);
    builder.ir.position(next);
    Ok(Memory::new(place).into())
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// A pointer that the verifier knows the type of: members are loaded, not read by a helper. Goes to `none` where
    /// there is no object.
    fn tracked_pointer(
        &mut self,
        expression: &Expr,
        none: BasicBlock<'ctx>,
    ) -> std::result::Result<PointerValue<'ctx>, CodegenError> {
        let object = match &expression.kind {
            ExprKind::Cast(inner) => return self.tracked_pointer(inner, none),
            ExprKind::AddressOfMember { pointer, offset } => {
                let base = self.tracked_pointer(pointer, none)?;
                return Ok(self.ir.offset(base, *offset));
            }
            ExprKind::ContextPointer => return self.context_pointer(),
            ExprKind::Load { pointer, offset, bits: None } => {
                let base = self.tracked_pointer(pointer, none)?;
                self.ir.load_context(self.unit.keep_offset, base, (*offset, 8), false)
            }
            _ => self.register(expression)?,
        };
        let there = self.ir.block("there");
        self.ir.branch_if(self.ir.is_zero(object), none, there);
        self.ir.position(there);
        Ok(self.ir.pointer(object))
    }
}
