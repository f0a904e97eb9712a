//! A thin layer over inkwell's builder in the terms of BPF: 64-bit registers, bytes in memory, helper calls.
//!
//! The only file that builds instructions with `unsafe` code. The builder's errors all mean a mistake in code generation
//! (operands of different types, no position); the first one is kept, and [`Ir::failure`] turns it into an error of
//! the compilation, so that the code which emits instructions reads like what it emits.
#![allow(unsafe_code)]

use std::cell::RefCell;

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::builder::{Builder, BuilderError};
use inkwell::context::ContextRef;
use inkwell::debug_info::DILocation;
use inkwell::types::{BasicMetadataTypeEnum, IntType, PointerType};
use inkwell::values::{BasicMetadataValueEnum, FunctionValue, IntValue, PointerValue};
use inkwell::{AddressSpace, IntPredicate};

/// Emits the instructions of one function.
pub struct Ir<'ctx> {
    pub context: ContextRef<'ctx>,
    builder: Builder<'ctx>,
    function: FunctionValue<'ctx>,
    i64: IntType<'ctx>,
    ptr: PointerType<'ctx>,
    failure: RefCell<Option<String>>,
}

impl<'ctx> Ir<'ctx> {
    pub fn new(context: ContextRef<'ctx>, function: FunctionValue<'ctx>) -> Self {
        Self {
            builder: context.create_builder(),
            function,
            i64: context.i64_type(),
            ptr: context.ptr_type(AddressSpace::default()),
            failure: RefCell::new(None),
            context,
        }
    }

    /// The first mistake that the builder found.
    pub fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    fn built<T>(&self, result: Result<T, BuilderError>, poison: impl FnOnce() -> T) -> T {
        result.unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert_with(|| error.to_string());
            poison()
        })
    }

    fn int(&self, result: Result<IntValue<'ctx>, BuilderError>) -> IntValue<'ctx> {
        self.built(result, || self.i64.get_poison())
    }

    fn address_of(&self, result: Result<PointerValue<'ctx>, BuilderError>) -> PointerValue<'ctx> {
        self.built(result, || self.ptr.get_poison())
    }

    fn done<T>(&self, result: Result<T, BuilderError>) {
        if let Err(error) = result {
            self.failure.borrow_mut().get_or_insert_with(|| error.to_string());
        }
    }

    pub fn pointer_type(&self) -> PointerType<'ctx> {
        self.ptr
    }

    pub fn i64_type(&self) -> IntType<'ctx> {
        self.i64
    }

    /// The integer type of 1, 2, 4 or 8 bytes.
    fn integer(&self, bytes: u32) -> IntType<'ctx> {
        match bytes {
            1 => self.context.i8_type(),
            2 => self.context.i16_type(),
            4 => self.context.i32_type(),
            _ => self.i64,
        }
    }

    // Constants.

    pub fn constant(&self, value: u64) -> IntValue<'ctx> {
        self.i64.const_int(value, false)
    }

    pub fn null(&self) -> PointerValue<'ctx> {
        self.ptr.const_null()
    }

    // Blocks.

    pub fn block(&self, name: &str) -> BasicBlock<'ctx> {
        self.context.append_basic_block(self.function, name)
    }

    pub fn position(&self, block: BasicBlock<'ctx>) {
        self.builder.position_at_end(block);
    }

    /// The block that instructions go to.
    pub fn here(&self) -> BasicBlock<'ctx> {
        self.builder.get_insert_block().unwrap_or_else(|| {
            self.failure.borrow_mut().get_or_insert_with(|| "no block to write to".to_owned());
            self.block("lost")
        })
    }

    /// Whether the current block already ends in a branch or return.
    pub fn is_terminated(&self) -> bool {
        self.here().get_terminator().is_some()
    }

    pub fn branch(&self, to: BasicBlock<'ctx>) {
        if !self.is_terminated() {
            self.done(self.builder.build_unconditional_branch(to));
        }
    }

    /// `condition` is an `i1`.
    pub fn branch_if(&self, condition: IntValue<'ctx>, then: BasicBlock<'ctx>, otherwise: BasicBlock<'ctx>) {
        self.done(self.builder.build_conditional_branch(condition, then, otherwise));
    }

    pub fn return_value(&self, value: IntValue<'ctx>) {
        self.done(self.builder.build_return(Some(&value)));
    }

    pub fn set_location(&self, location: DILocation<'ctx>) {
        self.builder.set_current_debug_location(location);
    }

    // Arithmetic on i64.

    pub fn add(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_add(left, right, ""))
    }

    pub fn sub(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_sub(left, right, ""))
    }

    pub fn mul(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_mul(left, right, ""))
    }

    pub fn divide(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_unsigned_div(left, right, ""))
    }

    pub fn remainder(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_unsigned_rem(left, right, ""))
    }

    pub fn and(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_and(left, right, ""))
    }

    pub fn or(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_or(left, right, ""))
    }

    pub fn xor(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_xor(left, right, ""))
    }

    /// The hardware's shift: the count is taken modulo 64 (C leaves larger counts undefined, LLVM yields poison).
    pub fn shift_left(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let count = self.and(right, self.constant(63));
        self.int(self.builder.build_left_shift(left, count, ""))
    }

    /// Shifts zeros in; the count is taken modulo 64.
    pub fn shift_right(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let count = self.and(right, self.constant(63));
        self.int(self.builder.build_right_shift(left, count, false, ""))
    }

    /// Shifts copies of the sign in; the count is taken modulo 64.
    pub fn shift_right_signed(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let count = self.and(right, self.constant(63));
        self.int(self.builder.build_right_shift(left, count, true, ""))
    }

    /// An `i1`.
    pub fn compare(&self, predicate: IntPredicate, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.built(self.builder.build_int_compare(predicate, left, right, ""), || self.context.bool_type().get_poison())
    }

    pub fn is_zero(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        self.compare(IntPredicate::EQ, value, value.get_type().const_zero())
    }

    pub fn is_not_zero(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        self.compare(IntPredicate::NE, value, value.get_type().const_zero())
    }

    pub fn is_null(&self, pointer: PointerValue<'ctx>) -> IntValue<'ctx> {
        self.built(self.builder.build_is_null(pointer, ""), || self.context.bool_type().get_poison())
    }

    pub fn select(&self, condition: IntValue<'ctx>, then: IntValue<'ctx>, otherwise: IntValue<'ctx>) -> IntValue<'ctx> {
        let selected = self.builder.build_select(condition, then, otherwise, "").map(|value| value.into_int_value());
        self.int(selected)
    }

    /// 0 or 1 of an `i1`.
    pub fn bit_to_int(&self, bit: IntValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_int_z_extend(bit, self.i64, ""))
    }

    /// The low `bytes` bytes, extended to 64 bits by their sign or by zeros.
    pub fn narrow(&self, value: IntValue<'ctx>, bytes: u32, signed: bool) -> IntValue<'ctx> {
        if bytes >= 8 {
            return value;
        }
        let small = self.int(self.builder.build_int_truncate(value, self.integer(bytes), ""));
        self.extend(small, signed)
    }

    fn extend(&self, value: IntValue<'ctx>, signed: bool) -> IntValue<'ctx> {
        if value.get_type().get_bit_width() >= 64 {
            value
        } else if signed {
            self.int(self.builder.build_int_s_extend(value, self.i64, ""))
        } else {
            self.int(self.builder.build_int_z_extend(value, self.i64, ""))
        }
    }

    /// Reverses the order of the low `bytes` bytes; the others become 0.
    pub fn swap_bytes(&self, value: IntValue<'ctx>, bytes: u32) -> IntValue<'ctx> {
        if bytes < 2 {
            return self.narrow(value, 1, false);
        }
        let byte = self.constant(0xff);
        (0..bytes).fold(self.constant(0), |swapped, index| {
            let moved = self.and(self.shift_right(value, self.constant(u64::from(index) * 8)), byte);
            self.or(swapped, self.shift_left(moved, self.constant(u64::from(bytes - 1 - index) * 8)))
        })
    }

    /// All ones for a byte that is not 0, and 0 for 0. The optimizer, which would make a branch of a comparison, does not
    /// see what is computed: after 16 bytes of text the verifier would have 65,536 ways to follow.
    pub fn text_mask(&self, byte: IntValue<'ctx>) -> IntValue<'ctx> {
        let carried = self.add(self.opaque(byte), self.constant(0xff));
        let is_text = self.shift_right(carried, self.constant(8));
        self.sub(self.constant(0), is_text)
    }

    /// All ones for the bytes of a word before its first NUL, and all ones if it has none, else 0. Without a branch, as
    /// [`Ir::text_mask`].
    pub fn text_word_mask(&self, word: IntValue<'ctx>) -> (IntValue<'ctx>, IntValue<'ctx>) {
        let ones = self.constant(0x0101_0101_0101_0101);
        let tops = self.constant(0x8080_8080_8080_8080);
        // The lowest bit that is left is the top of the first NUL; borrows may set others above it.
        let borrowed = self.and(self.sub(word, ones), self.xor(word, self.constant(u64::MAX)));
        let found = self.and(borrowed, tops);
        let first = self.and(found, self.sub(self.constant(0), found));
        let mask = self.sub(self.shift_right(first, self.constant(7)), self.constant(1));
        // The optimizer would make a condition of the sign.
        let is_whole = self.opaque(self.shift_right_signed(mask, self.constant(63)));
        (mask, is_whole)
    }

    /// How many bits a number takes: one more than the position of its highest bit; 0 for 0. BPF has no instruction for
    /// it. Without a branch, which samples would mispredict and the verifier would follow both ways.
    pub fn bit_length(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        // All bits below the highest are set as well, then counted: in pairs, in fours, in bytes, over all bytes.
        let filled =
            (0..6).fold(value, |value, power| self.or(value, self.shift_right(value, self.constant(1 << power))));
        let masked = |value, mask| self.and(value, self.constant(mask));
        let moved = |value, bits| self.shift_right(value, self.constant(bits));
        let pairs = self.sub(filled, masked(moved(filled, 1), 0x5555_5555_5555_5555));
        let fours = self.add(masked(pairs, 0x3333_3333_3333_3333), masked(moved(pairs, 2), 0x3333_3333_3333_3333));
        let bytes = masked(self.add(fours, moved(fours, 4)), 0x0f0f_0f0f_0f0f_0f0f);
        moved(self.mul(bytes, self.constant(0x0101_0101_0101_0101)), 56)
    }

    // Values that depend on the way.

    /// The value of several ways, each with the block it comes from.
    pub fn merge(&self, ways: &[(IntValue<'ctx>, BasicBlock<'ctx>)]) -> IntValue<'ctx> {
        match self.builder.build_phi(self.i64, "") {
            Ok(phi) => {
                for (value, block) in ways {
                    phi.add_incoming(&[(value, *block)]);
                }
                phi.as_basic_value().into_int_value()
            }
            Err(error) => self.int(Err(error)),
        }
    }

    pub fn merge_pointers(&self, ways: &[(PointerValue<'ctx>, BasicBlock<'ctx>)]) -> PointerValue<'ctx> {
        match self.builder.build_phi(self.ptr, "") {
            Ok(phi) => {
                for (value, block) in ways {
                    phi.add_incoming(&[(value, *block)]);
                }
                phi.as_basic_value().into_pointer_value()
            }
            Err(error) => self.address_of(Err(error)),
        }
    }

    /// The same value, of which the optimizer knows nothing: keeps a range check beside the use that needs it.
    pub fn opaque(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        let signature = self.i64.fn_type(&[self.i64.into()], false);
        let assembly =
            self.context.create_inline_asm(signature, String::new(), "=r,0".to_owned(), false, false, None, false);
        let call = self.builder.build_indirect_call(signature, assembly, &[value.into()], "");
        self.int(call.map(|call| call.try_as_basic_value().unwrap_basic().into_int_value()))
    }

    // Memory.

    /// Memory on the BPF stack, aligned to 8; the caller positions the builder in the entry block.
    pub fn stack_memory(&self, bytes: u32, name: &str) -> PointerValue<'ctx> {
        let words = self.i64.array_type(bytes.div_ceil(8).max(1));
        self.address_of(self.builder.build_alloca(words, name))
    }

    /// A slot for a pointer that the optimizer turns into a register.
    pub fn pointer_slot(&self, name: &str) -> PointerValue<'ctx> {
        self.address_of(self.builder.build_alloca(self.ptr, name))
    }

    pub fn load_pointer(&self, slot: PointerValue<'ctx>) -> PointerValue<'ctx> {
        self.address_of(self.builder.build_load(self.ptr, slot, "").map(|value| value.into_pointer_value()))
    }

    pub fn store_pointer(&self, slot: PointerValue<'ctx>, value: PointerValue<'ctx>) {
        self.done(self.builder.build_store(slot, value));
    }

    /// 1, 2, 4 or 8 bytes at an address, extended to 64 bits.
    pub fn load(&self, pointer: PointerValue<'ctx>, bytes: u32, signed: bool) -> IntValue<'ctx> {
        self.extend(self.load_raw(pointer, bytes, false), signed)
    }

    /// Bytes at a constant offset of the program's context, extended to 64 bits.
    ///
    /// The verifier allows no arithmetic with the context's address, and the optimizer likes to compute one address for
    /// the loads of two branches. `keep_offset` is LLVM's `llvm.preserve.static.offset`, which forbids it.
    pub fn load_context(
        &self,
        keep_offset: FunctionValue<'ctx>,
        context: PointerValue<'ctx>,
        (offset, bytes): (u32, u32),
        signed: bool,
    ) -> IntValue<'ctx> {
        let kept = self.builder.build_call(keep_offset, &[context.into()], "");
        let kept = self.address_of(kept.map(|call| call.try_as_basic_value().unwrap_basic().into_pointer_value()));
        let distance = self.constant(u64::from(offset));
        // SAFETY: the context is at least as long as the field's offset, by the kernel's description of it.
        let field = unsafe { self.builder.build_in_bounds_gep(self.context.i8_type(), kept, &[distance], "") };
        let field = self.address_of(field);
        self.extend(self.load_raw(field, bytes, true), signed)
    }

    /// A load that the optimizer neither drops nor moves.
    pub fn load_volatile(&self, pointer: PointerValue<'ctx>, bytes: u32, signed: bool) -> IntValue<'ctx> {
        self.extend(self.load_raw(pointer, bytes, true), signed)
    }

    /// Bytes at an address of any alignment, in one instruction: for map values, where the verifier leaves alignment to
    /// the processor.
    pub fn load_unaligned(&self, pointer: PointerValue<'ctx>, bytes: u32) -> IntValue<'ctx> {
        // BPF has no unaligned accesses, LLVM would split one into bytes: claim the alignment. No processor that runs
        // this traps on it, and no pass draws conclusions from an address that is computed at run time.
        self.load(pointer, bytes, false)
    }

    /// [`Ir::load_unaligned`] for stores.
    pub fn store_unaligned(&self, pointer: PointerValue<'ctx>, value: IntValue<'ctx>, bytes: u32) {
        self.store(pointer, value, bytes);
    }

    fn load_raw(&self, pointer: PointerValue<'ctx>, bytes: u32, volatile: bool) -> IntValue<'ctx> {
        let loaded = self.builder.build_load(self.integer(bytes), pointer, "").map(|value| value.into_int_value());
        let value = self.int(loaded);
        if let Some(instruction) = value.as_instruction() {
            // Our memory has no alignment that LLVM could rely on: structs are copied bytewise. BPF splits what is
            // not naturally aligned into bytes, so the alignment must be what the caller vouches for: natural.
            let _ = instruction.set_alignment(bytes.min(8));
            let _ = instruction.set_volatile(volatile);
        }
        value
    }

    /// Stores the low `bytes` bytes (1, 2, 4 or 8).
    pub fn store(&self, pointer: PointerValue<'ctx>, value: IntValue<'ctx>, bytes: u32) {
        let small =
            if bytes >= 8 { value } else { self.int(self.builder.build_int_truncate(value, self.integer(bytes), "")) };
        match self.builder.build_store(pointer, small) {
            Ok(instruction) => {
                let _ = instruction.set_alignment(bytes.min(8));
            }
            Err(error) => self.done::<()>(Err(error)),
        }
    }

    /// The address `bytes` further on.
    pub fn offset(&self, pointer: PointerValue<'ctx>, bytes: u32) -> PointerValue<'ctx> {
        if bytes == 0 {
            return pointer;
        }
        self.index(pointer, self.constant(u64::from(bytes)))
    }

    /// The address a variable number of bytes further on.
    pub fn index(&self, pointer: PointerValue<'ctx>, bytes: IntValue<'ctx>) -> PointerValue<'ctx> {
        // SAFETY: a `getelementptr` without `inbounds` is plain address arithmetic; the kernel's verifier checks what
        // is done with the result.
        self.address_of(unsafe { self.builder.build_gep(self.context.i8_type(), pointer, &[bytes], "") })
    }

    /// An address as a number.
    pub fn address(&self, pointer: PointerValue<'ctx>) -> IntValue<'ctx> {
        self.int(self.builder.build_ptr_to_int(pointer, self.i64, ""))
    }

    /// A number as an address.
    pub fn pointer(&self, address: IntValue<'ctx>) -> PointerValue<'ctx> {
        self.address_of(self.builder.build_int_to_ptr(address, self.ptr, ""))
    }

    // Calls.

    /// Calls a kernel helper by its number; the result is what the helper leaves in r0.
    pub fn call_helper(&self, number: u32, arguments: &[Argument<'ctx>]) -> IntValue<'ctx> {
        let types: Vec<BasicMetadataTypeEnum<'ctx>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Int(_) => self.i64.into(),
                Argument::Pointer(_) => self.ptr.into(),
            })
            .collect();
        let values: Vec<BasicMetadataValueEnum<'ctx>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Int(value) => (*value).into(),
                Argument::Pointer(value) => (*value).into(),
            })
            .collect();
        let target = self.constant(u64::from(number)).const_to_pointer(self.ptr);
        let call = self.builder.build_indirect_call(self.i64.fn_type(&types, false), target, &values, "");
        self.int(call.map(|call| call.try_as_basic_value().unwrap_basic().into_int_value()))
    }

    /// Calls a helper without arguments whose result is the same each time.
    pub fn call_fixed_helper(&self, number: u32) -> IntValue<'ctx> {
        let target = self.constant(u64::from(number)).const_to_pointer(self.ptr);
        let call = self.builder.build_indirect_call(self.i64.fn_type(&[], false), target, &[], "");
        self.int(call.map(|call| {
            // `memory(none)` is the number 0.
            for name in ["memory", "nounwind", "willreturn"] {
                let attribute = self.context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0);
                call.add_attribute(AttributeLoc::Function, attribute);
            }
            call.try_as_basic_value().unwrap_basic().into_int_value()
        }))
    }

    /// Calls a function of this module with numbers.
    pub fn call_function(&self, target: FunctionValue<'ctx>, arguments: &[IntValue<'ctx>]) -> IntValue<'ctx> {
        let arguments: Vec<Argument<'ctx>> = arguments.iter().map(|argument| (*argument).into()).collect();
        self.call_with(target, &arguments)
    }

    /// Calls a function of this module, or one that it only names; the result is what it leaves in r0.
    pub fn call_with(&self, target: FunctionValue<'ctx>, arguments: &[Argument<'ctx>]) -> IntValue<'ctx> {
        let values: Vec<BasicMetadataValueEnum<'ctx>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Int(value) => (*value).into(),
                Argument::Pointer(value) => (*value).into(),
            })
            .collect();
        let call = self.builder.build_call(target, &values, "");
        self.int(call.map(|call| call.try_as_basic_value().unwrap_basic().into_int_value()))
    }

    /// Calls a helper that returns a pointer or NULL.
    pub fn call_helper_pointer(&self, number: u32, arguments: &[Argument<'ctx>]) -> PointerValue<'ctx> {
        let address = self.call_helper(number, arguments);
        self.pointer(address)
    }
}

/// An argument of a helper.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'ctx> {
    Int(IntValue<'ctx>),
    Pointer(PointerValue<'ctx>),
}

impl<'ctx> Argument<'ctx> {
    /// Its type in a signature.
    pub fn ty(&self, context: ContextRef<'ctx>) -> BasicMetadataTypeEnum<'ctx> {
        match self {
            Self::Int(_) => context.i64_type().into(),
            Self::Pointer(_) => context.ptr_type(AddressSpace::default()).into(),
        }
    }
}

impl<'ctx> From<IntValue<'ctx>> for Argument<'ctx> {
    fn from(value: IntValue<'ctx>) -> Self {
        Self::Int(value)
    }
}

impl<'ctx> From<PointerValue<'ctx>> for Argument<'ctx> {
    fn from(value: PointerValue<'ctx>) -> Self {
        Self::Pointer(value)
    }
}
