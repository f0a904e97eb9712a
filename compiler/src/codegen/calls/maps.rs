//! Functions of maps.

use crate::abi::record::STACK_ID_COUNT_SHIFT;
use crate::hir::{Call, Expr, ExprKind};
use crate::manifest::CounterCause;

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

/// Copies a value to the variable that is the argument; 1 where there is one.
pub fn find<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let (Some((map, Some(key))), Some(ExprKind::Variable(variable))) =
        (&call.map, call.arguments.first().map(|argument| &argument.kind))
    else {
        return Err(CodegenError::internal(expression.span, "find without map, key or variable"));
    };
    Ok(builder.find_entry(*map, key, *variable)?.into())
}

/// `len(@map)`, `len(kstack)`
pub fn len<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    if let Some((map, _)) = &call.map {
        return Ok(builder.count_entries(*map)?.into());
    }
    let stack = builder.call_argument(call, 0)?;
    let id = builder.register(stack)?;
    Ok(builder.ir.shift_right(id, builder.ir.constant(u64::from(STACK_ID_COUNT_SHIFT))).into())
}
