//! Texts of numbers, from tables in the object.

use inkwell::values::IntValue;

use crate::builtins::messages::{ERRORS, SIGNALS, SYSCALLS, TEXT_SIZE, Texts};
use crate::hir::{Call, Expr};

use super::Result;
use crate::codegen::{FunctionBuilder, Memory, Place};

pub fn error<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    let number = builder.register(argument)?;
    let sign = builder.ir.shift_right_signed(number, builder.ir.constant(63));
    let magnitude = builder.ir.sub(builder.ir.xor(number, sign), sign);
    Ok(builder.text_of(&ERRORS, magnitude).into())
}

pub fn signal<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    let number = builder.register(argument)?;
    Ok(builder.text_of(&SIGNALS, number).into())
}

pub fn syscall<'ctx>(builder: &mut FunctionBuilder<'_, 'ctx>, _: &Expr, call: &Call) -> Result<'ctx> {
    let argument = builder.call_argument(call, 0)?;
    let number = builder.register(argument)?;
    Ok(builder.text_of(&SYSCALLS, number).into())
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// A text of a table. Numbers that it lacks, negative ones among them, have its last row.
    fn text_of(&mut self, texts: &Texts, number: IntValue<'ctx>) -> Memory<'ctx> {
        let rows = texts.rows();
        let last = rows.len() as u32 - 1;
        let table = self.unit.constants(texts.symbol, || {
            let mut bytes = Vec::with_capacity(rows.len() * TEXT_SIZE as usize);
            for row in &rows {
                bytes.extend_from_slice(row.as_bytes());
                bytes.resize(bytes.len().next_multiple_of(TEXT_SIZE as usize), 0);
            }
            bytes
        });
        let row = self.at_most(number, last);
        let distance = self.ir.mul(row, self.ir.constant(u64::from(TEXT_SIZE)));
        Memory::exact(Place::aligned(self.ir.index(table, distance)))
    }
}
