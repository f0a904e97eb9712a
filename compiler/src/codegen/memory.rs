//! Memory for values that do not fit a register: a little on the stack, the rest in per-CPU scratch memory.
//!
//! The kernel gives a program and its callbacks 512 bytes of stack together; LLVM needs some of it for registers.
//! Temporary memory is given back at the end of the statement that took it.

use inkwell::values::{IntValue, PointerValue};

use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::layout::SCRATCH_LIMIT;
use super::value::Place;

/// Bytes of stack that one program and its callbacks may take for values.
const STACK_BUDGET: u32 = 256;

/// Stack memory of one function, reused between statements.
#[derive(Default)]
pub struct StackPool<'ctx> {
    free: Vec<(u32, PointerValue<'ctx>)>,
    taken: Vec<(u32, PointerValue<'ctx>)>,
}

/// What was taken at some moment.
#[derive(Clone, Copy)]
pub struct Mark {
    stack: usize,
    scratch: u32,
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    pub(super) fn mark(&self) -> Mark {
        Mark { stack: self.pool.taken.len(), scratch: self.state.scratch_used.get() }
    }

    /// Gives back what was taken since a mark.
    pub(super) fn release(&mut self, mark: Mark) {
        let given_back: Vec<_> = self.pool.taken.drain(mark.stack..).collect();
        self.pool.free.extend(given_back);
        self.state.scratch_used.set(mark.scratch);
    }

    /// Memory for a value of a type until the end of the statement.
    ///
    /// Errors: the program needs more scratch memory than the kernel gives a CPU.
    pub fn temporary(&mut self, ty: &Type) -> Result<Place<'ctx>, CodegenError> {
        // A C struct within has no alignment that the stack would accept.
        if has_struct(ty) { self.scratch_memory(ty.size()) } else { self.temporary_bytes(ty.size()) }
    }

    /// Memory until the end of the statement, its address a multiple of 8.
    pub fn temporary_bytes(&mut self, bytes: u32) -> Result<Place<'ctx>, CodegenError> {
        if bytes > self.unit.program.settings.on_stack_limit.max(8) {
            return self.scratch_memory(bytes);
        }
        let size = bytes.next_multiple_of(8).max(8);
        let free = self.pool.free.iter().position(|(free, _)| *free == size);
        let pointer = match free {
            Some(index) => self.pool.free.swap_remove(index).1,
            None if self.state.stack_used.get() + size <= STACK_BUDGET => {
                self.state.stack_used.set(self.state.stack_used.get() + size);
                self.entry_memory(size, "temporary")
            }
            None => return self.scratch_memory(bytes),
        };
        self.pool.taken.push((size, pointer));
        Ok(Place::aligned(pointer))
    }

    /// A register's worth of stack memory, to pass a value to a helper by its address.
    pub fn word(&mut self) -> Result<PointerValue<'ctx>, CodegenError> {
        Ok(self.temporary_bytes(8)?.pointer)
    }

    /// An address as a number like any other: the verifier would refuse arithmetic on the pointer that it knows.
    pub(super) fn plain_address(&mut self, pointer: PointerValue<'ctx>) -> Result<IntValue<'ctx>, CodegenError> {
        self.plain_number(self.ir.address(pointer))
    }

    /// [`FunctionBuilder::plain_address`] of what the verifier may know as a pointer.
    pub(super) fn plain_number(&mut self, value: IntValue<'ctx>) -> Result<IntValue<'ctx>, CodegenError> {
        let place = self.scratch_memory(8)?;
        self.ir.store(place.pointer, value, 8);
        Ok(self.ir.load_volatile(place.pointer, 8, false))
    }

    /// Scratch memory until the end of the statement.
    pub fn scratch_memory(&mut self, bytes: u32) -> Result<Place<'ctx>, CodegenError> {
        let offset = self.take_scratch(bytes)?;
        Ok(self.scratch_at(offset))
    }

    /// Reserves scratch memory; its offset is the same in all functions of the program.
    pub(super) fn take_scratch(&self, bytes: u32) -> Result<u32, CodegenError> {
        self.state.take_scratch(bytes).ok_or_else(|| {
            let message =
                format!("The probe needs more than {SCRATCH_LIMIT} bytes of memory for strings and other large values");
            CodegenError::limit(self.state.probe.span, message)
                .with_label(self.span, "needed here")
                .with_help("Use shorter strings: str(p, 64), or the setting max_strlen")
        })
    }

    pub(super) fn scratch_at(&mut self, offset: u32) -> Place<'ctx> {
        let base = self.scratch_base();
        Place::in_map_value(self.ir.offset(base, offset))
    }
}

fn has_struct(ty: &Type) -> bool {
    match ty {
        Type::Struct { .. } => true,
        Type::Array { of, .. } => has_struct(of),
        _ => ty.parts().into_iter().any(has_struct),
    }
}
