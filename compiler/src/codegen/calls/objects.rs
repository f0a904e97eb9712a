//! Helpers that take kernel objects, whose pointers the verifier follows from the context on.

use inkwell::IntPredicate;
use inkwell::values::PointerValue;

use crate::hir::{Call, Expr, ExprKind};
use crate::manifest::CounterCause;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Memory};

pub fn socket_cookie<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let socket = builder.call_argument(call, 0)?;
    let socket = builder.tracked_pointer(socket)?;
    Ok(builder.ir.get_socket_cookie(socket).into())
}

/// The helper writes the path to the end of the buffer first: what it leaves behind the NUL is cleared by whoever
/// keeps the string.
pub fn path<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let path = builder.call_argument(call, 0)?;
    let path = builder.tracked_pointer(path)?;
    let capacity = expression.ty.size();
    let place = builder.result_memory(&expression.ty)?;
    let copied = builder.ir.d_path(path, place.pointer, builder.ir.constant(u64::from(capacity)));
    let failed = builder.ir.compare(IntPredicate::SLT, copied, builder.ir.constant(1));
    let [none, next] = ["none", ""].map(|name| builder.ir.block(name));
    builder.ir.branch_if(failed, none, next);
    builder.ir.position(none);
    builder.ir.store(place.pointer, builder.ir.constant(0), 1);
    builder.count(CounterCause::ReadFailed, expression.span);
    builder.ir.branch(next);
    builder.ir.position(next);
    Ok(Memory::new(place).into())
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// A pointer that the verifier knows the type of: members are loaded, not read by a helper.
    pub(in crate::codegen) fn tracked_pointer(
        &mut self,
        expression: &Expr,
    ) -> std::result::Result<PointerValue<'ctx>, CodegenError> {
        match &expression.kind {
            ExprKind::Cast(inner) => self.tracked_pointer(inner),
            ExprKind::AddressOfMember { pointer, offset } => {
                let base = self.tracked_pointer(pointer)?;
                Ok(self.ir.offset(base, *offset))
            }
            ExprKind::Load { pointer, offset, bits: None } => {
                let base = self.tracked_pointer(pointer)?;
                let member = self.ir.offset(base, *offset);
                let loaded = self.ir.load_volatile(member, 8, false);
                Ok(self.ir.pointer(loaded))
            }
            _ => {
                let value = self.register(expression)?;
                Ok(self.ir.pointer(value))
            }
        }
    }
}
