//! Asynchronous calls: records for user space.

use crate::hir::{Call, Expr};
use crate::manifest::{PrintfStream, SiteId, SiteKind};

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Lowered, pointer_space};

fn site(expression: &Expr, call: &Call) -> std::result::Result<SiteId, CodegenError> {
    call.site.ok_or_else(|| CodegenError::internal(expression.span, "an asynchronous call without a site"))
}

/// `printf`, `errorf`, `warnf`, `cat`, `system`, `time`, `clear`, `zero`: the arguments, if any, are the payload.
pub fn send<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let site = site(expression, call)?;
    if builder.is_left_behind() {
        let SiteKind::Printf { stream: PrintfStream::Out, format, .. } = &builder.unit.program.sites[site.index()].kind
        else {
            return Err(builder.needs_run(&format!("{}()", call.builtin.name)));
        };
        builder.seq_printf(format, &call.arguments)?;
        return Ok(Lowered::Void);
    }
    builder.send(site, &call.arguments)?;
    Ok(Lowered::Void)
}

/// `print(value)`, or `print(@map[, top[, divisor]])` with two words of payload.
pub fn print<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if call.map.is_none() {
        return send(builder, expression, call);
    }
    if builder.is_left_behind() {
        return Err(builder.needs_run("print()"));
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

/// One line to the kernel's trace_pipe. The first argument is the format.
pub fn debug<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let Some((format, values)) = call.arguments.split_first() else {
        return Err(CodegenError::internal(expression.span, "debugf without a format"));
    };
    let size = builder.ir.constant(u64::from(format.ty.size()));
    let format = builder.memory(format)?;
    let mut words = [builder.ir.constant(0); 3];
    for (word, value) in words.iter_mut().zip(values) {
        *word = match builder.value(value)? {
            Lowered::Register(number) => number,
            Lowered::Memory(memory) => builder.ir.address(memory.place.pointer),
            Lowered::Void => builder.ir.constant(0),
        };
    }
    let [first, second, third] = words;
    builder.ir.trace_printk(format.place.pointer, size, first, second, third);
    Ok(Lowered::Void)
}

/// Sends the exit code and leaves the program.
pub fn exit<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if builder.is_left_behind() {
        return Err(builder.needs_run("exit()"));
    }
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
    if builder.is_left_behind() {
        return Err(builder.needs_run("join()"));
    }
    let site = site(expression, call)?;
    let array = builder.call_argument(call, 0)?;
    let space = pointer_space(&array.ty);
    let array = builder.register(array)?;
    builder.send_strings(site, array, space)?;
    Ok(Lowered::Void)
}
