//! Who runs, and where: ids, names, the processor.

use crate::hir::{Call, Expr};
use crate::manifest::GlobalsHeader;
use crate::types::{AddressSpace, Type};

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Memory};

const TASK: &str = "struct task_struct";
/// TASK_COMM_LEN of linux/sched.h.
const COMM_BYTES: u32 = 16;

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

pub fn parent_pid<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let parent = parent(builder, call)?;
    let tgid = member_offset(builder, "tgid", expression)?;
    builder.read_address(parent, tgid, None, &Type::UINT32, AddressSpace::Kernel)
}

pub fn parent_comm<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let parent = parent(builder, call)?;
    let comm = member_offset(builder, "comm", expression)?;
    let address = builder.ir.add(parent, builder.ir.constant(u64::from(comm)));
    let place = builder.result_memory(&expression.ty)?;
    let bytes = builder.ir.constant(u64::from(expression.ty.size().min(COMM_BYTES)));
    // The kernel pads the name with zeros itself.
    builder.read_memory(place, bytes, address, AddressSpace::Kernel);
    Ok(Memory::exact(place).into())
}

/// `task->real_parent` of the current task or of the argument.
fn parent<'ctx>(
    builder: &mut FunctionBuilder<'_, 'ctx>,
    call: &Call,
) -> std::result::Result<inkwell::values::IntValue<'ctx>, CodegenError> {
    let task = match call.arguments.first() {
        Some(task) => builder.register(task)?,
        None => builder.ir.get_task(),
    };
    let span = builder.span;
    let offset = kernel_member(builder, "real_parent")
        .ok_or_else(|| CodegenError::limit(span, "This kernel's BTF does not describe the parent of a task"))?;
    let memory = builder.word()?;
    let address = builder.ir.add(task, builder.ir.constant(u64::from(offset)));
    let place = crate::codegen::Place::aligned(memory);
    builder.read_memory(place, builder.ir.constant(8), address, AddressSpace::Kernel);
    Ok(builder.ir.load(memory, 8, false))
}

fn kernel_member(builder: &FunctionBuilder<'_, '_>, name: &str) -> Option<u32> {
    builder.unit.kernel.struct_type(TASK)?.field(name).map(|field| field.offset)
}

fn member_offset(
    builder: &FunctionBuilder<'_, '_>,
    name: &str,
    expression: &Expr,
) -> std::result::Result<u32, CodegenError> {
    kernel_member(builder, name).ok_or_else(|| {
        CodegenError::limit(expression.span, format!("This kernel's BTF does not describe '{name}' of a task"))
    })
}
