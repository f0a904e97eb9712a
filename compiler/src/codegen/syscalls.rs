//! Programs that stand for many tracepoints of system calls: which call it is, and what it is called.
//!
//! One program on `sys_enter` or `sys_exit` looks the number up in a table of constants and leaves when the call is none
//! of those asked for. A tracepoint of its own for each call costs a link each, and 0.1 s to let go of it.

use inkwell::IntPredicate;
use inkwell::module::Linkage;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::Context;
use crate::manifest::AttachSpec;
use crate::types::Type;

use super::context::register_offset;
use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::value::{Lowered, Memory, Place};

/// Numbers of system calls are smaller.
const NUMBERS: u32 = 512;
/// The code segment of programs of 32 bits (`__USER32_CS`).
const CODE_OF_32_BITS: u64 = 0x23;
/// The task is in a system call by the table of 32 bits (`TS_COMPAT` in `thread_info.status`).
const COMPATIBLE: u64 = 2;

/// What is known of the call that is being traced.
#[derive(Clone, Copy)]
pub struct Syscall<'ctx> {
    number: IntValue<'ctx>,
    /// Which of the calls asked for, from 0.
    index: IntValue<'ctx>,
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Leaves the program unless it is about one of its system calls.
    pub(super) fn choose_syscall(&mut self) -> Result<(), CodegenError> {
        let Context::Syscall { is_exit } = self.state.probe.context else { return Ok(()) };
        let numbers = self.syscall_numbers();
        let registers = self.ir.pointer(self.context_load(0, 8, false)?);
        let register = |name: &str, bytes| {
            let offset = register_offset(name).ok_or_else(|| CodegenError::internal(self.span, "no such register"))?;
            Ok::<_, CodegenError>(self.ir.load_context(self.unit.keep_offset, registers, (offset, bytes), false))
        };
        let number = if is_exit { register("orig_ax", 8)? } else { self.context_load(8, 8, false)? };
        let of_32_bits = match self.compatibility() {
            Some(flag) => flag,
            None => self.ir.compare(IntPredicate::EQ, register("cs", 2)?, self.ir.constant(CODE_OF_32_BITS)),
        };
        let (other, next) = (self.ir.block("other"), self.ir.block(""));
        let continue_unless = |condition| {
            let next = self.ir.block("");
            self.ir.branch_if(condition, other, next);
            self.ir.position(next);
        };
        continue_unless(of_32_bits);
        continue_unless(self.ir.compare(IntPredicate::UGE, number, self.ir.constant(u64::from(NUMBERS))));
        let places = self.table("places", 2, &place_table(&numbers));
        let place = self.ir.load_volatile(self.ir.index(places, self.ir.mul(number, self.ir.constant(2))), 2, false);
        // 0 stands for none, and becomes larger than all.
        let index = self.ir.sub(place, self.ir.constant(1));
        continue_unless(self.ir.compare(IntPredicate::UGE, index, self.ir.constant(numbers.len() as u64)));
        self.ir.branch(next);
        self.ir.position(other);
        self.return_from_program(None)?;
        // Never reached, but every block needs an end.
        self.ir.branch(next);
        self.ir.position(next);
        // A value that comes by two ways has none on the one that is never taken.
        self.syscall = Some(Syscall { number, index });
        Ok(())
    }

    /// Whether the number is one of the table of 32 bits, where it means another call: the tracepoints of calls are
    /// silent then. Programs of 64 bits may make such calls, too, by `int 0x80`. None without BTF.
    fn compatibility(&self) -> Option<IntValue<'ctx>> {
        let offset = |name: &str, field: &str| Some(self.unit.kernel.struct_type(name)?.field(field)?.offset);
        let status = offset("struct task_struct", "thread_info")? + offset("struct thread_info", "status")?;
        let task = self.ir.get_task_btf();
        let status = self.ir.load_volatile(self.ir.offset(task, status), 4, false);
        Some(self.ir.is_not_zero(self.ir.and(status, self.ir.constant(COMPATIBLE))))
    }

    fn syscall_numbers(&self) -> Vec<u32> {
        let mut numbers = Vec::new();
        for point in &self.state.probe.attach {
            if let AttachSpec::Syscalls { numbers: found, .. } = &point.spec {
                numbers.extend(found);
            }
        }
        numbers
    }

    fn syscall(&self) -> Result<Syscall<'ctx>, CodegenError> {
        self.syscall.ok_or_else(|| CodegenError::internal(self.span, "a system call outside of its probe"))
    }

    /// The fields that the records of all system calls have: the number at 8, the result at 16.
    pub(super) fn syscall_field(&self, offset: u32, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let value = match offset {
            8 => self.syscall()?.number,
            _ => self.context_load(8, 8, false)?,
        };
        Ok(self.ir.narrow(value, ty.size(), ty.is_signed()).into())
    }

    /// The full name of the probe that fired, from a table.
    pub(super) fn probe_name(&mut self, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let index = self.syscall()?.index;
        let size = ty.size() as usize;
        let mut bytes = Vec::new();
        for point in &self.state.probe.attach {
            let AttachSpec::Syscalls { numbers, .. } = &point.spec else { continue };
            let first = point.probe.index();
            for probe in self.unit.program.probes.iter().skip(first).take(numbers.len()) {
                let start = bytes.len();
                bytes.extend(probe.name.bytes().take(size));
                bytes.resize(start + size, 0);
            }
        }
        let names = self.table("names", 1, &bytes);
        let place = Place::aligned(self.ir.index(names, self.ir.mul(index, self.ir.constant(size as u64))));
        Ok(Memory { place, length: None, exact: true }.into())
    }

    /// Constants of this program in an array of the object.
    pub(super) fn table(&self, name: &str, bytes: u32, values: &[u8]) -> PointerValue<'ctx> {
        let name = format!("{name}{}", self.state.index);
        if let Some(known) = self.unit.module.get_global(&name) {
            return known.as_pointer_value();
        }
        let constants = self.unit.context.const_string(values, false);
        let global = self.unit.module.add_global(constants.get_type(), None, &name);
        global.set_initializer(&constants);
        global.set_constant(true);
        global.set_linkage(Linkage::Internal);
        global.set_alignment(8.max(bytes));
        global.as_pointer_value()
    }
}

/// For every number its place among those asked for, from 1; 0: not asked for. Two bytes each.
fn place_table(numbers: &[u32]) -> Vec<u8> {
    let mut table = vec![0; NUMBERS as usize * 2];
    for (place, number) in numbers.iter().enumerate() {
        let at = *number as usize * 2;
        if let Some(slot) = table.get_mut(at..at + 2) {
            slot.copy_from_slice(&(place as u16 + 1).to_le_bytes());
        }
    }
    table
}
