//! What the probe's context holds: tracepoint fields, arguments, registers.

use inkwell::values::IntValue;

use crate::hir::{Context, TracepointAccess};
use crate::types::{AddressSpace, Type};

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::value::{Lowered, Memory};

/// Names and byte offsets of the registers in `struct pt_regs` of x86-64 (arch/x86/include/uapi/asm/ptrace.h).
const REGISTERS: [(&str, u32); 23] = [
    ("r15", 0),
    ("r14", 8),
    ("r13", 16),
    ("r12", 24),
    ("bp", 32),
    ("bx", 40),
    ("r11", 48),
    ("r10", 56),
    ("r9", 64),
    ("r8", 72),
    ("ax", 80),
    ("cx", 88),
    ("dx", 96),
    ("si", 104),
    ("di", 112),
    ("orig_ax", 120),
    ("orig_rax", 120),
    ("ip", 128),
    ("pc", 128),
    ("cs", 136),
    ("flags", 144),
    ("sp", 152),
    ("ss", 160),
];

/// The registers of integer arguments in the System V calling convention, in order.
pub const ARGUMENT_REGISTERS: [&str; 6] = ["di", "si", "dx", "cx", "r8", "r9"];
const RETURN_REGISTER: &str = "ax";

/// Byte offset of a register in the context's `pt_regs`.
pub fn register_offset(name: &str) -> Option<u32> {
    REGISTERS.iter().find(|(register, _)| *register == name).map(|(_, offset)| *offset)
}

/// Names of all registers, for suggestions.
pub fn register_names() -> impl Iterator<Item = &'static str> {
    REGISTERS.iter().map(|(name, _)| *name)
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Bytes of the context at a constant offset.
    pub(super) fn context_load(&self, offset: u32, bytes: u32, signed: bool) -> Result<IntValue<'ctx>, CodegenError> {
        let context = self.context_pointer()?;
        Ok(self.ir.load_context(self.unit.keep_offset, context, (offset, bytes), signed))
    }

    /// tgid << 32 | pid as the tracer's PID namespace numbers them; 0 for a process outside of it.
    pub fn current_ids(&mut self) -> Result<IntValue<'ctx>, CodegenError> {
        let Some((device, inode)) = self.unit.kernel.pid_namespace() else { return Ok(self.ir.get_pid_tgid()) };
        // u32 pid, u32 tgid: the same number in memory. The helper zeroes both when it fails.
        let both = self.word()?;
        let (device, inode) = (self.ir.constant(device), self.ir.constant(inode));
        self.ir.get_namespace_pid_tgid(device, inode, both, self.ir.constant(8));
        Ok(self.ir.load(both, 8, false))
    }

    /// Leaves an iterator's program at the visit without an object that ends a walk.
    pub(super) fn skip_end_of_walk(&mut self) -> Result<(), CodegenError> {
        if self.state.probe.context != Context::Iterator {
            return Ok(());
        }
        // Every iterator's struct has the object behind the pointer to what is known of the walk.
        let object = self.context_load(8, 8, false)?;
        let (nothing, next) = (self.ir.block("nothing"), self.ir.block(""));
        self.ir.branch_if(self.ir.is_zero(object), nothing, next);
        self.ir.position(nothing);
        self.return_from_program(None)?;
        // Never reached, but every block needs an end.
        self.ir.branch(next);
        self.ir.position(next);
        Ok(())
    }

    /// A register of the traced thread by its offset in `pt_regs`.
    pub fn register_at(&self, offset: u32) -> Result<IntValue<'ctx>, CodegenError> {
        match self.state.probe.context {
            Context::Registers { .. } | Context::PerfEvent => self.context_load(offset, 8, false),
            Context::None
            | Context::Tracepoint
            | Context::RawArguments
            | Context::Iterator
            | Context::Syscall { .. } => Err(CodegenError::internal(self.span, "this probe has no registers")),
        }
    }

    fn named_register(&self, name: &str) -> Result<Lowered<'ctx>, CodegenError> {
        let offset = register_offset(name).ok_or_else(|| CodegenError::internal(self.span, "an unknown register"))?;
        Ok(self.register_at(offset)?.into())
    }

    pub(super) fn argument(&self, index: u32, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        if self.state.probe.context == Context::RawArguments {
            return Ok(self.context_load(index * 8, 8, false)?.into());
        }
        match ARGUMENT_REGISTERS.get(index as usize).and_then(|name| register_offset(name)) {
            Some(offset) => {
                // What a register holds above a narrow argument means nothing.
                let value = self.register_at(offset)?;
                Ok(self.ir.narrow(value, ty.size().max(1), ty.is_signed()).into())
            }
            None => Err(CodegenError::internal(self.span, format!("arg{index} is passed on the stack"))),
        }
    }

    /// What a function returns, where the context does not say of which type.
    pub(super) fn return_value(&mut self, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        if self.state.probe.context != Context::RawArguments {
            return self.named_register(RETURN_REGISTER);
        }
        // Where a trampoline keeps it depends on how many arguments the kernel believes the function to have.
        let place = self.word()?;
        self.ir.get_function_result(self.context_pointer()?, place);
        let value = self.ir.load(place, 8, false);
        Ok(self.ir.narrow(value, ty.size().max(1), ty.is_signed()).into())
    }

    /// An argument in an array of words, from word `index` on.
    pub(super) fn raw_argument(&mut self, index: u32, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        if !ty.is_scalar() {
            return self.argument_by_value(index, ty);
        }
        let value = self.context_load(index * 8, 8, false)?;
        Ok(self.ir.narrow(value, ty.size().max(1), ty.is_signed()).into())
    }

    /// A struct that takes some words, copied out of them.
    fn argument_by_value(&mut self, index: u32, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let place = self.result_memory(ty)?;
        let mut at = 0;
        while at < ty.size() {
            let word = self.context_load(index * 8 + at / 8 * 8, 8, false)?;
            let shifted = self.ir.shift_right(word, self.ir.constant(u64::from(at % 8 * 8)));
            // The largest piece that ends within the struct and is aligned.
            let piece = [8, 4, 2, 1].into_iter().find(|piece| at % piece == 0 && at + piece <= ty.size()).unwrap_or(1);
            self.ir.store(self.ir.offset(place.pointer, at), shifted, piece);
            at += piece;
        }
        Ok(Memory::exact(place).into())
    }

    pub(super) fn tracepoint_field(
        &mut self,
        offset: u32,
        access: TracepointAccess,
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        if matches!(self.state.probe.context, Context::Syscall { .. }) {
            return self.syscall_field(offset, ty);
        }
        let context = self.context_pointer()?;
        let start = self.ir.address(context);
        if access == TracepointAccess::Plain {
            if ty.is_scalar() {
                let value = self.context_load(offset, ty.size(), ty.is_signed())?;
                return Ok(self.bit_field(value, None, ty).into());
            }
            if let Type::String { capacity } = ty {
                return self.read_characters(start, offset, *capacity, AddressSpace::Kernel);
            }
            return self.read_address(start, offset, None, ty, AddressSpace::Kernel);
        }
        // Length in the upper half, offset in the lower.
        let word = self.context_load(offset, 4, false)?;
        let distance = self.ir.and(word, self.ir.constant(0xffff));
        let distance = match access {
            TracepointAccess::RelativeLocation => self.ir.add(distance, self.ir.constant(u64::from(offset) + 4)),
            TracepointAccess::DataLocation | TracepointAccess::Plain => distance,
        };
        let address = self.ir.add(start, distance);
        if ty.is_scalar() {
            // The location as a pointer: what it points to is kernel memory.
            return Ok(address.into());
        }
        self.read_address(address, 0, None, ty, AddressSpace::Kernel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_found_by_name() {
        assert_eq!(
            (register_offset("ip"), register_offset("di"), register_offset("eax")),
            (Some(128), Some(112), None)
        );
        assert!(ARGUMENT_REGISTERS.iter().all(|name| register_offset(name).is_some()));
    }
}
