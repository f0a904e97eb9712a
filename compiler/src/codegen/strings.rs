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
                Ok(self.text_equal((a.place, left.ty.size()), (b.place, right.ty.size()), extent))
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

    /// Compares two strings byte by byte up to a NUL.
    fn text_equal(&mut self, left: (Place<'ctx>, u32), right: (Place<'ctx>, u32), extent: Extent) -> IntValue<'ctx> {
        let shorter = left.1.min(right.1);
        let limit = match extent {
            Extent::Whole => shorter,
            Extent::Prefix(bytes) => shorter.min(bytes),
        };
        let index_slot = self.entry_memory(8, "index");
        self.ir.store(index_slot, self.ir.constant(0), 8);
        let [head, pass, same, end_reached, next] =
            ["compare", "byte", "same", "end", ""].map(|name| self.ir.block(name));
        self.ir.branch(head);
        self.ir.position(head);
        let index = self.ir.opaque(self.ir.load(index_slot, 8, false));
        let more = self.ir.compare(IntPredicate::ULT, index, self.ir.constant(u64::from(limit)));
        self.ir.branch_if(more, pass, end_reached);
        self.ir.position(pass);
        let a = self.ir.load(self.ir.index(left.0.pointer, index), 1, false);
        let b = self.ir.load(self.ir.index(right.0.pointer, index), 1, false);
        let differ = self.ir.compare(IntPredicate::NE, a, b);
        self.ir.branch_if(differ, next, same);
        self.ir.position(same);
        self.ir.store(index_slot, self.ir.add(index, self.ir.constant(1)), 8);
        let finished = self.ir.is_zero(a);
        let (ended, go_on) = (self.ir.block("ended"), head);
        self.ir.branch_if(finished, ended, go_on);
        self.ir.position(ended);
        self.ir.branch(next);
        self.ir.position(end_reached);
        // The shorter one is full; the longer one equals it if it ends here.
        let longer = if left.1 > right.1 { left } else { right };
        let equal = if longer.1 > limit && matches!(extent, Extent::Whole) {
            let byte = self.ir.load(self.ir.offset(longer.0.pointer, limit), 1, false);
            self.ir.bit_to_int(self.ir.is_zero(byte))
        } else {
            self.ir.constant(1)
        };
        self.ir.branch(next);
        self.ir.position(next);
        self.ir.merge(&[(self.ir.constant(0), pass), (self.ir.constant(1), ended), (equal, end_reached)])
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
            return Ok(self.text_equal((left.place, *capacity), (right.place, *other), Extent::Whole));
        }
        let (parts, others) = (left_type.parts(), right_type.parts());
        if !parts.is_empty() && parts.len() == others.len() {
            let (offsets, other_offsets) = (left_type.offsets(), right_type.offsets());
            let mut equal = self.ir.constant(1);
            for (index, (part, other)) in parts.into_iter().zip(others).enumerate() {
                let a = Memory::new(self.place_at(left.place, offsets[index]));
                let b = Memory::new(self.place_at(right.place, other_offsets[index]));
                let same = self.memory_equal(part, a, other, b)?;
                equal = self.ir.and(equal, same);
            }
            return Ok(equal);
        }
        if left_type.size() != right_type.size() {
            return Ok(self.ir.constant(0));
        }
        let step = left.place.align.min(right.place.align);
        let mut difference = self.ir.constant(0);
        let mut offset = 0;
        let size = left_type.size();
        while offset < size {
            let bytes = step.min(1 << (size - offset).ilog2());
            let a = self.ir.load(self.ir.offset(left.place.pointer, offset), bytes, false);
            let b = self.ir.load(self.ir.offset(right.place.pointer, offset), bytes, false);
            difference = self.ir.or(difference, self.ir.xor(a, b));
            offset += bytes;
        }
        Ok(self.ir.bit_to_int(self.ir.is_zero(difference)))
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

    /// 1 if a string contains a literal, else 0. The string should lie in scratch memory, where any byte may be read.
    pub fn contains_literal(&mut self, memory: Memory<'ctx>, capacity: u32, needle: &[u8]) -> IntValue<'ctx> {
        let Some(last_start) = (capacity as usize).checked_sub(needle.len()) else { return self.ir.constant(0) };
        if needle.is_empty() {
            return self.ir.constant(1);
        }
        let index_slot = self.entry_memory(8, "index");
        self.ir.store(index_slot, self.ir.constant(0), 8);
        let [head, pass, rest, advance, found, ended, next] =
            ["search", "start", "rest", "advance", "found", "ended", ""].map(|name| self.ir.block(name));
        self.ir.branch(head);
        self.ir.position(head);
        let index = self.ir.opaque(self.ir.load(index_slot, 8, false));
        let more = self.ir.compare(IntPredicate::ULE, index, self.ir.constant(last_start as u64));
        self.ir.branch_if(more, pass, ended);
        self.ir.position(pass);
        let start = self.ir.index(memory.place.pointer, index);
        let first = self.ir.load(start, 1, false);
        let matches = self.ir.compare(IntPredicate::EQ, first, self.ir.constant(u64::from(needle[0])));
        let check_end = self.ir.block("check_end");
        self.ir.branch_if(matches, rest, check_end);
        self.ir.position(check_end);
        self.ir.branch_if(self.ir.is_zero(first), ended, advance);
        self.ir.position(rest);
        let mut difference = self.ir.constant(0);
        for (offset, byte) in needle.iter().enumerate().skip(1) {
            let found = self.ir.load(self.ir.offset(start, offset as u32), 1, false);
            difference = self.ir.or(difference, self.ir.xor(found, self.ir.constant(u64::from(*byte))));
        }
        self.ir.branch_if(self.ir.is_zero(difference), found, advance);
        self.ir.position(advance);
        self.ir.store(index_slot, self.ir.add(index, self.ir.constant(1)), 8);
        self.ir.branch(head);
        self.ir.position(found);
        self.ir.branch(next);
        self.ir.position(ended);
        self.ir.branch(next);
        self.ir.position(next);
        self.ir.merge(&[(self.ir.constant(1), found), (self.ir.constant(0), ended)])
    }
}
