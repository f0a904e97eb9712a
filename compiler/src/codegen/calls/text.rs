//! Comparing strings.

use crate::hir::{Call, Expr, ExprKind};

use super::Result;
use crate::codegen::{CodegenError, Extent, FunctionBuilder};

/// 0 when the first n bytes are equal, else 1.
pub fn strncmp<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let left = builder.call_argument(call, 0)?;
    let right = builder.call_argument(call, 1)?;
    let bytes = call.constants.first().and_then(|bytes| u32::try_from(*bytes).ok()).unwrap_or(u32::MAX);
    let equal = builder.strings_equal(left, right, Extent::Prefix(bytes))?;
    Ok(builder.ir.bit_to_int(builder.ir.is_zero(equal)).into())
}

pub fn strcontains<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let haystack = builder.call_argument(call, 0)?;
    let needle = builder.call_argument(call, 1)?;
    let ExprKind::String(needle) = &needle.kind else {
        return Err(CodegenError::unsupported(expression.span, "Searching for text that is not a literal"));
    };
    let memory = builder.memory(haystack)?;
    Ok(builder.contains_literal(memory, haystack.ty.size(), needle)?.into())
}

pub fn strlen<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let text = builder.call_argument(call, 0)?;
    let memory = builder.memory(text)?;
    Ok(builder.text_length(memory, text.ty.size())?.into())
}
