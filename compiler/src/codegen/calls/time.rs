//! Clocks.

use crate::hir::{Call, Expr};
use crate::manifest::GlobalsHeader;

use super::Result;
use crate::codegen::{FunctionBuilder, Memory};

/// Clocks as `nsecs` numbers them in its constant.
pub const BOOT: u64 = 0;
pub const MONOTONIC: u64 = 1;
pub const TAI: u64 = 2;

pub fn nsecs<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    Ok(match call.constants.first() {
        Some(&MONOTONIC) => builder.ir.ktime_get_ns(),
        Some(&TAI) => builder.ir.ktime_get_tai_ns(),
        _ => builder.ir.ktime_get_boot_ns(),
    }
    .into())
}

pub fn elapsed<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    let now = builder.ir.ktime_get_boot_ns();
    let at = builder.ir.offset(builder.unit.globals(), GlobalsHeader::START_NS);
    let start = builder.ir.load(at, 8, false);
    Ok(builder.ir.sub(now, start).into())
}

pub fn jiffies<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, _: &Call) -> Result<'ctx> {
    Ok(builder.ir.jiffies().into())
}

/// A timestamp: u32 index of the format, u32 clock (0: boot), u64 nanoseconds.
pub fn strftime<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let place = builder.result_memory(&expression.ty)?;
    let nanoseconds = builder.call_argument(call, 0)?;
    let nanoseconds = builder.register(nanoseconds)?;
    let format = call.constants.first().copied().unwrap_or(0);
    let clock = call.constants.get(1).copied().unwrap_or(BOOT);
    let (low, high) = (builder.ir.constant(format), builder.ir.constant(clock));
    builder.ir.store(place.pointer, low, 4);
    builder.ir.store(builder.ir.offset(place.pointer, 4), high, 4);
    builder.ir.store(builder.ir.offset(place.pointer, 8), nanoseconds, 8);
    Ok(Memory::exact(place).into())
}
