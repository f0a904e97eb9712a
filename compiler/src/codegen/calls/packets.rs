//! Packets on their way to a file.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use crate::builtins::packets::MOST_BYTES;
use crate::hir::{Call, Expr};

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder};

/// Time, length of the packet, and as many bytes from the offset on as lie in one piece.
pub fn skboutput<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let ([data, whole, paged, length, offset], Some(site)) = (call.arguments.as_slice(), call.site) else {
        return Err(CodegenError::internal(expression.span, "a packet without its parts"));
    };
    let mut values = Vec::new();
    for part in [data, whole, paged, length, offset] {
        values.push(builder.register(part)?);
    }
    let [data, whole, paged, length, offset] = [values[0], values[1], values[2], values[3], values[4]];
    let here = behind(builder, builder.ir.sub(whole, paged), offset);
    let bytes = smaller(builder, here, length);
    let address = builder.ir.add(data, offset);
    let time = builder.ir.ktime_get_boot_ns();
    let original = behind(builder, whole, offset);
    let sent = builder.send_packet(site, [time, original], address, bytes, MOST_BYTES)?;
    Ok(builder.ir.narrow(sent, 4, false).into())
}

/// What is left of a length behind an offset.
fn behind<'ctx>(builder: &FunctionBuilder<'_, 'ctx>, length: IntValue<'ctx>, offset: IntValue<'ctx>) -> IntValue<'ctx> {
    let is_less = builder.ir.compare(IntPredicate::ULT, offset, length);
    builder.ir.select(is_less, builder.ir.sub(length, offset), builder.ir.constant(0))
}

fn smaller<'ctx>(builder: &FunctionBuilder<'_, 'ctx>, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
    let is_less = builder.ir.compare(IntPredicate::ULT, left, right);
    builder.ir.select(is_less, left, right)
}
