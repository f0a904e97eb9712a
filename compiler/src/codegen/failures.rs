//! What happens where something fails: a counter of this CPU is increased, and what the helper returned is kept.
//!
//! Written last, as prologues are. An event without a failure pays nothing, not even for the number of its CPU, and a
//! program with many places that may fail has the code once, in a function of its own.

use std::collections::HashMap;

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::debug_info::DILocation;
use inkwell::values::{FunctionValue, IntValue, PointerValue};

use crate::kernel::Feature;
use crate::source::Span;

use super::ir::Ir;
use super::prologue::{Prologue, memory_of, processor};
use super::unit::{Parameter, ParameterKind, Unit};

/// Places of one program that have the code themselves; with more of them a function is shorter.
const IN_PLACE: usize = 2;

const PARAMETERS: [Parameter; 3] = [
    Parameter { name: "counter", kind: ParameterKind::Integer },
    Parameter { name: "kept", kind: ParameterKind::Integer },
    Parameter { name: "result", kind: ParameterKind::Integer },
];

/// A place where something failed: `block` is to count that and go on with `next`.
pub struct Failure<'ctx> {
    pub block: BasicBlock<'ctx>,
    pub next: BasicBlock<'ctx>,
    pub location: DILocation<'ctx>,
    /// Offset of the counter in a CPU's part of the globals.
    pub counter: u32,
    /// What the helper returned, and the offset where it is kept.
    pub result: Option<(u32, IntValue<'ctx>)>,
}

/// Writes all of them.
pub fn write<'ctx>(unit: &Unit<'_, 'ctx>, prologues: &[&Prologue<'ctx>]) {
    let mut places: HashMap<u32, usize> = HashMap::new();
    for prologue in prologues.iter().filter(|prologue| prologue.cpu.is_none()) {
        *places.entry(prologue.program).or_default() += prologue.failures.len();
    }
    // Linux 6.1 takes a call for the end of a loop where the code behind it was looked at before.
    let may_call = unit.kernel.has(Feature::InstructionsV4);
    let mut functions: HashMap<u32, FunctionValue<'ctx>> = HashMap::new();
    for prologue in prologues {
        let ir = &prologue.ir;
        for failure in &prologue.failures {
            ir.position(failure.block);
            ir.set_location(failure.location);
            if let Some(known) = prologue.cpu {
                count(ir, failure, ir.load_pointer(known));
            } else if may_call && places.get(&prologue.program).is_some_and(|places| *places > IN_PLACE) {
                let function = functions.entry(prologue.program).or_insert_with(|| function(unit, prologue));
                // What nobody keeps is written where the counter will be.
                let (kept, result) = failure.result.unwrap_or((failure.counter, ir.constant(0)));
                let [counter, kept] = [failure.counter, kept].map(|offset| ir.constant(u64::from(offset)));
                ir.call_function(*function, &[counter, kept, result]);
            } else {
                let globals = unit.layout.borrow().globals();
                let cpu = processor(ir, prologue.leave, &globals);
                count(ir, failure, memory_of(ir, cpu, unit, &globals));
            }
            ir.branch(failure.next);
        }
    }
}

fn count<'ctx>(ir: &Ir<'ctx>, failure: &Failure<'ctx>, memory: PointerValue<'ctx>) {
    if let Some((offset, result)) = failure.result {
        ir.store(ir.offset(memory, offset), result, 8);
    }
    increase(ir, ir.offset(memory, failure.counter));
}

fn increase<'ctx>(ir: &Ir<'ctx>, cell: PointerValue<'ctx>) {
    let value = ir.load(cell, 8, false);
    ir.store(cell, ir.add(value, ir.constant(1)), 8);
}

/// The function of a program that counts its failures; the kernel's verifier knows the offsets at each call.
fn function<'ctx>(unit: &Unit<'_, 'ctx>, prologue: &Prologue<'ctx>) -> FunctionValue<'ctx> {
    let name = format!("run{}_failed", prologue.program);
    let function = unit.function(&name, &prologue.section, &PARAMETERS, Span::default(), true);
    let noinline = Attribute::get_named_enum_kind_id("noinline");
    function.value.add_attribute(AttributeLoc::Function, unit.context.create_enum_attribute(noinline, 0));
    let ir = Ir::new(unit.context, function.value);
    let (entry, leave) = (ir.block("entry"), ir.block("leave"));
    ir.position(entry);
    ir.set_location(unit.debug.location(function.scope, unit.file.text_position(0)));
    let globals = unit.layout.borrow().globals();
    let memory = memory_of(&ir, processor(&ir, leave, &globals), unit, &globals);
    let parameter = |index| function.value.get_nth_param(index).map(|value| value.into_int_value());
    if let (Some(counter), Some(kept), Some(result)) = (parameter(0), parameter(1), parameter(2)) {
        let cell = ir.index(memory, counter);
        let value = ir.load(cell, 8, false);
        ir.store(ir.index(memory, kept), result, 8);
        ir.store(cell, ir.add(value, ir.constant(1)), 8);
    }
    ir.branch(leave);
    ir.position(leave);
    ir.return_value(ir.constant(0));
    function.value
}
