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
    pub pointer: PointerValue<'ctx>,
    /// Strings: the bytes before the NUL, where they are known (i64).
    pub length: Option<IntValue<'ctx>>,
    /// Strings: every byte after the text is 0, up to the capacity.
    pub padded: bool,
}
