//! Text within text, and one text behind another.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use crate::hir::{Expr, ExprKind};

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::loops::MAX_PASSES;
use super::value::{Memory, Place};

/// Bytes that are compared at once.
const WORD: u32 = 8;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Where a string begins in another, -1 where it does not.
    pub fn find_text(&mut self, haystack: &Expr, needle: &Expr) -> Result<IntValue<'ctx>, CodegenError> {
        let memory = self.memory(haystack)?;
        let capacity = haystack.ty.size();
        if let ExprKind::String(text) = &needle.kind {
            return self.find_literal(memory, capacity, text);
        }
        let needle_memory = self.memory(needle)?;
        self.find_any(memory, capacity, needle_memory, needle.ty.size())
    }

    /// The words of the needle are part of the program.
    fn find_literal(
        &mut self,
        memory: Memory<'ctx>,
        capacity: u32,
        needle: &[u8],
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let size = needle.len() as u32;
        if needle.is_empty() {
            return Ok(self.ir.constant(0));
        }
        if size > capacity {
            return Ok(self.ir.constant(u64::MAX));
        }
        let offset = self.take_scratch(capacity)?;
        let place = self.scratch_at(offset);
        let length = self.copy_string(memory, capacity, place);
        let result_offset = self.take_scratch(8)?;
        let result = self.scratch_at(result_offset);
        self.ir.store(result.pointer, self.ir.constant(u64::MAX), 8);
        let needle_length = self.ir.constant(u64::from(size));
        let starts = self.places_for(length, needle_length);
        self.repeat(starts, |callback, base, index| {
            let ir = &callback.ir;
            let index = ir.opaque(index);
            let last_start = ir.constant(u64::from(capacity - size));
            let [inside, found, outside, next] = ["inside", "found", "outside", "next"].map(|name| ir.block(name));
            ir.branch_if(ir.compare(IntPredicate::ULE, index, last_start), inside, outside);
            ir.position(inside);
            let start = ir.index(ir.offset(base, offset), index);
            let mut difference = ir.constant(0);
            let mut at = 0;
            while at < needle.len() {
                let bytes = 1 << (needle.len() - at).ilog2().min(3);
                let word = needle[at..at + bytes].iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
                let there = ir.load_unaligned(ir.offset(start, at as u32), bytes as u32);
                difference = ir.or(difference, ir.xor(there, ir.constant(word)));
                at += bytes;
            }
            ir.branch_if(ir.is_zero(difference), found, next);
            ir.position(found);
            ir.store(ir.offset(base, result_offset), index, 8);
            ir.branch(outside);
            ir.position(next);
            ir.return_value(ir.constant(0));
            ir.position(outside);
            Ok(ir.constant(1))
        })?;
        Ok(self.ir.load(result.pointer, 8, false))
    }

    /// One loop over both: each pass compares a word of the needle at the place that is tried, and goes on to the next
    /// word or the next place. The needle's last word is compared as far as it goes.
    fn find_any(
        &mut self,
        haystack: Memory<'ctx>,
        capacity: u32,
        needle: Memory<'ctx>,
        needle_capacity: u32,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        // A word may be read at every byte of either text.
        let hay_at = self.take_scratch(capacity + WORD)?;
        let hay_place = self.scratch_at(hay_at);
        let length = self.copy_string(haystack, capacity, hay_place);
        let needle_at = self.take_scratch(needle_capacity + WORD)?;
        let needle_place = self.scratch_at(needle_at);
        let needle_length = self.copy_string(needle, needle_capacity, needle_place);
        let state = self.take_scratch(40)?;
        let [start_at, matched_at, length_at, starts_at, result_at] = [0, 8, 16, 24, 32].map(|at| state + at);
        let is_empty = self.ir.is_zero(needle_length);
        // The empty text is at the beginning of every text.
        let unfound = self.ir.select(is_empty, self.ir.constant(0), self.ir.constant(u64::MAX));
        let starts = self.places_for(length, needle_length);
        for (at, value) in [
            (start_at, self.ir.constant(0)),
            (matched_at, self.ir.constant(0)),
            (length_at, needle_length),
            (starts_at, starts),
            (result_at, unfound),
        ] {
            let place = self.scratch_at(at);
            self.ir.store(place.pointer, value, 8);
        }
        let words = self.ir.shift_right(self.ir.add(needle_length, self.ir.constant(7)), self.ir.constant(3));
        let passes = self.ir.mul(starts, words);
        let passes = self.at_most(passes, MAX_PASSES as u32);
        self.repeat(passes, |callback, base, _| {
            let start = callback.ir.load(callback.ir.offset(base, start_at), 8, false);
            let matched = callback.ir.load(callback.ir.offset(base, matched_at), 8, false);
            let length = callback.ir.load(callback.ir.offset(base, length_at), 8, false);
            let from = callback.at_most(callback.ir.add(start, matched), capacity);
            let of = callback.at_most(matched, needle_capacity);
            let ir = &callback.ir;
            let there = ir.load_unaligned(ir.index(ir.offset(base, hay_at), from), WORD);
            let wanted = ir.load_unaligned(ir.index(ir.offset(base, needle_at), of), WORD);
            let left = ir.sub(length, of);
            let is_last = ir.compare(IntPredicate::ULE, left, ir.constant(u64::from(WORD)));
            // The low bytes of a word come first in memory.
            let unused = ir.shift_left(ir.sub(ir.constant(u64::from(WORD)), left), ir.constant(3));
            let partial = ir.shift_right(ir.constant(u64::MAX), unused);
            let mask = ir.select(is_last, partial, ir.constant(u64::MAX));
            let difference = ir.and(ir.xor(there, wanted), mask);
            let [same, found, more, next] = ["same", "found", "more", "next"].map(|name| ir.block(name));
            ir.branch_if(ir.is_zero(difference), same, next);
            ir.position(same);
            ir.branch_if(is_last, found, more);
            ir.position(more);
            ir.store(ir.offset(base, matched_at), ir.add(of, ir.constant(u64::from(WORD))), 8);
            ir.return_value(ir.constant(0));
            ir.position(next);
            ir.store(ir.offset(base, matched_at), ir.constant(0), 8);
            let start_after = ir.add(start, ir.constant(1));
            ir.store(ir.offset(base, start_at), start_after, 8);
            let starts = ir.load(ir.offset(base, starts_at), 8, false);
            ir.return_value(ir.bit_to_int(ir.compare(IntPredicate::UGE, start_after, starts)));
            ir.position(found);
            ir.store(ir.offset(base, result_at), start, 8);
            Ok(ir.constant(1))
        })?;
        let result = self.scratch_at(result_at);
        Ok(self.ir.load(result.pointer, 8, false))
    }

    /// At how many places a text of one length can begin in one of another.
    fn places_for(&self, length: IntValue<'ctx>, needle: IntValue<'ctx>) -> IntValue<'ctx> {
        let too_short = self.ir.compare(IntPredicate::ULT, length, needle);
        let starts = self.ir.add(self.ir.sub(length, needle), self.ir.constant(1));
        self.ir.select(too_short, self.ir.constant(0), starts)
    }

    /// One string behind another, in a string of `capacity` bytes.
    pub fn concatenate(&mut self, first: &Expr, second: &Expr, capacity: u32) -> Result<Memory<'ctx>, CodegenError> {
        let (first_size, second_size) = (first.ty.size(), second.ty.size());
        let a = self.memory(first)?;
        let b = self.memory(second)?;
        let offset = self.take_scratch(first_size + second_size + WORD)?;
        let place = self.scratch_at(offset);
        let length = self.copy_string(a, first_size, place);
        let length = self.at_most(length, first_size);
        let behind = Place::new(self.ir.index(place.pointer, length), 1);
        let second_length = self.copy_string(b, second_size, behind);
        let whole = self.ir.add(length, second_length);
        let end = self.at_most(whole, first_size + second_size);
        // A text that filled its string had no NUL.
        self.ir.store(self.ir.index(place.pointer, end), self.ir.constant(0), 1);
        let length = self.at_most(end, capacity);
        Ok(Memory { place, length: Some(length), exact: false })
    }

    /// Compares bytes: 0, or -1 or 1 by the first that differs.
    pub fn compare_bytes(
        &mut self,
        left: Place<'ctx>,
        right: Place<'ctx>,
        bytes: u32,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let result_at = self.take_scratch(8)?;
        let result = self.scratch_at(result_at);
        self.ir.store(result.pointer, self.ir.constant(0), 8);
        let mut sides = [0; 2];
        for (side, from) in sides.iter_mut().zip([left, right]) {
            // Whole words, zeros behind the last byte.
            *side = self.take_scratch(bytes.next_multiple_of(WORD) + WORD)?;
            let place = self.scratch_at(*side);
            let last = self.place_at(place, bytes.next_multiple_of(WORD) - WORD);
            self.ir.store(last.pointer, self.ir.constant(0), WORD);
            self.copy_bytes(from, place, bytes)?;
        }
        let words = bytes.div_ceil(WORD);
        let passes = self.ir.constant(u64::from(words));
        self.repeat(passes, |callback, base, index| {
            let index = callback.at_most(index, words - 1);
            let ir = &callback.ir;
            let distance = ir.shift_left(index, ir.constant(3));
            let [a, b] = sides.map(|side| ir.load(ir.index(ir.offset(base, side), distance), WORD, false));
            let (differ, next) = (ir.block("differ"), ir.block("next"));
            ir.branch_if(ir.compare(IntPredicate::EQ, a, b), next, differ);
            ir.position(next);
            ir.return_value(ir.constant(0));
            ir.position(differ);
            // The first byte in memory decides: it is to be the highest.
            let [a, b] = [a, b].map(|word| ir.swap_bytes(word, WORD));
            let is_less = ir.compare(IntPredicate::ULT, a, b);
            let order = ir.select(is_less, ir.constant(u64::MAX), ir.constant(1));
            ir.store(ir.offset(base, result_at), order, 8);
            Ok(ir.constant(1))
        })?;
        let result = self.scratch_at(result_at);
        Ok(self.ir.load(result.pointer, 8, false))
    }
}
