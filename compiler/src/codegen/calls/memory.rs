//! Bytes from memory: strings, buffers, addresses.

use crate::hir::{Call, Expr};
use crate::types::{AddressSpace, Type};

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Lowered, Memory, pointer_space};

/// Address families of linux/socket.h.
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
/// Bytes of an IPv6 address.
const ADDRESS_BYTES: u32 = 16;

/// `str(pointer[, length])`, also of an array in memory.
pub fn str<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let capacity = expression.ty.size().max(1);
    let source = builder.call_argument(call, 0)?;
    let place = builder.result_memory(&expression.ty)?;
    let (address, space) = match builder.value(source)? {
        Lowered::Register(address) => (address, pointer_space(&source.ty)),
        Lowered::Memory(memory) => (builder.ir.address(memory.place.pointer), AddressSpace::Kernel),
        Lowered::Void => return Err(CodegenError::internal(expression.span, "a string of nothing")),
    };
    let room = match call.arguments.get(1) {
        Some(length) => {
            let length = builder.register(length)?;
            // A length of 0 leaves room for the NUL alone.
            let length = builder.at_most(length, capacity);
            let is_zero = builder.ir.is_zero(length);
            let length = builder.ir.select(is_zero, builder.ir.constant(1), length);
            builder.at_most(length, capacity)
        }
        None => builder.ir.constant(u64::from(capacity)),
    };
    Ok(builder.read_text_at_most(place, capacity, room, address, space)?.into())
}

/// A buffer: u32 length, then the bytes.
pub fn buf<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let Type::Buffer { capacity } = expression.ty else {
        return Err(CodegenError::internal(expression.span, "a buffer of another type"));
    };
    let source = builder.call_argument(call, 0)?;
    let place = builder.result_memory(&expression.ty)?;
    let (address, space) = match builder.value(source)? {
        Lowered::Register(address) => (address, pointer_space(&source.ty)),
        Lowered::Memory(memory) => (builder.ir.address(memory.place.pointer), AddressSpace::Kernel),
        Lowered::Void => return Err(CodegenError::internal(expression.span, "a buffer of nothing")),
    };
    let length = match call.arguments.get(1) {
        Some(length) => builder.register(length)?,
        None => builder.ir.constant(u64::from(capacity)),
    };
    let length = if length.is_const() { length } else { builder.at_most(length, capacity) };
    builder.ir.store(place.pointer, length, 4);
    let data = builder.place_at(place, 4);
    builder.read_memory(data, length, address, space);
    Ok(Memory::new(place).into())
}

/// An address: u32 family, 16 bytes.
pub fn ntop<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let (family, address) = match call.arguments.as_slice() {
        [family, address] => (Some(family), address),
        [address] => (None, address),
        _ => return Err(CodegenError::internal(expression.span, "'ntop' without an address")),
    };
    let place = builder.result_memory(&expression.ty)?;
    builder.zero(place, expression.ty.size())?;
    let at = builder.place_at(place, 4);
    let bytes = match builder.value(address)? {
        Lowered::Register(value) => {
            builder.ir.store(at.pointer, value, 4);
            4
        }
        Lowered::Memory(memory) => {
            let bytes = address.ty.size().min(ADDRESS_BYTES);
            builder.copy_bytes(memory.place, at, bytes)?;
            bytes
        }
        Lowered::Void => return Err(CodegenError::internal(expression.span, "an address of nothing")),
    };
    let family = match (family, call.constants.first()) {
        (Some(family), _) => builder.register(family)?,
        (None, Some(family)) => builder.ir.constant(*family),
        (None, None) => builder.ir.constant(if bytes == ADDRESS_BYTES { AF_INET6 } else { AF_INET }),
    };
    builder.ir.store(place.pointer, family, 4);
    Ok(Memory::exact(place).into())
}

pub fn macaddr<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let source = builder.call_argument(call, 0)?;
    let place = builder.result_memory(&expression.ty)?;
    match builder.value(source)? {
        Lowered::Memory(memory) => builder.copy_bytes(memory.place, place, expression.ty.size())?,
        Lowered::Register(address) => {
            let bytes = builder.ir.constant(u64::from(expression.ty.size()));
            builder.read_memory(place, bytes, address, pointer_space(&source.ty));
        }
        Lowered::Void => return Err(CodegenError::internal(expression.span, "an address of nothing")),
    }
    Ok(Memory::exact(place).into())
}

pub fn bswap<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    let value = builder.register(argument)?;
    Ok(builder.ir.swap_bytes(value, expression.ty.size()).into())
}
