//! Who runs, and where: ids, names, the processor.

use crate::hir::{Call, Expr};
use crate::manifest::GlobalsHeader;

use super::Result;
use crate::codegen::{FunctionBuilder, Memory};

pub fn pid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let both = builder.ir.get_pid_tgid();
    Ok(builder.ir.shift_right(both, builder.ir.constant(32)).into())
}

pub fn tid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let both = builder.ir.get_pid_tgid();
    Ok(builder.ir.narrow(both, 4, false).into())
}

/// Also `username`, whose value is the uid.
pub fn uid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let both = builder.ir.get_uid_gid();
    Ok(builder.ir.narrow(both, 4, false).into())
}

pub fn gid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let both = builder.ir.get_uid_gid();
    Ok(builder.ir.shift_right(both, builder.ir.constant(32)).into())
}

pub fn comm<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, _: &Call) -> Result<'ctx> {
    let place = builder.result_memory(&expression.ty)?;
    // The helper pads with zeros.
    builder.ir.get_comm(place.pointer, builder.ir.constant(u64::from(expression.ty.size())));
    Ok(Memory::exact(place).into())
}

pub fn child_pid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let at = builder.ir.offset(builder.unit.globals(), GlobalsHeader::CHILD_PID);
    Ok(builder.ir.load(at, 4, false).into())
}

pub fn cgroup<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    Ok(builder.ir.get_cgroup_id().into())
}

pub fn cpu<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let cpu = builder.ir.get_processor_id();
    Ok(builder.ir.narrow(cpu, 4, false).into())
}

pub fn current_task<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    Ok(builder.ir.get_task().into())
}

pub fn random<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let random = builder.ir.get_prandom();
    Ok(builder.ir.narrow(random, 4, false).into())
}
