//! Calls that act on the traced process or function.

use inkwell::IntPredicate;

use crate::hir::{Call, Expr};
use crate::manifest::SiteId;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Lowered};

pub fn signal<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    send(builder, expression, call, false)
}

pub fn signal_thread<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    send(builder, expression, call, true)
}

/// Sends the signal; a number that is none and a failure are told by the call's two sites.
fn send<'ctx>(
    builder: &mut FunctionBuilder<'_, 'ctx>,
    expression: &Expr,
    call: &Call,
    to_thread: bool,
) -> Result<'ctx> {
    let [out_of_range, failed] = call.constants.as_slice() else {
        return Err(CodegenError::internal(expression.span, "a signal without its messages"));
    };
    let [out_of_range, failed] = [out_of_range, failed].map(|site| SiteId(*site as u32));
    let argument = builder.call_argument(call, 0)?;
    let number = builder.register(argument)?;
    let [wrong, right, refused, next] = ["wrong", "right", "refused", ""].map(|name| builder.ir.block(name));
    let distance = builder.ir.sub(number, builder.ir.constant(1));
    let is_signal = builder.ir.compare(IntPredicate::ULT, distance, builder.ir.constant(64));
    builder.ir.branch_if(is_signal, right, wrong);
    builder.ir.position(wrong);
    builder.send_words(out_of_range, &[number])?;
    builder.ir.branch(next);
    builder.ir.position(right);
    let error = if to_thread { builder.ir.send_signal_thread(number) } else { builder.ir.send_signal(number) };
    builder.ir.branch_if(builder.ir.is_not_zero(error), refused, next);
    builder.ir.position(refused);
    builder.send_words(failed, &[error])?;
    builder.ir.branch(next);
    builder.ir.position(next);
    Ok(Lowered::Void)
}

pub fn override_result<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    let result = builder.register(argument)?;
    let context = builder.context_pointer()?;
    builder.ir.override_return(context, result);
    Ok(Lowered::Void)
}

/// 1 when the bytes were written.
pub fn write_user<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let [address, value, length] = call.arguments.as_slice() else {
        return Err(CodegenError::internal(expression.span, "bytes to write are missing"));
    };
    let address = builder.register(address)?;
    let size = value.ty.size();
    let bytes = match builder.value(value)? {
        Lowered::Memory(memory) => memory.place.pointer,
        Lowered::Register(number) => {
            let word = builder.word()?;
            builder.ir.store(word, number, 8);
            word
        }
        Lowered::Void => return Err(CodegenError::internal(expression.span, "nothing to write")),
    };
    let length = builder.register(length)?;
    let length = if length.is_const() { length } else { builder.at_most(length, size) };
    let failed = builder.ir.probe_write_user(address, bytes, length);
    Ok(builder.ir.bit_to_int(builder.ir.is_zero(failed)).into())
}
