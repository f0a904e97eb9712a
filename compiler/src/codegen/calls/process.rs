//! Who runs, and where: ids, names, the processor.

use inkwell::values::IntValue;

use crate::hir::{Call, Expr};
use crate::manifest::GlobalsHeader;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Memory};

pub fn pid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let both = ids(builder, call)?;
    // Comparing it would become a comparison of all 64 bits, with two large constants.
    Ok(builder.ir.opaque(builder.ir.shift_right(both, builder.ir.constant(32))).into())
}

pub fn tid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let both = ids(builder, call)?;
    Ok(builder.ir.narrow(both, 4, false).into())
}

/// tgid << 32 | pid; the call has a constant where the initial namespace is asked for.
fn ids<'ctx>(
    builder: &mut FunctionBuilder<'_, 'ctx>,
    call: &Call,
) -> std::result::Result<IntValue<'ctx>, CodegenError> {
    if call.constants.is_empty() { builder.current_ids() } else { Ok(builder.ir.get_pid_tgid()) }
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

pub fn comm<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if let (Some(pid), Some(offset)) = (call.arguments.first(), call.constants.first()) {
        return comm_of(builder, expression, pid, *offset as u32);
    }
    let place = builder.result_memory(&expression.ty)?;
    // Linux 6.1 leaves what is behind the name as it was; newer kernels pad with zeros. Two names are one key only if
    // all their bytes are the same.
    builder.zero(place, expression.ty.size())?;
    builder.ir.get_comm(place.pointer, builder.ir.constant(u64::from(expression.ty.size())));
    Ok(Memory::exact(place).into())
}

/// The name of another process. A task that was found is held until it is given back.
fn comm_of<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, pid: &Expr, offset: u32) -> Result<'ctx> {
    let pid = builder.register(pid)?;
    let place = builder.result_memory(&expression.ty)?;
    let task = builder.call_kernel("bpf_task_from_pid", &[pid.into()]);
    let [gone, there, next] = ["gone", "there", ""].map(|name| builder.ir.block(name));
    builder.ir.branch_if(builder.ir.is_zero(task), gone, there);
    builder.ir.position(gone);
    let unknown = *b"[unknown]\0\0\0\0\0\0\0";
    for (offset, half) in unknown.as_chunks::<8>().0.iter().enumerate() {
        let word = builder.ir.constant(u64::from_le_bytes(*half));
        builder.ir.store(builder.ir.offset(place.pointer, offset as u32 * 8), word, 8);
    }
    builder.ir.branch(next);
    builder.ir.position(there);
    let name = builder.ir.add(task, builder.ir.constant(u64::from(offset)));
    let size = builder.ir.constant(u64::from(expression.ty.size()));
    builder.ir.probe_read_kernel(place.pointer, size, name);
    let task = builder.ir.pointer(task);
    builder.call_kernel("bpf_task_release", &[task.into()]);
    builder.ir.branch(next);
    builder.ir.position(next);
    Ok(Memory::new(place).into())
}

pub fn child_pid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let at = builder.ir.offset(builder.unit.globals(), GlobalsHeader::CHILD_PID);
    Ok(builder.ir.load(at, 4, false).into())
}

pub fn cgroup<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    Ok(builder.ir.get_cgroup_id().into())
}

/// u64 id, u32 index of the filter, 4 bytes of padding.
pub fn cgroup_path<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let place = builder.result_memory(&expression.ty)?;
    let id = builder.call_argument(call, 0)?;
    let id = builder.register(id)?;
    let filter = builder.ir.constant(call.constants.first().copied().unwrap_or(0));
    builder.ir.store(place.pointer, id, 8);
    builder.ir.store(builder.ir.offset(place.pointer, 8), filter, 8);
    Ok(Memory::exact(place).into())
}

pub fn cpu<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    // Nothing larger than the number of a processor.
    Ok(builder.ir.get_processor_id().into())
}

pub fn memory_node<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let node = builder.ir.get_numa_node();
    Ok(builder.ir.narrow(node, 4, false).into())
}

pub fn current_task<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    Ok(builder.ir.get_task().into())
}

pub fn random<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let random = builder.ir.get_prandom();
    Ok(builder.ir.narrow(random, 4, false).into())
}
