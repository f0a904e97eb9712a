//! Aggregations: adding a sample to this CPU's cell, and reading the cells of all CPUs as one number.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::aggregations;
use crate::hir::Expr;
use crate::manifest::MapId;
use crate::types::{Aggregate, Type};

use super::error::CodegenError;
use super::function::FunctionBuilder;

/// A sample on its way into a cell.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'ctx> {
    /// This CPU's cell.
    pub cell: PointerValue<'ctx>,
    /// 64 bits.
    pub value: IntValue<'ctx>,
}

/// Emits the instructions that add a sample to a cell of an aggregation.
pub type Update = for<'ctx> fn(&mut FunctionBuilder<'_, 'ctx>, &Aggregate, Sample<'ctx>);

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    fn aggregate_of(&self, map: MapId) -> Result<Aggregate, CodegenError> {
        match &self.map(map).value {
            Type::Aggregate(aggregate) => Ok(*aggregate),
            _ => Err(CodegenError::internal(self.span, format!("{} holds no aggregation", self.map(map).name))),
        }
    }

    /// `@m[k] = count()` and its like.
    pub(super) fn aggregate(
        &mut self,
        map: MapId,
        key: Option<&Expr>,
        argument: Option<&Expr>,
    ) -> Result<(), CodegenError> {
        let aggregate = self.aggregate_of(map)?;
        let value = match argument {
            Some(argument) => self.register(argument)?,
            None => self.ir.constant(1),
        };
        self.with_cell(map, key, |builder, cell| {
            (aggregations::of(&aggregate).update)(builder, &aggregate, Sample { cell, value });
            Ok(())
        })
    }

    /// The word at an index of a cell.
    pub fn cell_word(&self, cell: PointerValue<'ctx>, word: u32) -> IntValue<'ctx> {
        self.ir.load(self.ir.offset(cell, word * 8), 8, false)
    }

    pub fn set_cell_word(&self, cell: PointerValue<'ctx>, word: u32, value: IntValue<'ctx>) {
        self.ir.store(self.ir.offset(cell, word * 8), value, 8);
    }

    /// One load, one addition, one store.
    pub fn add_to_cell_word(&self, cell: PointerValue<'ctx>, word: u32, value: IntValue<'ctx>) {
        let old = self.cell_word(cell, word);
        self.set_cell_word(cell, word, self.ir.add(old, value));
    }

    /// Adds one to the bucket of that index; indices outside of `buckets` change nothing.
    pub fn add_to_bucket(&mut self, cell: PointerValue<'ctx>, index: IntValue<'ctx>, buckets: u32) {
        let index = self.ir.opaque(index);
        let (inside, next) = (self.ir.block("bucket"), self.ir.block(""));
        let in_range = self.ir.compare(IntPredicate::ULT, index, self.ir.constant(u64::from(buckets)));
        self.ir.branch_if(in_range, inside, next);
        self.ir.position(inside);
        let bucket = self.ir.index(cell, self.ir.shift_left(index, self.ir.constant(3)));
        self.add_to_cell_word(bucket, 0, self.ir.constant(1));
        self.ir.branch(next);
        self.ir.position(next);
    }

    /// The merged value of a castable aggregation without keys.
    pub(super) fn read_scalar_aggregate(&mut self, map: MapId, offset: u32) -> Result<IntValue<'ctx>, CodegenError> {
        let aggregate = self.aggregate_of(map)?;
        let slot_size = self.slot_size();
        let (shared, globals) = (self.unit.layout.borrow().shared_size, self.unit.globals());
        let first = self.ir.offset(globals, shared + offset);
        self.fold_cells(&aggregate, |builder, cpu| {
            let distance = builder.ir.mul(cpu, slot_size);
            Ok(builder.ir.index(first, distance))
        })
    }

    /// Emits a loop over the numbers of all CPUs.
    fn for_each_cpu(
        &mut self,
        body: impl FnOnce(&mut Self, IntValue<'ctx>) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let cpus = u64::from(self.unit.layout.borrow().cpus);
        let cpu_slot = self.entry_memory(8, "cpu");
        self.ir.store(cpu_slot, self.ir.constant(0), 8);
        let (pass, done) = (self.ir.block("cpu"), self.ir.block("folded"));
        self.ir.branch(pass);
        self.ir.position(pass);
        let cpu = self.ir.opaque(self.ir.load(cpu_slot, 8, false));
        body(self, cpu)?;
        let next = self.ir.add(cpu, self.ir.constant(1));
        self.ir.store(cpu_slot, next, 8);
        // Tested at its end: Linux 6.1 refuses a loop whose last instruction runs into the first without a jump.
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, next, self.ir.constant(cpus)), pass, done);
        self.ir.position(done);
        Ok(())
    }

    /// The merged value of one key of a castable aggregation; 0 where there is no entry.
    pub(super) fn read_keyed_aggregate(
        &mut self,
        map: MapId,
        key: PointerValue<'ctx>,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let aggregate = self.aggregate_of(map)?;
        let Some(symbol) = self.keyed_symbol(map) else {
            return Err(CodegenError::internal(self.span, "an aggregation without keys is read by a key"));
        };
        let zeros = self.zeros();
        self.fold_cells(&aggregate, |builder, cpu| {
            let found = builder.ir.map_lookup_percpu(symbol, key, cpu);
            let missing = builder.ir.is_null(found);
            let (absent, next, before) = (builder.ir.block("absent"), builder.ir.block(""), builder.ir.here());
            builder.ir.branch_if(missing, absent, next);
            builder.ir.position(absent);
            builder.ir.branch(next);
            builder.ir.position(next);
            Ok(builder.ir.merge_pointers(&[(found, before), (zeros, absent)]))
        })
    }

    /// Combines the first two words of every CPU's cell, and makes one number of them.
    fn fold_cells(
        &mut self,
        aggregate: &Aggregate,
        cell: impl FnOnce(&mut Self, IntValue<'ctx>) -> Result<PointerValue<'ctx>, CodegenError>,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let [value_slot, weight_slot] = [(); 2].map(|()| self.entry_memory(8, "fold"));
        for slot in [value_slot, weight_slot] {
            self.ir.store(slot, self.ir.constant(0), 8);
        }
        self.for_each_cpu(|builder, cpu| {
            let cell = cell(builder, cpu)?;
            builder.fold_cell(aggregate, cell, value_slot, weight_slot)
        })?;
        let value = self.ir.load(value_slot, 8, false);
        let weight = self.ir.load(weight_slot, 8, false);
        Ok(match aggregate {
            Aggregate::Avg { signed } => self.average(value, weight, *signed),
            _ => value,
        })
    }

    fn fold_cell(
        &mut self,
        aggregate: &Aggregate,
        cell: PointerValue<'ctx>,
        value_slot: PointerValue<'ctx>,
        weight_slot: PointerValue<'ctx>,
    ) -> Result<(), CodegenError> {
        let (value, word) = (self.ir.load(value_slot, 8, false), self.cell_word(cell, 0));
        match aggregate {
            Aggregate::Count | Aggregate::Sum { .. } => {
                self.ir.store(value_slot, self.ir.add(value, word), 8);
                Ok(())
            }
            Aggregate::Avg { .. } => {
                let (weight, more) = (self.ir.load(weight_slot, 8, false), self.cell_word(cell, 1));
                self.ir.store(value_slot, self.ir.add(value, word), 8);
                self.ir.store(weight_slot, self.ir.add(weight, more), 8);
                Ok(())
            }
            // A cell of an extreme takes a sample like any other: the extreme of another CPU.
            Aggregate::Min { .. } | Aggregate::Max { .. } => {
                let has_sample = self.ir.is_not_zero(self.cell_word(cell, 1));
                let (take, next) = (self.ir.block("take"), self.ir.block(""));
                self.ir.branch_if(has_sample, take, next);
                self.ir.position(take);
                let better = self.is_better(aggregate, word, value);
                let first = self.ir.is_zero(self.ir.load(weight_slot, 8, false));
                let kept = self.ir.select(better, word, value);
                self.ir.store(value_slot, self.ir.select(first, word, kept), 8);
                self.ir.store(weight_slot, self.ir.constant(1), 8);
                self.ir.branch(next);
                self.ir.position(next);
                Ok(())
            }
            Aggregate::Stats { .. }
            | Aggregate::Hist { .. }
            | Aggregate::LinearHist { .. }
            | Aggregate::TimeSeries { .. } => {
                Err(CodegenError::internal(self.span, format!("'{aggregate}' is not a number")))
            }
        }
    }

    /// Whether a sample beats the extreme so far, an `i1`.
    pub fn is_better(&self, aggregate: &Aggregate, sample: IntValue<'ctx>, old: IntValue<'ctx>) -> IntValue<'ctx> {
        let predicate = match aggregate {
            Aggregate::Min { signed: true } => IntPredicate::SLT,
            Aggregate::Min { signed: false } => IntPredicate::ULT,
            Aggregate::Max { signed: true } => IntPredicate::SGT,
            _ => IntPredicate::UGT,
        };
        self.ir.compare(predicate, sample, old)
    }

    /// Total by count, towards zero; 0 without samples. BPF before v4 divides only unsigned numbers.
    fn average(&mut self, total: IntValue<'ctx>, count: IntValue<'ctx>, signed: bool) -> IntValue<'ctx> {
        let (divide, next, before) = (self.ir.block("average"), self.ir.block(""), self.ir.here());
        self.ir.branch_if(self.ir.is_zero(count), next, divide);
        self.ir.position(divide);
        let quotient = if signed {
            let sign = self.ir.shift_right_signed(total, self.ir.constant(63));
            let magnitude = self.ir.sub(self.ir.xor(total, sign), sign);
            let quotient = self.ir.divide(magnitude, count);
            self.ir.sub(self.ir.xor(quotient, sign), sign)
        } else {
            self.ir.divide(total, count)
        };
        self.ir.branch(next);
        self.ir.position(next);
        self.ir.merge(&[(self.ir.constant(0), before), (quotient, divide)])
    }
}
