//! Addresses that get names in user space, stacks, and what identifies the probe.

use inkwell::values::IntValue;

use crate::hir::{Call, Expr};
use crate::manifest::KERNEL_VARIABLE_PREFIX;
use crate::types::Type;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Memory};

/// The address itself.
pub fn ksym<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    builder.value(argument)
}

pub fn usym<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let address = builder.call_argument(call, 0)?;
    let address = builder.register(address)?;
    user_symbol(builder, &expression.ty, address)
}

/// u64 address, u32 tgid, u32 probe.
fn user_symbol<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, ty: &Type, address: IntValue<'ctx>) -> Result<'ctx> {
    let place = builder.result_memory(ty)?;
    let both = builder.current_ids()?;
    let tgid = builder.ir.shift_right(both, builder.ir.constant(32));
    let probe = builder.state.probe.attach.first().map_or(0, |attach| attach.probe.0);
    builder.ir.store(place.pointer, address, 8);
    builder.ir.store(builder.ir.offset(place.pointer, 8), tgid, 4);
    builder.ir.store(builder.ir.offset(place.pointer, 12), builder.ir.constant(u64::from(probe)), 4);
    Ok(Memory::exact(place).into())
}

/// `func` where no register has it: the address of the traced function.
pub fn traced_function<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let context = builder.context_pointer()?;
    Ok(builder.ir.get_func_ip(context).into())
}

/// How far the file was moved in memory is how far the probe's function was.
pub fn user_address<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let [variable, probe] = call.constants.as_slice() else {
        return Err(CodegenError::internal(expression.span, "a variable without its address"));
    };
    let context = builder.context_pointer()?;
    let here = builder.ir.get_func_ip(context);
    let distance = builder.ir.constant(variable.wrapping_sub(*probe));
    Ok(builder.ir.add(here, distance).into())
}

pub fn per_cpu_address<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let name = call.constants.first().and_then(|index| builder.unit.program.strings.get(*index as usize));
    let Some(name) = name else {
        return Err(CodegenError::internal(expression.span, "a variable without its name"));
    };
    let variable = builder.unit.symbol(&format!("{KERNEL_VARIABLE_PREFIX}{name}"));
    let address = match call.arguments.first() {
        Some(cpu) => {
            let cpu = builder.register(cpu)?;
            builder.ir.per_cpu_pointer(variable, cpu)
        }
        None => builder.ir.this_cpu_pointer(variable),
    };
    // The verifier knows it as a pointer to read from, and would refuse to calculate with it.
    Ok(builder.plain_number(address)?.into())
}

/// `kstack` and `ustack`: the id of the captured stack.
pub fn stack<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, _: &Call) -> Result<'ctx> {
    let Type::Stack { space, limit, .. } = expression.ty else {
        return Err(CodegenError::internal(expression.span, "a stack of another type"));
    };
    Ok(builder.capture_stack(space, limit)?.into())
}

/// `reg(name)`: the constant is the register's offset in `pt_regs`.
pub fn register<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let offset = call.constants.first().and_then(|offset| u32::try_from(*offset).ok()).unwrap_or(0);
    Ok(builder.register_at(offset)?.into())
}
