//! What every function does before its body: test whether the run was stopped, find this CPU's memory.
//!
//! Written last, when it is known what the body uses and how the globals are laid out. The body reads the addresses
//! from slots on the stack, which the optimizer turns into registers. What only failures need is theirs
//! (`failures.rs`): an event without one does not pay for it.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use crate::manifest::{GlobalsHeader, GlobalsLayout, SCRATCH_MAP};

use super::failures::Failure;
use super::ir::Ir;
use super::layout::is_large_scratch;
use super::unit::{Function, Unit};

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
    /// Where something fails.
    pub failures: Vec<Failure<'ctx>>,
    /// Slot for the address of the scratch memory.
    pub scratch: Option<PointerValue<'ctx>>,
    /// Slot for the bytes of one CPU's part.
    pub slot_size: Option<PointerValue<'ctx>>,
    /// Whether to test the stop flag: programs do, but `end`; callbacks need not.
    pub tests_stop: bool,
    /// Which program of the object, its key in the scratch map.
    pub program: u32,
    /// The function itself, and the section that it is in.
    pub function: Function<'ctx>,
    pub section: String,
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
        let cpu = (self.cpu.is_some() || (self.scratch.is_some() && is_large))
            .then(|| processor(ir, self.leave, &globals_layout));
        if let (Some(slot), Some(cpu)) = (self.cpu, cpu) {
            ir.store_pointer(slot, memory_of(ir, cpu, unit, &globals_layout));
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

    fn leave_if(&self, condition: IntValue<'ctx>) {
        let next = self.ir.block("");
        self.ir.branch_if(condition, self.leave, next);
        self.ir.position(next);
    }
}

/// The number of this CPU; leaves the function on one that the globals have no room for.
pub fn processor<'ctx>(ir: &Ir<'ctx>, leave: BasicBlock<'ctx>, globals: &GlobalsLayout) -> IntValue<'ctx> {
    // All 64 bits: the helper returns nothing larger than the number.
    let cpu = ir.get_processor_id();
    let outside = ir.compare(IntPredicate::UGE, cpu, ir.constant(u64::from(globals.cpus)));
    let next = ir.block("");
    ir.branch_if(outside, leave, next);
    ir.position(next);
    cpu
}

/// The address of a CPU's part of the globals.
pub fn memory_of<'ctx>(
    ir: &Ir<'ctx>,
    cpu: IntValue<'ctx>,
    unit: &Unit<'_, 'ctx>,
    globals: &GlobalsLayout,
) -> PointerValue<'ctx> {
    let offset = ir.mul(cpu, ir.constant(u64::from(globals.slot_size)));
    ir.index(ir.offset(unit.globals(), globals.shared_size), offset)
}
