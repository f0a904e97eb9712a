//! What every function does before its body: test whether the run was stopped, find this CPU's memory.
//!
//! Written last, when it is known what the body uses and how the globals are laid out. The body reads the addresses
//! from slots on the stack, which the optimizer turns into registers.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::PointerValue;

use crate::manifest::{GlobalsHeader, SCRATCH_MAP};

use super::ir::Ir;
use super::layout::is_large_scratch;
use super::unit::Unit;

/// The start of a function, not yet written.
pub struct Prologue<'ctx> {
    pub ir: Ir<'ctx>,
    /// Where stack memory was allocated; the prologue goes to its end.
    pub entry: BasicBlock<'ctx>,
    pub body: BasicBlock<'ctx>,
    /// Leaves the function without any effect.
    pub leave: BasicBlock<'ctx>,
    /// Slot for the address of this CPU's part of the globals, if the body uses it.
    pub cpu: Option<PointerValue<'ctx>>,
    /// Slot for the address of the scratch memory.
    pub scratch: Option<PointerValue<'ctx>>,
    /// Slot for the bytes of one CPU's part.
    pub slot_size: Option<PointerValue<'ctx>>,
    /// Whether to test the stop flag: programs do, but `end`; callbacks need not.
    pub tests_stop: bool,
    /// Which program of the object, its key in the scratch map.
    pub program: u32,
}

impl<'ctx> Prologue<'ctx> {
    pub fn write(&self, unit: &Unit<'_, 'ctx>) {
        let ir = &self.ir;
        let globals_layout = unit.layout.borrow().globals();
        ir.position(self.entry);
        let key = self.scratch.map(|_| ir.stack_memory(4, "scratch_key"));
        if self.tests_stop {
            let flag = ir.offset(unit.globals(), GlobalsHeader::STOPPED);
            let stopped = ir.is_not_zero(ir.load_volatile(flag, 4, false));
            self.leave_if(stopped);
        }
        if let Some(slot) = self.slot_size {
            ir.store(slot, ir.constant(u64::from(globals_layout.slot_size)), 8);
        }
        let is_large = is_large_scratch(unit.scratch_size.get());
        let cpu = (self.cpu.is_some() || (self.scratch.is_some() && is_large)).then(|| {
            let cpu = ir.narrow(ir.get_processor_id(), 4, false);
            let outside = ir.compare(IntPredicate::UGE, cpu, ir.constant(u64::from(globals_layout.cpus)));
            self.leave_if(outside);
            cpu
        });
        if let (Some(slot), Some(cpu)) = (self.cpu, cpu) {
            let offset = ir.mul(cpu, ir.constant(u64::from(globals_layout.slot_size)));
            let slots = ir.offset(unit.globals(), globals_layout.shared_size);
            ir.store_pointer(slot, ir.index(slots, offset));
        }
        if let (Some(slot), Some(key)) = (self.scratch, key) {
            let program = u64::from(self.program);
            let index = match cpu {
                Some(cpu) if is_large => ir.add(cpu, ir.constant(program * u64::from(globals_layout.cpus))),
                _ => ir.constant(program),
            };
            ir.store(key, index, 4);
            let memory = ir.map_lookup(unit.symbol(SCRATCH_MAP), key);
            let missing = ir.is_null(memory);
            self.leave_if(missing);
            ir.store_pointer(slot, memory);
        }
        ir.branch(self.body);
    }

    fn leave_if(&self, condition: inkwell::values::IntValue<'ctx>) {
        let next = self.ir.block("");
        self.ir.branch_if(condition, self.leave, next);
        self.ir.position(next);
    }
}
