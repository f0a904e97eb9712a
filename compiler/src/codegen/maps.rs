//! The script's maps: reading, assigning, modifying, deleting.
//!
//! A map without keys is memory at a constant address. A keyed map is a hash map; where a value fits a register it is
//! changed in place, so that an update of a known key costs one lookup.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::{Expr, VariableId};
use crate::manifest::{CounterCause, MapId, MapStorage};
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::helpers::{UPDATE_ANY, UPDATE_NEW};
use super::layout::value_size;
use super::value::{Lowered, Memory, Place};

/// Cells up to this size are looked at without a loop.
const INLINE_WORDS: u32 = 4;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    fn storage(&self, map: MapId) -> MapStorage {
        self.unit.layout.borrow().storage(map).clone()
    }

    /// The key of a keyed map in memory.
    pub(super) fn key(&mut self, map: MapId, key: Option<&Expr>) -> Result<PointerValue<'ctx>, CodegenError> {
        let span = self.span;
        match (&self.map(map).key, key) {
            (Some(ty), Some(key)) => Ok(self.exact_value(key, ty)?.pointer),
            _ => Err(CodegenError::internal(span, format!("{} is used without its key", self.map(map).name))),
        }
    }

    /// `@m`, `@m[k]`: zero where there is no value.
    pub(super) fn read_map(
        &mut self,
        map: MapId,
        key: Option<&Expr>,
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let value = match self.storage(map) {
            MapStorage::Global { offset } => self.ir.offset(self.unit.globals(), offset + 8),
            MapStorage::Hash { symbol } => {
                let key = self.key(map, key)?;
                let found = self.ir.map_lookup(self.unit.symbol(&symbol), key);
                let missing = self.ir.is_null(found);
                let (absent, next, before) = (self.ir.block("absent"), self.ir.block(""), self.ir.here());
                self.ir.branch_if(missing, absent, next);
                self.ir.position(absent);
                if self.unit.program.count_read_failures {
                    let nothing = self.ir.constant(0);
                    self.count_failure(CounterCause::LookupFailed { map }, "map_lookup_elem", nothing);
                }
                let zeros = self.zeros();
                let from_absent = self.ir.here();
                self.ir.branch(next);
                self.ir.position(next);
                self.ir.merge_pointers(&[(found, before), (zeros, from_absent)])
            }
            MapStorage::PerCpuGlobal { offset } => return Ok(self.read_scalar_aggregate(map, offset)?.into()),
            MapStorage::PerCpuHash { .. } => {
                let key = self.key(map, key)?;
                return Ok(self.read_keyed_aggregate(map, key)?.into());
            }
        };
        if ty.is_scalar() {
            let stored = &self.map(map).value;
            return Ok(self.ir.load(value, stored.size(), stored.is_signed()).into());
        }
        Ok(Memory::new(Place::aligned(value)).into())
    }

    /// `@m = value`, `@m[k] = value`
    pub(super) fn assign_map(&mut self, map: MapId, key: Option<&Expr>, value: &Expr) -> Result<(), CodegenError> {
        let ty = self.map(map).value.clone();
        match self.storage(map) {
            MapStorage::Global { offset } => {
                let place = Place::aligned(self.ir.offset(self.unit.globals(), offset + 8));
                if ty.is_scalar() {
                    let value = self.register(value)?;
                    self.ir.store(place.pointer, value, ty.size());
                } else {
                    // Through temporary memory: the value may read the map, and other CPUs see no half-made text.
                    let temporary = self.temporary(&ty)?;
                    self.store_value(value, &ty, temporary)?;
                    self.copy_value(&ty, Memory::new(temporary), &ty, place)?;
                }
                let is_set = self.ir.offset(self.unit.globals(), offset);
                self.ir.store(is_set, self.ir.constant(1), 8);
                Ok(())
            }
            MapStorage::Hash { symbol } if ty.is_scalar() => {
                let value = self.register(value)?;
                let key = self.key(map, key)?;
                if self.state.deletes(map) {
                    // Entries come and go: most assignments create one.
                    return self.create_entry(map, &symbol, key, value, UPDATE_ANY);
                }
                self.change_in_place(map, &symbol, key, |_, _| Ok(value)).map(|_| ())
            }
            MapStorage::Hash { symbol } => {
                let place = self.map_value_memory(map)?;
                self.store_value(value, &ty, place)?;
                let key = self.key(map, key)?;
                self.update(map, &symbol, key, place.pointer, UPDATE_ANY);
                Ok(())
            }
            MapStorage::PerCpuGlobal { .. } | MapStorage::PerCpuHash { .. } => {
                let message = format!("{} holds an aggregation and cannot be assigned", self.map(map).name);
                Err(CodegenError::internal(self.span, message))
            }
        }
    }

    /// Memory for a whole value of a hash map, with the bytes after the value's own size defined.
    fn map_value_memory(&mut self, map: MapId) -> Result<Place<'ctx>, CodegenError> {
        let ty = self.map(map).value.clone();
        let place = self.scratch_memory(value_size(&ty).max(8))?;
        let rest = value_size(&ty) - ty.size();
        let after = self.place_at(place, ty.size());
        self.zero(after, rest)?;
        Ok(place)
    }

    /// Changes a scalar value; returns the value before and after.
    pub(super) fn modify_map(
        &mut self,
        map: MapId,
        key: Option<&Expr>,
        change: impl Fn(&mut Self, IntValue<'ctx>) -> Result<IntValue<'ctx>, CodegenError>,
    ) -> Result<(IntValue<'ctx>, IntValue<'ctx>), CodegenError> {
        let ty = self.map(map).value.clone();
        match self.storage(map) {
            MapStorage::Global { offset } => {
                let place = self.ir.offset(self.unit.globals(), offset + 8);
                let old = self.ir.load(place, ty.size(), ty.is_signed());
                let new = change(self, old)?;
                self.ir.store(place, new, ty.size());
                let is_set = self.ir.offset(self.unit.globals(), offset);
                self.ir.store(is_set, self.ir.constant(1), 8);
                Ok((old, new))
            }
            MapStorage::Hash { symbol } => {
                let key = self.key(map, key)?;
                self.change_in_place(map, &symbol, key, change)
            }
            MapStorage::PerCpuGlobal { .. } | MapStorage::PerCpuHash { .. } => {
                let message = format!("{} holds an aggregation and cannot be changed", self.map(map).name);
                Err(CodegenError::internal(self.span, message))
            }
        }
    }

    /// One lookup; stores the changed value where it lies, or creates the entry from the change of 0.
    fn change_in_place(
        &mut self,
        map: MapId,
        symbol: &str,
        key: PointerValue<'ctx>,
        change: impl Fn(&mut Self, IntValue<'ctx>) -> Result<IntValue<'ctx>, CodegenError>,
    ) -> Result<(IntValue<'ctx>, IntValue<'ctx>), CodegenError> {
        let ty = self.map(map).value.clone();
        let found = self.ir.map_lookup(self.unit.symbol(symbol), key);
        let missing = self.ir.is_null(found);
        let (absent, present, next) = (self.ir.block("absent"), self.ir.block("present"), self.ir.block(""));
        self.ir.branch_if(missing, absent, present);
        self.ir.position(present);
        let old = self.ir.load(found, ty.size(), ty.is_signed());
        let new = change(self, old)?;
        self.ir.store(found, new, ty.size());
        let from_present = self.ir.here();
        self.ir.branch(next);
        self.ir.position(absent);
        let zero = self.ir.constant(0);
        let first = change(self, zero)?;
        self.create_entry(map, symbol, key, first, UPDATE_ANY)?;
        let from_absent = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        let old = self.ir.merge(&[(old, from_present), (zero, from_absent)]);
        let new = self.ir.merge(&[(new, from_present), (first, from_absent)]);
        Ok((old, new))
    }

    fn create_entry(
        &mut self,
        map: MapId,
        symbol: &str,
        key: PointerValue<'ctx>,
        value: IntValue<'ctx>,
        flags: u64,
    ) -> Result<(), CodegenError> {
        let word = self.word()?;
        // All 8 bytes: the kernel copies the whole value.
        self.ir.store(word, value, 8);
        self.update(map, symbol, key, word, flags);
        Ok(())
    }

    fn update(&mut self, map: MapId, symbol: &str, key: PointerValue<'ctx>, value: PointerValue<'ctx>, flags: u64) {
        let result = self.ir.map_update(self.unit.symbol(symbol), key, value, self.ir.constant(flags));
        let failed = self.ir.compare(IntPredicate::SLT, result, self.ir.constant(0));
        self.count_failure_if(failed, CounterCause::MapFull { map }, "map_update_elem", result);
    }

    /// The address of this CPU's cell of an aggregation; `on_cell` is emitted where there is one.
    pub(super) fn with_cell(
        &mut self,
        map: MapId,
        key: Option<&Expr>,
        on_cell: impl FnOnce(&mut Self, PointerValue<'ctx>) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        match self.storage(map) {
            MapStorage::PerCpuGlobal { offset } => {
                let slot = self.cpu_slot();
                let cell = self.ir.offset(slot, offset);
                on_cell(self, cell)
            }
            MapStorage::PerCpuHash { symbol } => {
                let key = self.key(map, key)?;
                let symbol = self.unit.symbol(&symbol);
                let found = self.ir.map_lookup(symbol, key);
                let missing = self.ir.is_null(found);
                let (absent, full, cell_known, next) =
                    (self.ir.block("absent"), self.ir.block("full"), self.ir.block("cell"), self.ir.block(""));
                let before = self.ir.here();
                self.ir.branch_if(missing, absent, cell_known);
                self.ir.position(absent);
                // Another CPU may create the entry in between: then the update fails and the lookup succeeds.
                let zeros = self.zeros();
                let result = self.ir.map_update(symbol, key, zeros, self.ir.constant(UPDATE_NEW));
                let created = self.ir.map_lookup(symbol, key);
                let still_missing = self.ir.is_null(created);
                let from_absent = self.ir.here();
                self.ir.branch_if(still_missing, full, cell_known);
                self.ir.position(full);
                self.count_failure(CounterCause::MapFull { map }, "map_update_elem", result);
                self.ir.branch(next);
                self.ir.position(cell_known);
                let cell = self.ir.merge_pointers(&[(found, before), (created, from_absent)]);
                on_cell(self, cell)?;
                self.ir.branch(next);
                self.ir.position(next);
                Ok(())
            }
            MapStorage::Global { .. } | MapStorage::Hash { .. } => {
                let message = format!("{} holds no aggregation", self.map(map).name);
                Err(CodegenError::internal(self.span, message))
            }
        }
    }

    /// `delete(@m, k)`: 1 if there was an entry; what the helper returned, if one was needed.
    pub fn delete_entry(
        &mut self,
        map: MapId,
        key: Option<&Expr>,
    ) -> Result<(IntValue<'ctx>, Option<IntValue<'ctx>>), CodegenError> {
        match self.storage(map) {
            MapStorage::Global { offset } => {
                let is_set = self.ir.offset(self.unit.globals(), offset);
                let was_set = self.ir.load(is_set, 8, false);
                self.ir.store(is_set, self.ir.constant(0), 8);
                let value = Place::aligned(self.ir.offset(self.unit.globals(), offset + 8));
                let size = self.map(map).value.size();
                self.zero(value, size)?;
                Ok((was_set, None))
            }
            MapStorage::PerCpuGlobal { offset } => Ok((self.delete_cells(map, offset)?, None)),
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                let key = self.key(map, key)?;
                let result = self.ir.map_delete(self.unit.symbol(&symbol), key);
                Ok((self.ir.bit_to_int(self.ir.is_zero(result)), Some(result)))
            }
        }
    }

    /// `find(@m, k, $v)`: copies the value of an entry to a variable, with one lookup. 1 if there was one.
    pub fn find_entry(&mut self, map: MapId, key: &Expr, variable: VariableId) -> Result<IntValue<'ctx>, CodegenError> {
        let (MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol }) = self.storage(map) else {
            let message = format!("{} has no keys to find", self.map(map).name);
            return Err(CodegenError::internal(self.span, message));
        };
        let key = self.key(map, Some(key))?;
        let stored = self.map(map).value.clone();
        let wanted = self.variable_type(variable).clone();
        let place = self.loop_variable(variable);
        let found = self.ir.map_lookup(self.unit.symbol(&symbol), key);
        let missing = self.ir.is_null(found);
        let (present, next, before) = (self.ir.block("present"), self.ir.block(""), self.ir.here());
        self.ir.branch_if(missing, next, present);
        self.ir.position(present);
        if let Type::Aggregate(_) = stored {
            let merged = self.read_keyed_aggregate(map, key)?;
            self.ir.store(place.pointer, merged, 8);
        } else if stored.is_scalar() {
            let value = self.ir.load(found, stored.size(), stored.is_signed());
            self.ir.store(place.pointer, value, 8);
        } else {
            self.copy_value(&stored, Memory::new(Place::aligned(found)), &wanted, place)?;
        }
        let from_present = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(self.ir.constant(0), before), (self.ir.constant(1), from_present)]))
    }

    /// Zeroes every CPU's cell of an aggregation without keys. 1 if one of them held anything.
    fn delete_cells(&mut self, map: MapId, offset: u32) -> Result<IntValue<'ctx>, CodegenError> {
        let (cpus, shared) = {
            let layout = self.unit.layout.borrow();
            (layout.cpus, layout.shared_size)
        };
        let bytes = value_size(&self.map(map).value);
        let state = self.take_scratch(16)?;
        let (held_at, cpu_at) = (state, state + 8);
        let held = self.scratch_at(held_at);
        self.ir.store(held.pointer, self.ir.constant(0), 8);
        let cell = move |builder: &mut Self, cpu: IntValue<'ctx>| {
            let cpu = builder.at_most(cpu, cpus - 1);
            let slot_size = builder.slot_size();
            let distance = builder.ir.mul(cpu, slot_size);
            let first = builder.ir.offset(builder.unit.globals(), shared + offset);
            builder.ir.index(first, distance)
        };
        let note = move |builder: &mut Self, base: PointerValue<'ctx>, word: IntValue<'ctx>| {
            let held = builder.ir.offset(base, held_at);
            let known = builder.ir.load(held, 8, false);
            builder.ir.store(held, builder.ir.or(known, word), 8);
        };
        let words = self.ir.constant(u64::from(cpus));
        self.repeat(words, |each, base, cpu| {
            each.ir.store(each.ir.offset(base, cpu_at), cpu, 8);
            let words = bytes / 8;
            if words <= INLINE_WORDS {
                let start = cell(each, cpu);
                for word in 0..words {
                    let value = each.cell_word(start, word);
                    note(each, base, value);
                }
            } else {
                let passes = each.ir.constant(u64::from(words));
                each.repeat(passes, |inner, base, word| {
                    let cpu = inner.ir.load(inner.ir.offset(base, cpu_at), 8, false);
                    let start = cell(inner, cpu);
                    let word = inner.at_most(word, words - 1);
                    let at = inner.ir.index(start, inner.ir.shift_left(word, inner.ir.constant(3)));
                    let value = inner.ir.load(at, 8, false);
                    note(inner, base, value);
                    Ok(inner.ir.bit_to_int(inner.ir.is_not_zero(value)))
                })?;
            }
            let cpu = each.ir.load(each.ir.offset(base, cpu_at), 8, false);
            let start = cell(each, cpu);
            each.zero(Place::aligned(start), bytes)?;
            Ok(each.ir.constant(0))
        })?;
        let held = self.scratch_at(held_at);
        let word = self.ir.load(held.pointer, 8, false);
        Ok(self.ir.bit_to_int(self.ir.is_not_zero(word)))
    }

    /// `has_key(@m, k)`: 0 or 1.
    pub fn has_entry(&mut self, map: MapId, key: Option<&Expr>) -> Result<IntValue<'ctx>, CodegenError> {
        match self.storage(map) {
            MapStorage::Global { offset } => {
                let is_set = self.ir.offset(self.unit.globals(), offset);
                Ok(self.ir.load(is_set, 8, false))
            }
            MapStorage::PerCpuGlobal { .. } => Ok(self.ir.constant(1)),
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                let key = self.key(map, key)?;
                let found = self.ir.map_lookup(self.unit.symbol(&symbol), key);
                let missing = self.ir.is_null(found);
                Ok(self.ir.select(missing, self.ir.constant(0), self.ir.constant(1)))
            }
        }
    }

    /// `&@m`: the map of the kernel, or where the value of a map without keys is.
    pub(super) fn map_address(&self, map: MapId) -> PointerValue<'ctx> {
        match self.storage(map) {
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => self.unit.symbol(&symbol),
            MapStorage::Global { offset } => self.ir.offset(self.unit.globals(), offset + 8),
            MapStorage::PerCpuGlobal { offset } => {
                self.ir.offset(self.unit.globals(), self.unit.layout.borrow().shared_size + offset)
            }
        }
    }

    /// The symbol of a keyed map.
    pub fn keyed_symbol(&self, map: MapId) -> Option<PointerValue<'ctx>> {
        match self.storage(map) {
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => Some(self.unit.symbol(&symbol)),
            MapStorage::Global { .. } | MapStorage::PerCpuGlobal { .. } => None,
        }
    }
}
