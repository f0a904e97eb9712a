//! Where the value of an expression is while its program runs.

use inkwell::values::{IntValue, PointerValue};

/// The value of an expression. Its type is that of the expression it comes from.
#[derive(Debug, Clone, Copy)]
pub enum Lowered<'ctx> {
    /// Of a call without a value.
    Void,
    /// A scalar ([`crate::types::Type::is_scalar`]): 64 bits, extended from the type's width by the type's sign.
    Register(IntValue<'ctx>),
    /// All other types: the address of the value, laid out as its type says.
    Memory(Memory<'ctx>),
}

/// A value in memory that the program may load from directly.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'ctx> {
    pub place: Place<'ctx>,
    /// Strings: the bytes before the NUL, where they are known (i64).
    pub length: Option<IntValue<'ctx>>,
    /// Equal values have equal bytes: padding and what follows a NUL are 0.
    pub exact: bool,
}

/// An address and what is known about its alignment; BPF's stack refuses what is not aligned.
#[derive(Debug, Clone, Copy)]
pub struct Place<'ctx> {
    pub pointer: PointerValue<'ctx>,
    /// A power of two, at most 8: how many bytes one instruction may take here.
    pub align: u32,
    /// In a map's value, where the verifier leaves alignment to the processor: all addresses count as aligned.
    is_map_value: bool,
    /// All bytes are 0: text that is written here has zeros behind it.
    pub zeroed: bool,
}

impl<'ctx> Place<'ctx> {
    pub fn new(pointer: PointerValue<'ctx>, align: u32) -> Self {
        Self { pointer, align, is_map_value: false, zeroed: false }
    }

    /// A place whose address is a multiple of 8.
    pub fn aligned(pointer: PointerValue<'ctx>) -> Self {
        Self::new(pointer, 8)
    }

    /// A place in a map's value.
    pub fn in_map_value(pointer: PointerValue<'ctx>) -> Self {
        Self { is_map_value: true, ..Self::aligned(pointer) }
    }

    /// The same place, whose bytes are all 0.
    pub fn of_zeros(self) -> Self {
        Self { zeroed: true, ..self }
    }

    /// What lies `offset` bytes further on, at `pointer`.
    pub fn part(self, pointer: PointerValue<'ctx>, offset: u32) -> Self {
        let align = if self.is_map_value { 8 } else { align_at(self.align, offset) };
        Self { pointer, align, ..self }
    }
}

/// The alignment `offset` bytes after an address of the given alignment.
fn align_at(align: u32, offset: u32) -> u32 {
    if offset == 0 { align } else { align.min(1 << offset.trailing_zeros().min(3)) }
}

impl<'ctx> Memory<'ctx> {
    pub fn new(place: Place<'ctx>) -> Self {
        Self { place, length: None, exact: false }
    }

    pub fn exact(place: Place<'ctx>) -> Self {
        Self { place, length: None, exact: true }
    }
}

impl<'ctx> From<IntValue<'ctx>> for Lowered<'ctx> {
    fn from(value: IntValue<'ctx>) -> Self {
        Self::Register(value)
    }
}

impl<'ctx> From<Memory<'ctx>> for Lowered<'ctx> {
    fn from(memory: Memory<'ctx>) -> Self {
        Self::Memory(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::align_at;

    #[test]
    fn alignment_is_what_base_and_offset_share() {
        assert_eq!((align_at(8, 0), align_at(8, 4), align_at(8, 24), align_at(1, 8), align_at(8, 7)), (8, 4, 8, 1, 1));
    }
}
