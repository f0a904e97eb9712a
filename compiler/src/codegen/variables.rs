//! Scratch variables.

use inkwell::values::IntValue;

use crate::hir::{Expr, ExprKind, VariableId};
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::program::Storage;
use super::value::{Lowered, Memory, Place};

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    pub(super) fn variable_type(&self, variable: VariableId) -> &Type {
        self.state.probe.variables.get(variable.0 as usize).map_or(&Type::Void, |definition| &definition.ty)
    }

    /// Where a variable lives. Scalars take 8 bytes, whatever their type.
    pub(super) fn variable_place(&mut self, variable: VariableId) -> Place<'ctx> {
        match self.state.storage(variable) {
            Storage::Local => {
                let bytes = self.variable_type(variable).size().max(8);
                Place::aligned(self.local(variable, bytes))
            }
            Storage::Scratch(offset) => self.scratch_at(offset),
        }
    }

    pub(super) fn read_variable(&mut self, variable: VariableId) -> Result<Lowered<'ctx>, CodegenError> {
        if self.variable_type(variable).is_scalar() {
            return Ok(self.read_variable_register(variable)?.into());
        }
        Ok(Memory::new(self.variable_place(variable)).into())
    }

    pub(super) fn read_variable_register(&mut self, variable: VariableId) -> Result<IntValue<'ctx>, CodegenError> {
        let place = self.variable_place(variable);
        Ok(self.ir.load(place.pointer, 8, false))
    }

    pub(super) fn write_variable_register(
        &mut self,
        variable: VariableId,
        value: IntValue<'ctx>,
    ) -> Result<(), CodegenError> {
        let place = self.variable_place(variable);
        self.ir.store(place.pointer, value, 8);
        Ok(())
    }

    /// `let $x;`
    pub(super) fn declare(&mut self, variable: VariableId) -> Result<(), CodegenError> {
        let bytes = match self.variable_type(variable) {
            // The first byte is enough to make a string empty.
            Type::String { .. } => 1,
            ty => ty.size().max(8),
        };
        let place = self.variable_place(variable);
        self.zero(place, bytes)
    }

    /// `$x = value;`
    pub(super) fn assign_variable(&mut self, variable: VariableId, value: &Expr) -> Result<(), CodegenError> {
        let ty = self.variable_type(variable).clone();
        if ty.is_scalar() {
            let value = self.register(value)?;
            return self.write_variable_register(variable, value);
        }
        if matches!(ty, Type::Void) {
            return self.value(value).map(|_| ());
        }
        let place = self.variable_place(variable);
        if mentions(value, variable) {
            // The old value is read while the new one is made: `$t = ($t.1, $t.0)`.
            let temporary = self.temporary(&ty)?;
            self.store_value(value, &ty, temporary)?;
            return self.copy_value(&ty, Memory::new(temporary), &ty, place);
        }
        self.store_value(value, &ty, place)
    }

    /// The place of a loop's variable, to fill it.
    pub(super) fn loop_variable(&mut self, variable: VariableId) -> Place<'ctx> {
        self.variable_place(variable)
    }
}

fn mentions(expression: &Expr, variable: VariableId) -> bool {
    if matches!(&expression.kind, ExprKind::Variable(other) if *other == variable) {
        return true;
    }
    // Statements within an expression are not searched: assume the worst.
    let mut found = matches!(expression.kind, ExprKind::Block { .. });
    expression.for_each_part(&mut |part| found = found || mentions(part, variable));
    found
}
