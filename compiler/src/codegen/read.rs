//! Reading memory through pointers.

use inkwell::values::IntValue;

use crate::hir::{Context, Expr, ExprKind};
use crate::manifest::CounterCause;
use crate::types::{AddressSpace, Type};

use super::error::CodegenError;
use super::function::{FunctionBuilder, FunctionKind};
use super::value::{Lowered, Memory, Place};

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// `*p`, `p->member`
    pub(super) fn load_through(
        &mut self,
        pointer: &Expr,
        offset: u32,
        bits: Option<(u8, u8)>,
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        if bits.is_none()
            && let Some(value) = self.load_tracked(pointer, offset, ty)?
        {
            return Ok(value);
        }
        let space = pointer_space(&pointer.ty);
        let address = self.register(pointer)?;
        if let (Type::String { capacity }, false) = (ty, points_to(&pointer.ty, ty)) {
            return self.read_characters(address, offset, *capacity, space);
        }
        self.read_address(address, offset, bits, ty, space)
    }

    /// A number in an iterator's context, or behind a pointer in it: loaded without a helper, because the verifier knows
    /// what those point to. It knows more, but not the same on every kernel; and a pointer that it tracks may not be
    /// counted with, so pointers come from the helper.
    fn load_tracked(&mut self, pointer: &Expr, offset: u32, ty: &Type) -> Result<Option<Lowered<'ctx>>, CodegenError> {
        let is_here = self.state.probe.context == Context::Iterator
            && matches!(self.kind, FunctionKind::Program { .. })
            && matches!(ty, Type::Int { .. } | Type::Bool | Type::Enum { .. });
        let (bytes, signed) = (ty.size(), ty.is_signed());
        match &pointer.kind {
            ExprKind::ContextPointer if is_here => {
                let value = self.context_load(offset, bytes, signed)?;
                Ok(Some(self.bit_field(value, None, ty).into()))
            }
            ExprKind::Load { pointer: context, offset: at, bits: None }
                if is_here && matches!(context.kind, ExprKind::ContextPointer) =>
            {
                // The last visit of a walk has null pointers in its context: what is behind them is 0.
                let address = self.context_load(*at, 8, false)?;
                let (from, loads, next) = (self.ir.here(), self.ir.block("tracked"), self.ir.block(""));
                self.ir.branch_if(self.ir.is_zero(address), next, loads);
                self.ir.position(loads);
                let object = self.ir.pointer(address);
                let value = self.ir.load_context(self.unit.keep_offset, object, (offset, bytes), signed);
                let value = self.bit_field(value, None, ty);
                let loaded = self.ir.here();
                self.ir.branch(next);
                self.ir.position(next);
                Ok(Some(self.ir.merge(&[(self.ir.constant(0), from), (value, loaded)]).into()))
            }
            _ => Ok(None),
        }
    }

    /// The text of an array of `capacity - 1` characters, which may be full: its NUL is ours.
    pub(super) fn read_characters(
        &mut self,
        address: IntValue<'ctx>,
        offset: u32,
        capacity: u32,
        space: AddressSpace,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let address = self.ir.add(address, self.ir.constant(u64::from(offset)));
        let place = self.result_memory(&Type::String { capacity })?;
        let room = self.ir.constant(u64::from(capacity));
        let (copied, helper) = if space == AddressSpace::User {
            (self.ir.probe_read_user_str(place.pointer, room, address), "probe_read_user_str")
        } else {
            (self.ir.probe_read_kernel_str(place.pointer, room, address), "probe_read_kernel_str")
        };
        let one = self.ir.constant(1);
        let failed = self.ir.compare(inkwell::IntPredicate::SLT, copied, one);
        if self.unit.program.count_read_failures {
            self.count_failure_if(failed, CounterCause::ReadFailed, helper, copied);
        }
        if place.zeroed {
            // So it is after a failure.
            return Ok(Memory::exact(place).into());
        }
        let (fix, next, before) = (self.ir.block("fix"), self.ir.block(""), self.ir.here());
        let length = self.ir.sub(copied, one);
        self.ir.branch_if(failed, fix, next);
        self.ir.position(fix);
        self.ir.store(place.pointer, self.ir.constant(0), 1);
        self.ir.branch(next);
        self.ir.position(next);
        let length = self.ir.merge(&[(length, before), (self.ir.constant(0), fix)]);
        Ok(Memory { place, length: Some(length), exact: false }.into())
    }

    /// A value at `address + offset` in someone's memory; zeros where it cannot be read.
    pub(super) fn read_address(
        &mut self,
        address: IntValue<'ctx>,
        offset: u32,
        bits: Option<(u8, u8)>,
        ty: &Type,
        space: AddressSpace,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let address = self.ir.add(address, self.ir.constant(u64::from(offset)));
        if ty.is_scalar() {
            let memory = self.word()?;
            self.read_memory(Place::aligned(memory), self.ir.constant(u64::from(ty.size())), address, space);
            let value = self.ir.load(memory, ty.size(), ty.is_signed());
            return Ok(self.bit_field(value, bits, ty).into());
        }
        if let Type::String { capacity } = ty {
            let place = self.result_memory(ty)?;
            return Ok(self.read_text(place, *capacity, address, space)?.into());
        }
        let place = self.result_memory(ty)?;
        self.read_memory(place, self.ir.constant(u64::from(ty.size())), address, space);
        Ok(Memory::new(place).into())
    }

    /// Reads bytes; on failure the helper zeroes the destination.
    pub fn read_memory(
        &mut self,
        place: Place<'ctx>,
        bytes: IntValue<'ctx>,
        address: IntValue<'ctx>,
        space: AddressSpace,
    ) {
        let result = match space {
            AddressSpace::User => self.ir.probe_read_user(place.pointer, bytes, address),
            // Trusted memory too: whether the verifier would let us load directly depends on the kernel's version.
            AddressSpace::Kernel | AddressSpace::Trusted => self.ir.probe_read_kernel(place.pointer, bytes, address),
        };
        if self.unit.program.count_read_failures {
            let helper = if space == AddressSpace::User { "probe_read_user" } else { "probe_read_kernel" };
            self.count_failure_if(self.ir.is_not_zero(result), CounterCause::ReadFailed, helper, result);
        }
    }

    /// Reads a NUL-terminated string into `capacity` bytes. Text that does not fit fills all of them, without a NUL.
    pub fn read_text(
        &mut self,
        place: Place<'ctx>,
        capacity: u32,
        address: IntValue<'ctx>,
        space: AddressSpace,
    ) -> Result<Memory<'ctx>, CodegenError> {
        let room = self.ir.constant(u64::from(capacity));
        self.read_text_at_most(place, capacity, room, address, space)
    }

    /// [`FunctionBuilder::read_text`] with a limit known at run time: `room` bytes, the NUL included, 1..=`capacity`.
    pub fn read_text_at_most(
        &mut self,
        place: Place<'ctx>,
        capacity: u32,
        room: IntValue<'ctx>,
        address: IntValue<'ctx>,
        space: AddressSpace,
    ) -> Result<Memory<'ctx>, CodegenError> {
        let is_user = space == AddressSpace::User;
        let copied = if is_user {
            self.ir.probe_read_user_str(place.pointer, room, address)
        } else {
            self.ir.probe_read_kernel_str(place.pointer, room, address)
        };
        let one = self.ir.constant(1);
        let failed = self.ir.compare(inkwell::IntPredicate::SLT, copied, one);
        if self.unit.program.count_read_failures {
            let helper = if is_user { "probe_read_user_str" } else { "probe_read_kernel_str" };
            self.count_failure_if(failed, CounterCause::ReadFailed, helper, copied);
        }
        // After a failure nothing says what is in the buffer.
        let (fix, check, full, next) =
            (self.ir.block("fix"), self.ir.block("check"), self.ir.block("full"), self.ir.block(""));
        self.ir.branch_if(failed, fix, check);
        self.ir.position(fix);
        if !place.zeroed {
            self.ir.store(place.pointer, self.ir.constant(0), 1);
        }
        self.ir.branch(next);
        self.ir.position(check);
        let length = self.ir.sub(copied, one);
        let last = self.ir.constant(u64::from(capacity - 1));
        let is_full = self.ir.compare(inkwell::IntPredicate::EQ, length, last);
        self.ir.branch_if(is_full, full, next);
        // The helper ends every text with a NUL. Put the byte back that it replaced, so that truncated text has none.
        self.ir.position(full);
        let last_byte = self.ir.offset(place.pointer, capacity - 1);
        let source = self.ir.add(address, last);
        let size = self.ir.constant(1);
        if is_user {
            self.ir.probe_read_user(last_byte, size, source);
        } else {
            self.ir.probe_read_kernel(last_byte, size, source);
        }
        let byte = self.ir.load(last_byte, 1, false);
        let full_length = self.ir.add(length, self.ir.bit_to_int(self.ir.is_not_zero(byte)));
        self.ir.branch(next);
        self.ir.position(next);
        let length = self.ir.merge(&[(self.ir.constant(0), fix), (length, check), (full_length, full)]);
        Ok(Memory { place, length: Some(length), exact: place.zeroed })
    }

    /// Extracts a bit-field from the unit that holds it.
    pub(super) fn bit_field(&self, unit: IntValue<'ctx>, bits: Option<(u8, u8)>, ty: &Type) -> IntValue<'ctx> {
        let Some((offset, width)) = bits else {
            return if *ty == Type::Bool { self.ir.bit_to_int(self.ir.is_not_zero(unit)) } else { unit };
        };
        let (offset, width) = (u64::from(offset), u64::from(width).clamp(1, 64));
        let top = self.ir.shift_left(unit, self.ir.constant(64 - (offset + width).min(64)));
        if ty.is_signed() {
            self.ir.shift_right_signed(top, self.ir.constant(64 - width))
        } else {
            self.ir.shift_right(top, self.ir.constant(64 - width))
        }
    }

    /// The address of bytes that are always 0, as many as the largest value of a map.
    pub(super) fn zeros(&self) -> inkwell::values::PointerValue<'ctx> {
        self.ir.offset(self.unit.globals(), self.unit.layout.borrow().zeros)
    }
}

fn points_to(pointer: &Type, ty: &Type) -> bool {
    matches!(pointer, Type::Pointer { to, .. } if **to == *ty)
}

/// Whose memory a pointer points into; integers count as kernel addresses.
pub fn pointer_space(ty: &Type) -> AddressSpace {
    match ty {
        Type::Pointer { space, .. } => *space,
        _ => AddressSpace::Kernel,
    }
}
