//! Functions of maps.

use crate::hir::{Call, Expr, ExprKind};
use crate::manifest::CounterCause;
use crate::types::Type;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder};

pub fn delete<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let Some((map, key)) = &call.map else { return Err(CodegenError::internal(expression.span, "delete without map")) };
    let (deleted, result) = builder.delete_entry(*map, key.as_deref())?;
    if !call.result_used {
        let (missing, cause) = (builder.ir.is_zero(deleted), CounterCause::MissingKey { map: *map });
        match result {
            Some(result) => builder.count_failure_if(missing, cause, "map_delete_elem", result),
            None => builder.count_if(missing, cause, expression.span),
        }
    }
    Ok(deleted.into())
}

pub fn has_key<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let Some((map, key)) = &call.map else {
        return Err(CodegenError::internal(expression.span, "has_key without map"));
    };
    Ok(builder.has_entry(*map, key.as_deref())?.into())
}

/// `len(@map)`, `len(kstack)`
pub fn len<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if let Some((map, _)) = &call.map {
        return Ok(builder.count_entries(*map)?.into());
    }
    let stack = builder.call_argument(call, 0)?;
    match (&stack.ty, &stack.kind) {
        // The number of frames is known where the stack is captured, not from its id.
        (Type::Stack { space, limit, .. }, ExprKind::Call(_)) => {
            Ok(builder.capture_stack(*space, *limit)?.frames.into())
        }
        _ => Err(CodegenError::unsupported(expression.span, "The length of a stack in a variable or map")
            .with_help("Use len(kstack) or len(ustack)")),
    }
}
