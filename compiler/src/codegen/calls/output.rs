//! Asynchronous calls: records for user space.

use crate::hir::{Call, Expr};
use crate::manifest::SiteId;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Lowered, pointer_space};

fn site(expression: &Expr, call: &Call) -> std::result::Result<SiteId, CodegenError> {
    call.site.ok_or_else(|| CodegenError::internal(expression.span, "an asynchronous call without a site"))
}

/// `printf`, `errorf`, `warnf`, `cat`, `system`, `time`, `clear`, `zero`: the arguments, if any, are the payload.
pub fn send<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    builder.send(site(expression, call)?, &call.arguments)?;
    Ok(Lowered::Void)
}

/// `print(value)`, or `print(@map[, top[, divisor]])` with two words of payload.
pub fn print<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if call.map.is_none() {
        return send(builder, expression, call);
    }
    let mut words = [builder.ir.constant(0); 2];
    for (index, word) in words.iter_mut().enumerate() {
        if let Some(argument) = call.arguments.get(index) {
            *word = builder.register(argument)?;
        } else if let Some(constant) = call.constants.get(index) {
            *word = builder.ir.constant(*constant);
        }
    }
    builder.send_words(site(expression, call)?, &words)?;
    Ok(Lowered::Void)
}

/// Sends the exit code and leaves the program.
pub fn exit<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let code = match (call.arguments.first(), call.constants.first()) {
        (Some(code), _) => builder.register(code)?,
        (None, Some(code)) => builder.ir.constant(*code),
        (None, None) => builder.ir.constant(0),
    };
    builder.send_words(site(expression, call)?, &[code])?;
    builder.return_from_program(None)?;
    Ok(Lowered::Void)
}

/// A NULL-terminated array of strings: each into its slot, until the first NULL or the last slot.
pub fn join<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let site = site(expression, call)?;
    let array = builder.call_argument(call, 0)?;
    let space = pointer_space(&array.ty);
    let array = builder.register(array)?;
    builder.send_strings(site, array, space)?;
    Ok(Lowered::Void)
}
