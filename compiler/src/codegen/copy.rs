//! Moving values between registers and memory, and between places in memory.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::{Expr, ExprKind};
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::value::{Lowered, Memory, Place};

/// The most bytes that are copied or zeroed by single instructions rather than by a helper.
const INLINE_BYTES: u32 = 64;
/// Strings up to this capacity are cleaned byte by byte, without a helper.
const INLINE_TEXT: u32 = 17;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Evaluates an expression into a place that holds a `ty`. Strings may be shorter than the place.
    pub fn store_value(&mut self, expression: &Expr, ty: &Type, place: Place<'ctx>) -> Result<(), CodegenError> {
        match self.value_towards(expression, place)? {
            Lowered::Void => {}
            Lowered::Register(value) => self.ir.store(place.pointer, value, ty.size()),
            Lowered::Memory(memory) if memory.place.pointer == place.pointer => {
                let written = expression.ty.size();
                if matches!(ty, Type::String { .. }) && written < ty.size() {
                    self.end_text(place, written, ty.size(), false)?;
                }
            }
            Lowered::Memory(memory) => self.copy_value(&expression.ty, memory, ty, place)?,
        }
        Ok(())
    }

    /// Evaluates an expression into memory where equal values have equal bytes: a key.
    pub fn exact_value(&mut self, expression: &Expr, ty: &Type) -> Result<Place<'ctx>, CodegenError> {
        if ty.is_scalar() {
            let value = self.register(expression)?;
            let place = self.temporary(ty)?;
            self.ir.store(place.pointer, value, ty.size());
            return Ok(place);
        }
        if let ExprKind::Tuple(parts) | ExprKind::Record(parts) = &expression.kind {
            let place = self.temporary(ty)?;
            self.exact_parts(parts, ty, place)?;
            return Ok(place);
        }
        if let Some(place) = self.text_among_zeros(expression, ty, None)? {
            return Ok(place);
        }
        let memory = self.memory(expression)?;
        if memory.exact && memory.place.align == 8 && expression.ty == *ty {
            return Ok(memory.place);
        }
        let place = self.temporary(ty)?;
        if memory.exact {
            self.copy_value(&expression.ty, memory, ty, place)?;
        } else {
            self.copy_exact(&expression.ty, memory, ty, place)?;
        }
        Ok(place)
    }

    fn exact_parts(&mut self, parts: &[Expr], ty: &Type, place: Place<'ctx>) -> Result<(), CodegenError> {
        self.zero_padding(ty, place)?;
        let (types, offsets) = (ty.parts(), ty.offsets());
        for ((part, part_type), offset) in parts.iter().zip(types).zip(offsets) {
            let at = self.place_at(place, offset);
            if part_type.is_scalar() {
                let value = self.register(part)?;
                self.ir.store(at.pointer, value, part_type.size());
            } else if let ExprKind::Tuple(parts) | ExprKind::Record(parts) = &part.kind {
                self.exact_parts(parts, part_type, at)?;
            } else if self.text_among_zeros(part, part_type, Some(at))?.is_none() {
                // Builtins that leave bytes undefined write to memory of their own, which is then cleaned.
                let memory = self.memory(part)?;
                if memory.exact {
                    self.copy_value(&part.ty, memory, part_type, at)?;
                } else {
                    self.copy_exact(&part.ty, memory, part_type, at)?;
                }
            }
        }
        Ok(())
    }

    /// Text that a helper reads, where there were zeros: the helper writes nothing behind the text. None for all other
    /// expressions.
    fn text_among_zeros(
        &mut self,
        expression: &Expr,
        ty: &Type,
        place: Option<Place<'ctx>>,
    ) -> Result<Option<Place<'ctx>>, CodegenError> {
        let is_read = match &expression.kind {
            ExprKind::TracepointField { .. } | ExprKind::Load { .. } => true,
            ExprKind::Call(call) => std::ptr::eq(call.builtin, &crate::builtins::strings::STR),
            _ => false,
        };
        if !is_read || !matches!((&expression.ty, ty), (Type::String { .. }, Type::String { .. })) {
            return Ok(None);
        }
        let place = match place {
            Some(place) => place,
            None => self.temporary(ty)?,
        };
        self.zero(place, ty.size())?;
        let Lowered::Memory(memory) = self.value_towards(expression, place.of_zeros())? else {
            return Err(CodegenError::internal(expression.span, "text that is not in memory"));
        };
        if !memory.exact {
            return Err(CodegenError::internal(expression.span, "text among zeros is not exact"));
        }
        if memory.place.pointer != place.pointer {
            self.copy_value(&expression.ty, memory, ty, place)?;
        }
        Ok(Some(place))
    }

    /// Zeroes the bytes of a tuple or record that no part covers, on this level.
    pub(super) fn zero_padding(&mut self, ty: &Type, place: Place<'ctx>) -> Result<(), CodegenError> {
        let (types, offsets) = (ty.parts(), ty.offsets());
        let mut end = 0;
        for (part, offset) in types.iter().zip(&offsets) {
            self.zero(self.place_at(place, end), offset - end)?;
            end = offset + part.size();
        }
        self.zero(self.place_at(place, end), ty.size().saturating_sub(end))
    }

    pub fn place_at(&self, place: Place<'ctx>, offset: u32) -> Place<'ctx> {
        place.part(self.ir.offset(place.pointer, offset), offset)
    }

    /// Copies a value; a string may get more room than it had.
    pub fn copy_value(
        &mut self,
        from: &Type,
        memory: Memory<'ctx>,
        to: &Type,
        place: Place<'ctx>,
    ) -> Result<(), CodegenError> {
        match (from, to) {
            (Type::String { capacity }, Type::String { capacity: room }) if room > capacity => {
                self.copy_bytes(memory.place, place, *capacity)?;
                self.end_text(place, *capacity, *room, memory.exact)
            }
            (Type::Tuple(_) | Type::Record(_), Type::Tuple(_) | Type::Record(_)) if from != to => {
                self.zero_padding(to, place)?;
                self.convert_parts(from, memory, to, place, Self::copy_value)
            }
            _ => self.copy_bytes(memory.place, place, to.size().min(from.size())),
        }
    }

    /// Ends text that may have filled its own capacity. All the rest is zeroed where that is asked for, or where the
    /// value may be on the stack, whose memory has to be written before it is copied.
    fn end_text(&mut self, place: Place<'ctx>, capacity: u32, room: u32, all: bool) -> Result<(), CodegenError> {
        let bytes = if all || room <= INLINE_BYTES { room - capacity } else { 1 };
        self.zero(self.place_at(place, capacity), bytes)
    }

    /// Copies a value and sets the bytes to 0 that do not belong to it.
    pub(super) fn copy_exact(
        &mut self,
        from: &Type,
        memory: Memory<'ctx>,
        to: &Type,
        place: Place<'ctx>,
    ) -> Result<(), CodegenError> {
        match (from, to) {
            (Type::String { capacity }, Type::String { capacity: room }) => {
                self.copy_text(memory, *capacity, place, *room)
            }
            (Type::Tuple(_) | Type::Record(_), Type::Tuple(_) | Type::Record(_)) => {
                self.zero_padding(to, place)?;
                self.convert_parts(from, memory, to, place, Self::copy_exact)
            }
            (Type::Buffer { .. }, _) => {
                // Only the first `length` bytes are defined.
                self.zero(place, to.size())?;
                let length = self.ir.load(memory.place.pointer, 4, false);
                self.ir.store(place.pointer, length, 4);
                let data = self.ir.offset(memory.place.pointer, 4);
                self.read_kernel(self.ir.offset(place.pointer, 4), length, to.size() - 4, self.ir.address(data));
                Ok(())
            }
            _ => self.copy_bytes(memory.place, place, to.size().min(from.size())),
        }
    }

    fn convert_parts(
        &mut self,
        from: &Type,
        memory: Memory<'ctx>,
        to: &Type,
        place: Place<'ctx>,
        copy: fn(&mut Self, &Type, Memory<'ctx>, &Type, Place<'ctx>) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let (sources, targets) = (from.offsets(), to.offsets());
        for (index, (part, target)) in from.parts().into_iter().zip(to.parts()).enumerate() {
            let source = self.place_at(memory.place, sources[index]);
            let at = self.place_at(place, targets[index]);
            if part.is_scalar() {
                let value = self.ir.load(source.pointer, part.size(), part.is_signed());
                self.ir.store(at.pointer, value, target.size());
            } else {
                copy(self, part, Memory { place: source, length: None, exact: memory.exact }, target, at)?;
            }
        }
        Ok(())
    }

    /// Copies a string's text and zeroes the rest of the room.
    fn copy_text(
        &mut self,
        memory: Memory<'ctx>,
        capacity: u32,
        place: Place<'ctx>,
        room: u32,
    ) -> Result<(), CodegenError> {
        let bytes = capacity.min(room);
        if bytes <= INLINE_TEXT {
            let mut alive = self.ir.constant(u64::MAX);
            let words = if memory.place.align.min(place.align) == 8 { bytes / 8 } else { 0 };
            for offset in (0..words).map(|word| word * 8) {
                let word = self.ir.load(self.ir.offset(memory.place.pointer, offset), 8, false);
                let (mask, is_whole) = self.ir.text_word_mask(word);
                let word = self.ir.and(self.ir.and(word, mask), alive);
                alive = self.ir.and(alive, is_whole);
                self.ir.store(self.ir.offset(place.pointer, offset), word, 8);
            }
            for index in words * 8..bytes {
                let byte = self.ir.load(self.ir.offset(memory.place.pointer, index), 1, false);
                alive = self.ir.and(alive, self.ir.text_mask(byte));
                self.ir.store(self.ir.offset(place.pointer, index), self.ir.and(byte, alive), 1);
            }
            return self.zero(self.place_at(place, bytes), room - bytes);
        }
        self.zero(place, room)?;
        self.copy_string(memory, bytes, place);
        Ok(())
    }

    /// Copies a NUL-terminated string of at most `capacity` bytes, or `capacity` bytes without a NUL. Returns the
    /// number of bytes before the NUL.
    pub fn copy_string(&mut self, memory: Memory<'ctx>, capacity: u32, place: Place<'ctx>) -> IntValue<'ctx> {
        let ir = &self.ir;
        let source = ir.address(memory.place.pointer);
        let copied = ir.probe_read_kernel_str(place.pointer, ir.constant(u64::from(capacity)), source);
        let length = ir.sub(copied, ir.constant(1));
        let is_full = ir.compare(IntPredicate::EQ, copied, ir.constant(u64::from(capacity)));
        // The helper ends every text with a NUL; one that fills its room may have had none.
        let last = capacity - 1;
        let (full, next, before) = (ir.block("full"), ir.block(""), ir.here());
        ir.branch_if(is_full, full, next);
        ir.position(full);
        let byte = ir.load(ir.offset(memory.place.pointer, last), 1, false);
        ir.store(ir.offset(place.pointer, last), byte, 1);
        let full_length = ir.add(ir.constant(u64::from(last)), ir.bit_to_int(ir.is_not_zero(byte)));
        ir.branch(next);
        ir.position(next);
        ir.merge(&[(length, before), (full_length, full)])
    }

    /// Copies bytes; neither place may overlap the other.
    pub fn copy_bytes(&mut self, from: Place<'ctx>, to: Place<'ctx>, bytes: u32) -> Result<(), CodegenError> {
        let step = from.align.min(to.align);
        if bytes == 0 || from.pointer == to.pointer {
            return Ok(());
        }
        if bytes > INLINE_BYTES || bytes / step > 16 {
            let source = self.ir.address(from.pointer);
            self.ir.probe_read_kernel(to.pointer, self.ir.constant(u64::from(bytes)), source);
            return Ok(());
        }
        for (offset, size) in chunks(bytes, step) {
            let word = self.ir.load(self.ir.offset(from.pointer, offset), size, false);
            self.ir.store(self.ir.offset(to.pointer, offset), word, size);
        }
        Ok(())
    }

    /// Sets bytes to 0.
    pub fn zero(&mut self, place: Place<'ctx>, bytes: u32) -> Result<(), CodegenError> {
        if bytes > INLINE_BYTES || bytes / place.align > 16 {
            // Reading from NULL fails, and a failing read zeroes its buffer: the quickest memset there is.
            self.ir.probe_read_kernel(place.pointer, self.ir.constant(u64::from(bytes)), self.ir.constant(0));
            return Ok(());
        }
        for (offset, size) in chunks(bytes, place.align) {
            self.ir.store(self.ir.offset(place.pointer, offset), self.ir.constant(0), size);
        }
        Ok(())
    }

    /// Reads a number of kernel bytes that is known at run time, at most `limit`.
    pub fn read_kernel(
        &mut self,
        destination: PointerValue<'ctx>,
        bytes: IntValue<'ctx>,
        limit: u32,
        source: IntValue<'ctx>,
    ) {
        let bytes = self.at_most(bytes, limit);
        self.ir.probe_read_kernel(destination, bytes, source);
    }

    /// The smaller of a number (taken as unsigned) and a limit, in a form that the verifier understands.
    pub fn at_most(&mut self, value: IntValue<'ctx>, limit: u32) -> IntValue<'ctx> {
        let ir = &self.ir;
        let value = ir.opaque(value);
        let (over, next, before) = (ir.block("over"), ir.block(""), ir.here());
        let limit = ir.constant(u64::from(limit));
        ir.branch_if(ir.compare(IntPredicate::UGT, value, limit), over, next);
        ir.position(over);
        ir.branch(next);
        ir.position(next);
        ir.merge(&[(value, before), (limit, over)])
    }
}

/// Splits bytes into loads of at most `step` bytes, a power of two.
fn chunks(bytes: u32, step: u32) -> impl Iterator<Item = (u32, u32)> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let left = bytes - offset;
        if left == 0 {
            return None;
        }
        let size = step.min(1 << left.ilog2()).min(8);
        offset += size;
        Some((offset - size, size))
    })
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_are_aligned_and_cover_all_bytes() {
        assert_eq!(chunks(15, 8).collect::<Vec<_>>(), [(0, 8), (8, 4), (12, 2), (14, 1)]);
        assert_eq!(chunks(4, 1).collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 1), (3, 1)]);
        assert_eq!(chunks(0, 8).count(), 0);
    }
}
