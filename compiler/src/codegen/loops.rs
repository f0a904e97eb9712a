//! `for` loops: their bodies are functions that the kernel calls back.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::{Block, Expr, VariableId};
use crate::kernel::Feature;
use crate::manifest::{CounterCause, MapId};
use crate::types::Type;

use super::error::CodegenError;
use super::function::{FunctionBuilder, FunctionKind};
use super::unit::{Parameter, ParameterKind};
use super::value::{Memory, Place};

/// The most passes of `bpf_loop` (BPF_MAX_LOOPS in include/linux/bpf_verifier.h).
pub(super) const MAX_PASSES: u64 = 8 << 20;

const RANGE_PARAMETERS: [Parameter; 2] = [
    Parameter { name: "index", kind: ParameterKind::Integer },
    Parameter { name: "context", kind: ParameterKind::Pointer },
];
const MAP_PARAMETERS: [Parameter; 4] = [
    Parameter { name: "map", kind: ParameterKind::Pointer },
    Parameter { name: "key", kind: ParameterKind::Pointer },
    Parameter { name: "value", kind: ParameterKind::Pointer },
    Parameter { name: "context", kind: ParameterKind::Pointer },
];

impl<'a, 'ctx> FunctionBuilder<'a, 'ctx> {
    fn needs(&self, feature: Feature, helper: &str) -> Result<(), CodegenError> {
        if self.unit.kernel.has(feature) {
            return Ok(());
        }
        let message = format!("This loop needs {helper}, which this kernel lacks");
        Err(CodegenError::limit(self.span, message))
    }

    fn callback_builder(&self, parameters: &[Parameter]) -> FunctionBuilder<'a, 'ctx> {
        let name = self.state.callback_name();
        let function = self.unit.function(&name, &self.state.section, parameters, self.span, true);
        let mut builder = FunctionBuilder::callback(self.unit, self.state, function);
        builder.script_function = self.script_function;
        builder
    }

    /// `for $i : start..end`
    pub(super) fn for_range(
        &mut self,
        variable: VariableId,
        start: &Expr,
        end: &Expr,
        body: &Block,
    ) -> Result<(), CodegenError> {
        self.needs(Feature::Loop, "bpf_loop (Linux 5.17)")?;
        let start = self.register(start)?;
        let end = self.register(end)?;
        let first = self.take_scratch(8)?;
        let place = self.scratch_at(first);
        self.ir.store(place.pointer, start, 8);

        let mut callback = self.callback_builder(&RANGE_PARAMETERS);
        callback.span = self.span;
        let index = callback.parameter(0)?.into_int_value();
        let place = callback.scratch_at(first);
        let start_again = callback.ir.load(place.pointer, 8, false);
        let current = callback.ir.add(start_again, index);
        callback.write_variable_register(variable, current)?;
        callback.statements(body)?;
        let target = callback.function.value.as_global_value().as_pointer_value();
        callback.finish()?;

        let is_empty = self.ir.compare(IntPredicate::SGE, start, end);
        let passes = self.ir.select(is_empty, self.ir.constant(0), self.ir.sub(end, start));
        let too_many = self.ir.compare(IntPredicate::UGT, passes, self.ir.constant(MAX_PASSES));
        let passes = self.ir.select(too_many, self.ir.constant(MAX_PASSES), passes);
        self.before_loop()?;
        self.passes(passes, target, self.ir.null());
        self.after_loop()
    }

    /// Where the verifier sees that there are no passes it removes the callback as dead code, and then refuses the
    /// program whose call still names it ("No program to jit"); so the call must be dead as well.
    fn passes(&self, passes: IntValue<'ctx>, callback: PointerValue<'ctx>, context: PointerValue<'ctx>) {
        let (repeating, next) = (self.ir.block("repeating"), self.ir.block(""));
        self.ir.branch_if(self.ir.is_zero(passes), next, repeating);
        self.ir.position(repeating);
        self.ir.bpf_loop(passes, callback, context, self.ir.constant(0));
        self.ir.branch(next);
        self.ir.position(next);
    }

    /// `while condition`: each pass a callback, so that the verifier follows it once, whatever the bound.
    pub(super) fn while_in_passes(&mut self, condition: &Expr, body: &Block) -> Result<(), CodegenError> {
        let mut callback = self.callback_builder(&RANGE_PARAMETERS);
        callback.span = self.span;
        let goes_on = callback.condition(condition)?;
        let FunctionKind::Callback { stop, .. } = callback.kind else {
            return Err(CodegenError::internal(self.span, "a callback that is none"));
        };
        let pass = callback.ir.block("pass");
        callback.ir.branch_if(goes_on, pass, stop);
        callback.ir.position(pass);
        callback.statements(body)?;
        let target = callback.function.value.as_global_value().as_pointer_value();
        callback.finish()?;
        self.before_loop()?;
        let most = self.ir.constant(MAX_PASSES);
        let passes = self.ir.bpf_loop(most, target, self.ir.null(), self.ir.constant(0));
        let cut = self.ir.compare(IntPredicate::EQ, passes, most);
        self.count_if(cut, CounterCause::LoopCut, self.span);
        self.after_loop()
    }

    /// `for $kv : @m`
    pub(super) fn for_map(&mut self, variable: VariableId, map: MapId, body: &Block) -> Result<(), CodegenError> {
        self.needs(Feature::ForEachMapElement, "bpf_for_each_map_elem (Linux 5.13)")?;
        let Some(symbol) = self.keyed_symbol(map) else {
            return Err(CodegenError::internal(self.span, "a loop over a map without keys"));
        };
        let mut callback = self.callback_builder(&MAP_PARAMETERS);
        callback.span = self.span;
        callback.fill_entry(variable, map)?;
        callback.statements(body)?;
        let target = callback.function.value.as_global_value().as_pointer_value();
        callback.finish()?;
        self.before_loop()?;
        self.ir.for_each_map_element(symbol, target, self.ir.null(), self.ir.constant(0));
        self.after_loop()
    }

    /// A loop of our own: `body` gets the scratch memory and the number of the pass, and returns 0 to go on, 1 to stop.
    ///
    /// The kernel's verifier follows a callback once; a plain loop it follows pass by pass, until a few loops over
    /// strings exceed what it is ready to do.
    pub(super) fn repeat(
        &mut self,
        passes: IntValue<'ctx>,
        body: impl FnOnce(&mut Self, PointerValue<'ctx>, IntValue<'ctx>) -> Result<IntValue<'ctx>, CodegenError>,
    ) -> Result<(), CodegenError> {
        self.needs(Feature::Loop, "bpf_loop (Linux 5.17)")?;
        let mut callback = self.callback_builder(&RANGE_PARAMETERS);
        callback.span = self.span;
        let index = callback.parameter(0)?.into_int_value();
        let context = callback.parameter(1)?.into_pointer_value();
        let base = callback.ir.load_pointer(context);
        let verdict = body(&mut callback, base, index)?;
        callback.ir.return_value(verdict);
        let target = callback.function.value.as_global_value().as_pointer_value();
        callback.finish()?;
        let context = self.word()?;
        let base = self.scratch_base();
        self.ir.store_pointer(context, base);
        self.passes(passes, target, context);
        Ok(())
    }

    /// `len(@m)`: visiting the entries returns how many there were.
    pub(super) fn count_entries(&mut self, map: MapId) -> Result<IntValue<'ctx>, CodegenError> {
        self.needs(Feature::ForEachMapElement, "bpf_for_each_map_elem (Linux 5.13)")?;
        let Some(symbol) = self.keyed_symbol(map) else { return Ok(self.ir.constant(1)) };
        let callback = self.callback_builder(&MAP_PARAMETERS);
        let target = callback.function.value.as_global_value().as_pointer_value();
        callback.finish()?;
        Ok(self.ir.for_each_map_element(symbol, target, self.ir.null(), self.ir.constant(0)))
    }

    /// Copies key and value of the current entry to the loop's variable, a tuple.
    fn fill_entry(&mut self, variable: VariableId, map: MapId) -> Result<(), CodegenError> {
        let ty = self.variable_type(variable).clone();
        let place = self.loop_variable(variable);
        let (types, offsets) = (ty.parts(), ty.offsets());
        let ([key_type, value_type], [key_at, value_at]) = (types.as_slice(), offsets.as_slice()) else {
            return Err(CodegenError::internal(self.span, "a loop's variable is not a pair"));
        };
        let definition = self.map(map);
        let key = self.parameter(1)?.into_pointer_value();
        let value = self.parameter(2)?.into_pointer_value();
        if let Some(stored) = &definition.key {
            let to = self.place_at(place, *key_at);
            self.copy_entry(stored, Place::aligned(key), key_type, to)?;
        }
        let to = self.place_at(place, *value_at);
        if let Type::Aggregate(_) = definition.value {
            let merged = self.read_keyed_aggregate(map, key)?;
            self.ir.store(to.pointer, merged, value_type.size());
            return Ok(());
        }
        self.copy_entry(&definition.value, Place::aligned(value), value_type, to)
    }

    fn copy_entry(
        &mut self,
        from: &Type,
        source: Place<'ctx>,
        to: &Type,
        place: Place<'ctx>,
    ) -> Result<(), CodegenError> {
        if from.is_scalar() {
            let value = self.ir.load(source.pointer, from.size(), from.is_signed());
            self.ir.store(place.pointer, value, to.size());
            return Ok(());
        }
        self.copy_value(from, Memory::new(source), to, place)
    }

    fn parameter(&self, index: u32) -> Result<inkwell::values::BasicValueEnum<'ctx>, CodegenError> {
        let parameter = self.function.value.get_nth_param(index);
        parameter.ok_or_else(|| CodegenError::internal(self.span, "a callback lacks a parameter"))
    }

    /// Two words that a `return` in a loop's body sets: the value, and 1.
    pub(super) fn return_slot(&self) -> Result<u32, CodegenError> {
        self.state.returned.ok_or_else(|| CodegenError::internal(self.span, "a return from a loop without its slot"))
    }

    fn before_loop(&mut self) -> Result<(), CodegenError> {
        self.unit.traffic.repeat();
        let offset = self.return_slot()?;
        let place = self.scratch_at(offset);
        self.ir.store(self.ir.offset(place.pointer, 8), self.ir.constant(0), 8);
        Ok(())
    }

    /// A `return` in the body leaves this function too.
    fn after_loop(&mut self) -> Result<(), CodegenError> {
        let offset = self.return_slot()?;
        let place = self.scratch_at(offset);
        let returned = self.ir.is_not_zero(self.ir.load(self.ir.offset(place.pointer, 8), 8, false));
        let (leaving, next) = (self.ir.block("leaving"), self.ir.block(""));
        self.ir.branch_if(returned, leaving, next);
        self.ir.position(leaving);
        match self.kind {
            FunctionKind::Program { returned, leave } => {
                let value = self.ir.load(place.pointer, 8, false);
                self.ir.store(returned, value, 8);
                self.ir.branch(leave);
            }
            FunctionKind::Subprogram { returned, leave } => {
                let value = self.ir.load(place.pointer, 8, false);
                self.ir.store(returned, value, 8);
                // The caller may be in a loop itself, which goes on.
                self.ir.store(self.ir.offset(place.pointer, 8), self.ir.constant(0), 8);
                self.ir.branch(leave);
            }
            FunctionKind::Callback { stop, .. } => self.ir.branch(stop),
        }
        self.ir.position(next);
        Ok(())
    }
}
