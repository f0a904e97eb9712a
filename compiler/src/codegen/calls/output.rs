//! Asynchronous calls: records for user space.

use crate::hir::{Call, Expr};
use crate::manifest::{SiteId, SlotPlace};
use crate::types::Type;

use super::Result;
use crate::codegen::{CodegenError, FunctionBuilder, Lowered, Place, pointer_space};

fn site(expression: &Expr, call: &Call) -> std::result::Result<SiteId, CodegenError> {
    call.site.ok_or_else(|| CodegenError::internal(expression.span, "an asynchronous call without a site"))
}

/// `printf`, `errorf`, `warnf`, `cat`, `system`, `time`, `clear`, `zero`: the arguments, if any, are the payload.
pub fn send<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    builder.send(site(expression, call)?, &call.arguments)?;
    Ok(Lowered::Void)
}

/// `print(value)`, or `print(@map[, top[, divisor]])` with two words of payload.
pub fn print<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    if call.map.is_none() {
        return send(builder, expression, call);
    }
    let mut words = [builder.ir.constant(0); 2];
    for (index, word) in words.iter_mut().enumerate() {
        if let Some(argument) = call.arguments.get(index) {
            *word = builder.register(argument)?;
        } else if let Some(constant) = call.constants.get(index) {
            *word = builder.ir.constant(*constant);
        }
    }
    builder.send_words(site(expression, call)?, &words)?;
    Ok(Lowered::Void)
}

/// Sends the exit code and leaves the program.
pub fn exit<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let code = match (call.arguments.first(), call.constants.first()) {
        (Some(code), _) => builder.register(code)?,
        (None, Some(code)) => builder.ir.constant(*code),
        (None, None) => builder.ir.constant(0),
    };
    builder.send_words(site(expression, call)?, &[code])?;
    builder.return_from_program(None)?;
    Ok(Lowered::Void)
}

/// A NULL-terminated array of strings: each into its slot, until the first NULL or the last slot.
pub fn join<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, expression: &Expr, call: &Call) -> Result<'ctx> {
    let site = site(expression, call)?;
    let array = builder.call_argument(call, 0)?;
    let space = pointer_space(&array.ty);
    let array = builder.register(array)?;
    let unit = builder.unit;
    let layout = &unit.sites[site.index()];
    let mut record = builder.begin_record(site, layout)?;
    let word = Place::aligned(builder.word()?);
    let first = record.end;
    let done = builder.ir.block("joined");
    // Where the record ends when the array does, for each slot.
    let mut ways = Vec::new();
    for slot in layout.slots() {
        // Slots that are not reached are empty.
        let (SlotPlace::Fixed { offset } | SlotPlace::Tail { offset }) = slot.place;
        let at = builder.ir.offset(record.start.pointer, crate::abi::record::HEADER_SIZE + offset);
        builder.ir.store(at, builder.ir.constant(0), 4);
    }
    for (index, slot) in layout.slots().iter().enumerate() {
        let (SlotPlace::Fixed { offset } | SlotPlace::Tail { offset }) = slot.place;
        let Type::String { capacity } = slot.ty else {
            return Err(CodegenError::internal(expression.span, "a joined value that is not a string"));
        };
        let source = builder.ir.add(array, builder.ir.constant(index as u64 * 8));
        builder.read_memory(word, builder.ir.constant(8), source, space);
        let text = builder.ir.load(word.pointer, 8, false);
        let more = builder.ir.block("string");
        ways.push((record.end, builder.ir.here()));
        builder.ir.branch_if(builder.ir.is_zero(text), done, more);
        builder.ir.position(more);
        let place = Place::new(builder.ir.index(record.start.pointer, record.end), 1);
        let memory = builder.read_text(place, capacity, text, space)?;
        let length = memory.length.unwrap_or(first);
        let length = builder.at_most(length, capacity);
        builder.end_of_slot(&mut record, offset, length);
    }
    ways.push((record.end, builder.ir.here()));
    builder.ir.branch(done);
    builder.ir.position(done);
    record.end = builder.ir.merge(&ways);
    builder.output(&record);
    Ok(Lowered::Void)
}
