//! Comparing strings, looking into them, putting them together.

use inkwell::IntPredicate;

use crate::hir::{Call, Expr};

use super::Result;
use crate::codegen::{CodegenError, Extent, FunctionBuilder, Lowered, Place, pointer_space};

/// 0 when the first n bytes are equal, else 1.
pub fn strncmp<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let left = builder.call_argument(call, 0)?;
    let right = builder.call_argument(call, 1)?;
    let bytes = call.constants.first().and_then(|bytes| u32::try_from(*bytes).ok()).unwrap_or(u32::MAX);
    let equal = builder.strings_equal(left, right, Extent::Prefix(bytes))?;
    Ok(builder.ir.bit_to_int(builder.ir.is_zero(equal)).into())
}

pub fn strstr<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let haystack = builder.call_argument(call, 0)?;
    let needle = builder.call_argument(call, 1)?;
    Ok(builder.find_text(haystack, needle)?.into())
}

pub fn strcontains<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let haystack = builder.call_argument(call, 0)?;
    let needle = builder.call_argument(call, 1)?;
    let place = builder.find_text(haystack, needle)?;
    let is_there = builder.ir.compare(IntPredicate::SGE, place, builder.ir.constant(0));
    Ok(builder.ir.bit_to_int(is_there).into())
}

pub fn strlen<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let text = builder.call_argument(call, 0)?;
    let memory = builder.memory(text)?;
    Ok(builder.text_length(memory, text.ty.size())?.into())
}

pub fn concatenate<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let first = builder.call_argument(call, 0)?;
    let second = builder.call_argument(call, 1)?;
    Ok(builder.concatenate(first, second, expression.ty.size())?.into())
}

/// The constant of the call is the number of bytes.
pub fn memcmp<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let bytes = call.constants.first().and_then(|bytes| u32::try_from(*bytes).ok()).unwrap_or(1).max(1);
    let left = side(builder, call, 0, bytes)?;
    let right = side(builder, call, 1, bytes)?;
    Ok(builder.compare_bytes(left, right, bytes)?.into())
}

/// The bytes of an argument; those behind a pointer are read.
fn side<'ctx>(
    builder: &mut FunctionBuilder<'_, 'ctx>,
    call: &Call,
    index: usize,
    bytes: u32,
) -> std::result::Result<Place<'ctx>, CodegenError> {
    let argument = builder.call_argument(call, index)?;
    match builder.value(argument)? {
        Lowered::Memory(memory) => Ok(memory.place),
        Lowered::Register(address) => {
            let place = builder.scratch_memory(bytes)?;
            let count = builder.ir.constant(u64::from(bytes));
            builder.read_memory(place, count, address, pointer_space(&argument.ty));
            Ok(place)
        }
        Lowered::Void => Err(CodegenError::internal(argument.span, "bytes of nothing")),
    }
}
