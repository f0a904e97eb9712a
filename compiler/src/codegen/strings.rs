//! Strings and other values in memory: literals and comparisons.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use crate::hir::{Expr, ExprKind};
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::value::{Lowered, Memory, Place};

/// The most bytes after a literal's text that are zeroed with it.
const PADDED_LITERAL: u32 = 64;
/// Words of memory that are compared before it is looked whether they differ.
const WORDS_AT_ONCE: u32 = 8;
/// Strings up to this capacity are compared without a loop: names of tasks, with the NUL that fields get.
const SHORT_TEXT: u32 = 17;

/// How much of two strings to compare.
#[derive(Clone, Copy)]
pub enum Extent {
    Whole,
    /// `strncmp`: at most this many bytes.
    Prefix(u32),
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// A literal, written byte for byte where it is needed: BPF objects without data sections load faster.
    pub(super) fn text(&mut self, text: &[u8], ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let capacity = ty.size();
        let place = self.result_memory(ty)?;
        let length = text.len().min(capacity as usize);
        let exact = capacity as usize - length <= PADDED_LITERAL as usize;
        let end = if exact { capacity as usize } else { length + 1 };
        let mut bytes = text[..length].to_vec();
        bytes.resize(end, 0);
        let mut offset = 0;
        while offset < end {
            let size = (place.align as usize).min(1 << (end - offset).ilog2()).min(8);
            let word = bytes[offset..offset + size].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.ir.store(self.ir.offset(place.pointer, offset as u32), self.ir.constant(word), size as u32);
            offset += size;
        }
        Ok(Memory { place, length: Some(self.ir.constant(length as u64)), exact }.into())
    }

    /// 1 if two values in memory are equal, else 0.
    pub fn values_equal(&mut self, left: &Expr, right: &Expr) -> Result<IntValue<'ctx>, CodegenError> {
        if matches!(left.ty, Type::String { .. }) {
            return self.strings_equal(left, right, Extent::Whole);
        }
        let a = self.memory(left)?;
        let b = self.memory(right)?;
        self.memory_equal(&left.ty, a, &right.ty, b)
    }

    /// 1 if two strings are equal as far as they are compared, else 0.
    pub fn strings_equal(&mut self, left: &Expr, right: &Expr, extent: Extent) -> Result<IntValue<'ctx>, CodegenError> {
        match (&left.kind, &right.kind) {
            (_, ExprKind::String(text)) => {
                let memory = self.memory(left)?;
                Ok(self.equals_literal(memory, left.ty.size(), text, extent))
            }
            (ExprKind::String(text), _) => {
                let memory = self.memory(right)?;
                Ok(self.equals_literal(memory, right.ty.size(), text, extent))
            }
            _ => {
                let a = self.memory(left)?;
                let b = self.memory(right)?;
                self.text_equal((a, left.ty.size()), (b, right.ty.size()), extent)
            }
        }
    }

    /// Compares with a literal, its NUL included, without a loop.
    fn equals_literal(&mut self, memory: Memory<'ctx>, capacity: u32, text: &[u8], extent: Extent) -> IntValue<'ctx> {
        let mut expected = text.to_vec();
        expected.push(0);
        if let Extent::Prefix(bytes) = extent {
            expected.truncate(bytes as usize);
        }
        if expected.len() > capacity as usize + 1 {
            return self.ir.constant(0);
        }
        // A string without NUL that fills its capacity equals a literal of just that length.
        expected.truncate(capacity as usize);
        let step = memory.place.align as usize;
        let mut difference = self.ir.constant(0);
        let mut offset = 0;
        while offset < expected.len() {
            let left = expected.len() - offset;
            // One load of a whole word is cheaper than several of its parts; what is beyond the text is masked.
            let whole = offset + step <= capacity as usize && step > left;
            let size = if whole { step } else { step.min(1 << left.ilog2()) };
            let used = size.min(left);
            let word =
                expected[offset..offset + used].iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
            let found = self.ir.load(self.ir.offset(memory.place.pointer, offset as u32), size as u32, false);
            let found = if used < size { self.ir.and(found, self.ir.constant((1 << (used * 8)) - 1)) } else { found };
            difference = self.ir.or(difference, self.ir.xor(found, self.ir.constant(word)));
            offset += used;
        }
        self.ir.bit_to_int(self.ir.is_zero(difference))
    }

    fn text_equal(
        &mut self,
        left: (Memory<'ctx>, u32),
        right: (Memory<'ctx>, u32),
        extent: Extent,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let exact = left.0.exact && right.0.exact && left.1 == right.1;
        if exact && matches!(extent, Extent::Whole) && left.1 <= SHORT_TEXT {
            return Ok(self.bytes_equal(left.0.place, right.0.place, left.1));
        }
        if left.1.max(right.1) <= SHORT_TEXT {
            return Ok(self.short_text_equal(left, right, extent));
        }
        self.long_text_equal(left, right, extent)
    }

    /// Compares two short strings byte by byte, without a branch.
    fn short_text_equal(
        &mut self,
        left: (Memory<'ctx>, u32),
        right: (Memory<'ctx>, u32),
        extent: Extent,
    ) -> IntValue<'ctx> {
        let ir = &self.ir;
        let limit = match extent {
            Extent::Whole => left.1.max(right.1),
            Extent::Prefix(bytes) => left.1.max(right.1).min(bytes),
        };
        // All ones until a NUL was met.
        let mut alive = ir.constant(u64::MAX);
        let mut difference = ir.constant(0);
        for index in 0..limit {
            let [a, b] = [left, right].map(|(memory, capacity)| {
                // A string that fills its capacity ends there.
                let inside = index < capacity;
                if inside { ir.load(ir.offset(memory.place.pointer, index), 1, false) } else { ir.constant(0) }
            });
            difference = ir.or(difference, ir.and(ir.xor(a, b), alive));
            alive = ir.and(alive, ir.text_mask(a));
        }
        ir.bit_to_int(ir.is_zero(difference))
    }

    /// Compares two strings by their lengths, then word by word in copies.
    fn long_text_equal(
        &mut self,
        left: (Memory<'ctx>, u32),
        right: (Memory<'ctx>, u32),
        extent: Extent,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let mut sides = Vec::new();
        for (memory, capacity) in [left, right] {
            // Room for a word of zeros after the text.
            let offset = self.take_scratch(capacity.next_multiple_of(8) + 8)?;
            let place = self.scratch_at(offset);
            let length = self.copy_string(memory, capacity, place);
            let limit = match extent {
                Extent::Whole => capacity,
                Extent::Prefix(bytes) => capacity.min(bytes),
            };
            let length = self.at_most(length, limit);
            let end = self.ir.index(place.pointer, length);
            self.ir.store_unaligned(end, self.ir.constant(0), 8);
            sides.push((offset, length));
        }
        let [(left_offset, left_length), (right_offset, right_length)] = [sides[0], sides[1]];
        let result_offset = self.take_scratch(8)?;
        let result = self.scratch_at(result_offset);
        let same_length = self.ir.compare(IntPredicate::EQ, left_length, right_length);
        let words = self.ir.shift_right(self.ir.add(left_length, self.ir.constant(7)), self.ir.constant(3));
        let words = self.ir.select(same_length, words, self.ir.constant(0));
        self.ir.store(result.pointer, self.ir.bit_to_int(same_length), 8);
        let most = u64::from(left.1.min(right.1).div_ceil(8));
        self.repeat(words, |callback, base, index| {
            let ir = &callback.ir;
            let index = ir.opaque(index);
            let (inside, stop) = (ir.block("inside"), ir.block("differ"));
            let (outside, same) = (ir.block("outside"), ir.block("same"));
            ir.branch_if(ir.compare(IntPredicate::ULT, index, ir.constant(most)), inside, outside);
            ir.position(inside);
            let distance = ir.shift_left(index, ir.constant(3));
            let [a, b] = [left_offset, right_offset]
                .map(|offset| ir.load(ir.index(ir.offset(base, offset), distance), 8, false));
            ir.branch_if(ir.compare(IntPredicate::EQ, a, b), same, stop);
            ir.position(stop);
            ir.store(ir.offset(base, result_offset), ir.constant(0), 8);
            ir.branch(outside);
            ir.position(same);
            ir.return_value(ir.constant(0));
            ir.position(outside);
            Ok(ir.constant(1))
        })?;
        Ok(self.ir.load(result.pointer, 8, false))
    }

    /// Compares values part by part; strings up to their NUL, all else by bytes.
    fn memory_equal(
        &mut self,
        left_type: &Type,
        left: Memory<'ctx>,
        right_type: &Type,
        right: Memory<'ctx>,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        if let (Type::String { capacity }, Type::String { capacity: other }) = (left_type, right_type) {
            return self.text_equal((left, *capacity), (right, *other), Extent::Whole);
        }
        let (parts, others) = (left_type.parts(), right_type.parts());
        if !parts.is_empty() && parts.len() == others.len() {
            let (offsets, other_offsets) = (left_type.offsets(), right_type.offsets());
            return self.all_equal(parts.len(), |builder, index| {
                let a = Memory::new(builder.place_at(left.place, offsets[index]));
                let b = Memory::new(builder.place_at(right.place, other_offsets[index]));
                builder.memory_equal(parts[index], a, others[index], b)
            });
        }
        if left_type.size() != right_type.size() {
            return Ok(self.ir.constant(0));
        }
        let size = left_type.size();
        let step = left.place.align.min(right.place.align) * WORDS_AT_ONCE;
        self.all_equal(size.div_ceil(step) as usize, |builder, index| {
            let start = index as u32 * step;
            let [a, b] = [left, right].map(|memory| builder.place_at(memory.place, start));
            let a = Place::new(a.pointer, left.place.align);
            let b = Place::new(b.pointer, right.place.align);
            Ok(builder.bytes_equal(a, b, step.min(size - start)))
        })
    }

    /// Whether all of several comparisons find their sides equal; the first that does not ends it. Made in one go,
    /// everything would be loaded before anything is compared, and the registers would be spilled to the stack.
    fn all_equal(
        &mut self,
        count: usize,
        mut compare: impl FnMut(&mut Self, usize) -> Result<IntValue<'ctx>, CodegenError>,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        if count == 0 {
            return Ok(self.ir.constant(1));
        }
        let (differ, next) = (self.ir.block("differ"), self.ir.block(""));
        for index in 0..count - 1 {
            let same = compare(self, index)?;
            let more = self.ir.block("same");
            self.ir.branch_if(self.ir.is_not_zero(same), more, differ);
            self.ir.position(more);
        }
        let last = compare(self, count - 1)?;
        let from_last = self.ir.here();
        self.ir.branch(next);
        self.ir.position(differ);
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(last, from_last), (self.ir.constant(0), differ)]))
    }

    fn bytes_equal(&mut self, left: Place<'ctx>, right: Place<'ctx>, size: u32) -> IntValue<'ctx> {
        let step = left.align.min(right.align);
        let mut difference = self.ir.constant(0);
        let mut offset = 0;
        while offset < size {
            let bytes = step.min(1 << (size - offset).ilog2());
            let a = self.ir.load(self.ir.offset(left.pointer, offset), bytes, false);
            let b = self.ir.load(self.ir.offset(right.pointer, offset), bytes, false);
            difference = self.ir.or(difference, self.ir.xor(a, b));
            offset += bytes;
        }
        self.ir.bit_to_int(self.ir.is_zero(difference))
    }

    /// The bytes of a string before its NUL.
    pub fn text_length(&mut self, memory: Memory<'ctx>, capacity: u32) -> Result<IntValue<'ctx>, CodegenError> {
        if let Some(length) = memory.length {
            return Ok(length);
        }
        // The quickest strlen is a helper that copies.
        let copy = self.scratch_memory(capacity)?;
        Ok(self.copy_string(memory, capacity, copy))
    }
}
