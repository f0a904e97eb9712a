//! Functions of the script: BPF functions that a program calls, with a frame of their own and without its context.
//!
//! The first scalars travel in registers. What needs memory, and all further scalars, is written by the caller to the
//! parameter's place in the scratch memory; no function calls itself, so one place for each is enough. What a function
//! returns in memory has such a place too.

use inkwell::attributes::{Attribute, AttributeLoc};

use crate::hir::{Expr, FunctionId};
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::program::ProgramState;
use super::unit::{Function, Parameter, ParameterKind, Unit};
use super::value::{Lowered, Memory, Place};

/// Registers for parameters.
const REGISTERS: usize = 5;

const PARAMETERS: [Parameter; REGISTERS] = [
    Parameter { name: "first", kind: ParameterKind::Integer },
    Parameter { name: "second", kind: ParameterKind::Integer },
    Parameter { name: "third", kind: ParameterKind::Integer },
    Parameter { name: "fourth", kind: ParameterKind::Integer },
    Parameter { name: "fifth", kind: ParameterKind::Integer },
];

/// The parameters that travel in registers, by their place in the list.
pub(super) fn in_registers(types: impl Iterator<Item = bool>) -> Vec<bool> {
    let mut taken = 0;
    types
        .map(|is_scalar| {
            let in_register = is_scalar && taken < REGISTERS;
            taken += usize::from(in_register);
            in_register
        })
        .collect()
}

/// Lowers the functions that a program calls; their symbols exist before any body that calls them.
pub(super) fn declare<'ctx>(unit: &Unit<'_, 'ctx>, state: &ProgramState<'_>) -> Vec<Function<'ctx>> {
    let mut declared = Vec::new();
    for (index, function) in state.probe.functions.iter().enumerate() {
        let registers = state.parameters_in_registers(function).iter().filter(|it| **it).count();
        let name = state.function_name(FunctionId(index as u32));
        let lowered = unit.function(&name, &state.section, &PARAMETERS[..registers], function.span, true);
        let noinline = Attribute::get_named_enum_kind_id("noinline");
        lowered.value.add_attribute(AttributeLoc::Function, unit.context.create_enum_attribute(noinline, 0));
        declared.push(lowered);
    }
    declared
}

/// Lowers the body of a function that was declared.
pub(super) fn lower<'a, 'ctx>(
    unit: &'a Unit<'a, 'ctx>,
    state: &'a ProgramState<'a>,
    id: FunctionId,
    declared: Function<'ctx>,
) -> Result<(), CodegenError> {
    let Some(function) = state.probe.functions.get(id.0 as usize) else { return Ok(()) };
    let mut builder = FunctionBuilder::subprogram(unit, state, declared, Some(id), function.span);
    let in_registers = state.parameters_in_registers(function);
    let mut register = 0;
    for (variable, in_register) in function.parameters.iter().zip(in_registers) {
        if in_register {
            let value = declared.value.get_nth_param(register).map(|value| value.into_int_value());
            let value = value.ok_or_else(|| CodegenError::internal(function.span, "a function lacks a parameter"))?;
            builder.write_variable_register(*variable, value)?;
            register += 1;
        }
    }
    builder.statements(&function.body)?;
    builder.finish()
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// `f(a, b)`
    pub(super) fn call_function(
        &mut self,
        id: FunctionId,
        arguments: &[Expr],
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let state = self.state;
        let Some(function) = state.probe.functions.get(id.0 as usize) else {
            return Err(CodegenError::internal(self.span, "a call of a function that is not there"));
        };
        // All arguments first: one may call the same function.
        let mut values = Vec::new();
        for (argument, variable) in arguments.iter().zip(&function.parameters) {
            let ty = self.variable_type(*variable).clone();
            values.push(if ty.is_scalar() {
                self.register(argument)?.into()
            } else {
                let place = self.temporary(&ty)?;
                self.store_value(argument, &ty, place)?;
                Lowered::Memory(Memory::new(place))
            });
        }
        let mut registers = Vec::new();
        let in_registers = state.parameters_in_registers(function);
        for ((value, variable), in_register) in values.into_iter().zip(&function.parameters).zip(in_registers) {
            match value {
                Lowered::Register(value) if in_register => registers.push(value),
                Lowered::Register(value) => self.write_variable_register(*variable, value)?,
                Lowered::Memory(memory) => {
                    let ty = self.variable_type(*variable).clone();
                    let place = self.loop_variable(*variable);
                    self.copy_value(&ty, memory, &ty, place)?;
                }
                Lowered::Void => {}
            }
        }
        let Some(target) = self.unit.module.get_function(&state.function_name(id)) else {
            return Err(CodegenError::internal(self.span, "a call of a function that is not declared"));
        };
        let value = self.ir.call_function(target, &registers);
        if *ty == Type::Void {
            return Ok(Lowered::Void);
        }
        if ty.is_scalar() {
            return Ok(self.ir.narrow(value, ty.size(), ty.is_signed()).into());
        }
        // The next call overwrites the place.
        let returned = self.returned_place(id)?;
        let place = self.result_memory(ty)?;
        self.copy_value(ty, Memory::new(returned), ty, place)?;
        Ok(Memory::new(place).into())
    }

    fn returned_place(&mut self, id: FunctionId) -> Result<Place<'ctx>, CodegenError> {
        match self.state.function_result(id) {
            Some(offset) => Ok(self.scratch_at(offset)),
            None => Err(CodegenError::internal(self.span, "a function's value has no place")),
        }
    }

    /// `return value` in a function: None where the function at hand is the program.
    pub(super) fn returned_from_function(
        &mut self,
        id: FunctionId,
        value: &Expr,
    ) -> Result<inkwell::values::IntValue<'ctx>, CodegenError> {
        let returns = self.state.probe.functions.get(id.0 as usize).map_or(Type::Void, |it| it.returns.clone());
        if returns.is_scalar() {
            return self.register(value);
        }
        let place = self.returned_place(id)?;
        self.store_value(value, &returns, place)?;
        Ok(self.ir.constant(0))
    }
}
