//! Expressions.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use crate::hir::{Expr, ExprKind, UnaryOp};
use crate::manifest::CounterCause;
use crate::syntax::ast::{BinaryOp, Step};
use crate::types::{AddressSpace, Type};

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::value::{Lowered, Memory, Place};

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Lowers any expression; use [`FunctionBuilder::value`], which keeps track of where the result goes.
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<Lowered<'ctx>, CodegenError> {
        let ty = &expression.ty;
        match &expression.kind {
            ExprKind::Integer(bits) => Ok(self.integer(*bits, ty)),
            ExprKind::String(text) => self.text(text, ty),
            ExprKind::Variable(variable) => self.read_variable(*variable),
            ExprKind::MapRead { map, key } => self.read_map(*map, key.as_deref(), ty),
            ExprKind::StepVariable { variable, step, prefix } => {
                let old = self.read_variable_register(*variable)?;
                let variable_type = self.variable_type(*variable).clone();
                let new = self.stepped(old, *step, &variable_type);
                self.write_variable_register(*variable, new)?;
                Ok(if *prefix { new } else { old }.into())
            }
            ExprKind::StepMap { map, key, step, prefix } => {
                let value_type = self.map(*map).value.clone();
                let (old, new) =
                    self.modify_map(*map, key.as_deref(), |builder, old| Ok(builder.stepped(old, *step, &value_type)))?;
                Ok(if *prefix { new } else { old }.into())
            }
            ExprKind::Unary { operator, operand } => self.unary(*operator, operand, ty),
            ExprKind::Binary { operator, left, right } => self.binary(*operator, left, right, expression),
            ExprKind::PointerOffset { pointer, index, scale } => {
                let pointer = self.register(pointer)?;
                let index = self.register(index)?;
                let bytes = self.ir.mul(index, self.ir.constant(*scale as u64));
                Ok(self.ir.add(pointer, bytes).into())
            }
            ExprKind::Conditional { condition, then, otherwise } => self.conditional(condition, then, otherwise, ty),
            ExprKind::Block { block, value } => {
                let result = self.result_place();
                self.statements(block)?;
                match result {
                    Some(place) => self.value_towards(value, place),
                    None => self.value(value),
                }
            }
            ExprKind::Cast(operand) => self.cast(operand, ty),
            ExprKind::Load { pointer, offset, bits } => self.load_through(pointer, *offset, *bits, ty),
            ExprKind::AddressOfMember { pointer, offset } => {
                let pointer = self.register(pointer)?;
                Ok(self.ir.add(pointer, self.ir.constant(u64::from(*offset))).into())
            }
            ExprKind::Member { base, offset, bits } => self.member(base, *offset, *bits, ty),
            ExprKind::Element { base, index, len } => self.element(base, index, *len, expression),
            ExprKind::Tuple(parts) | ExprKind::Record(parts) => self.tuple(parts, ty),
            ExprKind::TracepointField { offset, access } => self.tracepoint_field(*offset, *access, ty),
            ExprKind::RawArgument(index) => self.raw_argument(*index, ty),
            ExprKind::Argument(index) => self.argument(*index, ty),
            ExprKind::ProbeName => self.probe_name(ty),
            ExprKind::ReturnValue => self.return_value(ty),
            ExprKind::ContextPointer => {
                let context = self.context_pointer()?;
                Ok(self.ir.address(context).into())
            }
            ExprKind::AddressOfVariable(variable) => {
                let place = self.variable_place(*variable);
                Ok(self.plain_address(place.pointer)?.into())
            }
            ExprKind::AddressOfMap(map) => {
                let address = self.map_address(*map);
                Ok(self.plain_address(address)?.into())
            }
            ExprKind::Call(call) => (call.builtin.lower)(self, expression, call),
            ExprKind::CallFunction { function, arguments } => self.call_function(*function, arguments, ty),
        }
    }

    fn integer(&mut self, bits: u64, ty: &Type) -> Lowered<'ctx> {
        let value = self.ir.constant(bits);
        if matches!(ty, Type::Void) { Lowered::Void } else { value.into() }
    }

    fn stepped(&self, old: IntValue<'ctx>, step: Step, ty: &Type) -> IntValue<'ctx> {
        let by = match ty {
            Type::Pointer { to, .. } => to.size().max(1),
            _ => 1,
        };
        let by = self.ir.constant(by.into());
        let new = match step {
            Step::Increment => self.ir.add(old, by),
            Step::Decrement => self.ir.sub(old, by),
        };
        self.ir.narrow(new, ty.size(), ty.is_signed())
    }

    fn unary(&mut self, operator: UnaryOp, operand: &Expr, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let value = self.register(operand)?;
        let result = match operator {
            UnaryOp::Not => self.ir.bit_to_int(self.ir.is_zero(value)),
            UnaryOp::BitNot => self.ir.xor(value, self.ir.constant(u64::MAX)),
            UnaryOp::Neg => self.ir.sub(self.ir.constant(0), value),
        };
        Ok(self.ir.narrow(result, ty.size(), ty.is_signed()).into())
    }

    fn binary(
        &mut self,
        operator: BinaryOp,
        left: &Expr,
        right: &Expr,
        whole: &Expr,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        if operator.is_logical() {
            return self.logical(operator, left, right);
        }
        if operator.is_comparison() {
            return self.comparison(operator, left, right);
        }
        let left = self.register(left)?;
        let right = self.register(right)?;
        let value = self.arithmetic(operator, left, right, whole.ty.is_signed(), whole)?;
        Ok(self.ir.narrow(value, whole.ty.size(), whole.ty.is_signed()).into())
    }

    /// 64-bit arithmetic; division and `>>` heed the sign, unlike bpftrace's. Division by zero is counted at `site` and
    /// yields 1.
    pub(super) fn arithmetic(
        &mut self,
        operator: BinaryOp,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
        signed: bool,
        site: &Expr,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let ir = &self.ir;
        Ok(match operator {
            BinaryOp::Add => ir.add(left, right),
            BinaryOp::Sub => ir.sub(left, right),
            BinaryOp::Mul => ir.mul(left, right),
            BinaryOp::BitAnd => ir.and(left, right),
            BinaryOp::BitOr => ir.or(left, right),
            BinaryOp::BitXor => ir.xor(left, right),
            BinaryOp::Shl => ir.shift_left(left, right),
            BinaryOp::Shr if signed => ir.shift_right_signed(left, right),
            BinaryOp::Shr => ir.shift_right(left, right),
            BinaryOp::Div | BinaryOp::Mod => self.division(operator == BinaryOp::Mod, left, right, signed, site),
            other => return Err(CodegenError::internal(site.span, format!("'{}' is not arithmetic", other.symbol()))),
        })
    }

    fn division(
        &mut self,
        modulo: bool,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
        signed: bool,
        site: &Expr,
    ) -> IntValue<'ctx> {
        if right.is_const() && !right.is_null() {
            return self.quotient(modulo, left, right, signed);
        }
        let (divide, zero, next) = (self.ir.block("divide"), self.ir.block("zero"), self.ir.block(""));
        let is_zero = self.ir.is_zero(right);
        self.ir.branch_if(is_zero, zero, divide);
        self.ir.position(zero);
        self.count(CounterCause::DivisionByZero, site.span);
        let from_zero = self.ir.here();
        self.ir.branch(next);
        self.ir.position(divide);
        let value = self.quotient(modulo, left, right, signed);
        self.ir.branch(next);
        self.ir.position(next);
        self.ir.merge(&[(value, divide), (self.ir.constant(1), from_zero)])
    }

    /// Divides by what is not zero. Signed operands are divided by their magnitudes and rounded towards zero: BPF has a
    /// signed division only since `v4` (Linux 6.6). A remainder has the sign of the dividend.
    fn quotient(&self, modulo: bool, left: IntValue<'ctx>, right: IntValue<'ctx>, signed: bool) -> IntValue<'ctx> {
        let ir = &self.ir;
        let unsigned = |left, right| if modulo { ir.remainder(left, right) } else { ir.divide(left, right) };
        if !signed {
            return unsigned(left, right);
        }
        // All ones for negative numbers: x ^ -1 - -1 is -x.
        let sign = |value| ir.shift_right_signed(value, ir.constant(63));
        let negate_if = |value, sign| ir.sub(ir.xor(value, sign), sign);
        let (left_sign, right_sign) = (sign(left), sign(right));
        let result = unsigned(negate_if(left, left_sign), negate_if(right, right_sign));
        negate_if(result, if modulo { left_sign } else { ir.xor(left_sign, right_sign) })
    }

    fn logical(&mut self, operator: BinaryOp, left: &Expr, right: &Expr) -> Result<Lowered<'ctx>, CodegenError> {
        let left = self.condition(left)?;
        let (more, next, before) = (self.ir.block("more"), self.ir.block(""), self.ir.here());
        let known = if operator == BinaryOp::And {
            self.ir.branch_if(left, more, next);
            0
        } else {
            self.ir.branch_if(left, next, more);
            1
        };
        self.ir.position(more);
        let right = self.condition(right)?;
        let right = self.ir.bit_to_int(right);
        let after = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(self.ir.constant(known), before), (right, after)]).into())
    }

    fn comparison(&mut self, operator: BinaryOp, left: &Expr, right: &Expr) -> Result<Lowered<'ctx>, CodegenError> {
        if !left.ty.is_scalar() || !right.ty.is_scalar() {
            let equal = self.values_equal(left, right)?;
            let bit = if operator == BinaryOp::Ne { self.ir.is_zero(equal) } else { self.ir.is_not_zero(equal) };
            return Ok(self.ir.bit_to_int(bit).into());
        }
        let signed = left.ty.is_signed() || right.ty.is_signed();
        let predicate = match (operator, signed) {
            (BinaryOp::Eq, _) => IntPredicate::EQ,
            (BinaryOp::Ne, _) => IntPredicate::NE,
            (BinaryOp::Lt, true) => IntPredicate::SLT,
            (BinaryOp::Lt, false) => IntPredicate::ULT,
            (BinaryOp::Le, true) => IntPredicate::SLE,
            (BinaryOp::Le, false) => IntPredicate::ULE,
            (BinaryOp::Gt, true) => IntPredicate::SGT,
            (BinaryOp::Gt, false) => IntPredicate::UGT,
            (_, true) => IntPredicate::SGE,
            (_, false) => IntPredicate::UGE,
        };
        let left = self.register(as_pointer(left))?;
        let right = self.register(as_pointer(right))?;
        let bit = self.ir.compare(predicate, left, right);
        Ok(self.ir.bit_to_int(bit).into())
    }

    fn conditional(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let place = match ty {
            Type::Void => None,
            ty if ty.is_scalar() => None,
            ty => Some(self.result_memory(ty)?),
        };
        let condition = self.condition(condition)?;
        let (yes, no, next) = (self.ir.block("then"), self.ir.block("else"), self.ir.block(""));
        self.ir.branch_if(condition, yes, no);
        let mut ways = Vec::new();
        for (block, arm) in [(yes, then), (no, otherwise)] {
            self.ir.position(block);
            if let Some(place) = place {
                self.store_value(arm, ty, place)?;
            } else if let Lowered::Register(value) = self.value(arm)? {
                ways.push((value, self.ir.here()));
            }
            self.ir.branch(next);
        }
        self.ir.position(next);
        Ok(match place {
            Some(place) => Memory::new(place).into(),
            None if ways.len() == 2 && !matches!(ty, Type::Void) => self.ir.merge(&ways).into(),
            None => Lowered::Void,
        })
    }

    fn tuple(&mut self, parts: &[Expr], ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        let place = self.result_memory(ty)?;
        // The optimizer takes memory that was never written for anything, a register without a value included.
        self.zero_padding(ty, place)?;
        let (types, offsets) = (ty.parts(), ty.offsets());
        for ((part, part_type), offset) in parts.iter().zip(types).zip(offsets) {
            let at = self.place_at(place, offset);
            self.store_value(part, part_type, at)?;
        }
        Ok(Memory::new(place).into())
    }

    fn cast(&mut self, operand: &Expr, ty: &Type) -> Result<Lowered<'ctx>, CodegenError> {
        match (operand.ty.is_scalar(), ty.is_scalar()) {
            (true, true) => {
                let mut value = self.register(operand)?;
                if matches!(operand.ty, Type::Pointer { space: AddressSpace::Trusted, .. }) && ty.is_int() {
                    value = self.plain_number(value)?;
                }
                Ok(if *ty == Type::Bool {
                    self.ir.bit_to_int(self.ir.is_not_zero(value))
                } else {
                    self.ir.narrow(value, ty.size(), ty.is_signed())
                }
                .into())
            }
            (true, false) => {
                let value = self.register(operand)?;
                let place = self.result_memory(ty)?;
                self.store_bytes_of(value, operand.ty.size(), ty.size(), place)?;
                Ok(Memory::new(place).into())
            }
            (false, true) => {
                let memory = self.memory(operand)?;
                Ok(self.load_unaligned(memory.place, ty.size(), ty.is_signed()).into())
            }
            (false, false) => {
                let place = self.result_memory(ty)?;
                let memory = self.memory(operand)?;
                match (&operand.ty, ty) {
                    // All bytes are known, and a zero among them, as in an address, ends nothing.
                    (Type::String { capacity }, Type::Array { .. }) if memory.exact && *capacity >= ty.size() => {
                        self.copy_value(ty, memory, ty, place)?;
                        Ok(Memory::exact(place).into())
                    }
                    (Type::String { capacity }, Type::Array { .. }) => {
                        let text = Type::String { capacity: ty.size().max(*capacity).min(ty.size()) };
                        self.copy_exact(&operand.ty, memory, &text, place)?;
                        Ok(Memory::exact(place).into())
                    }
                    _ => {
                        self.copy_value(&operand.ty, memory, ty, place)?;
                        Ok(Memory { place, length: memory.length, exact: memory.exact && !ty.has_padding() }.into())
                    }
                }
            }
        }
    }

    /// Stores an integer as an array of the same size (or, by a script's mistake that sema let pass, a larger one).
    fn store_bytes_of(
        &mut self,
        value: IntValue<'ctx>,
        from: u32,
        to: u32,
        place: Place<'ctx>,
    ) -> Result<(), CodegenError> {
        let bytes = from.min(to);
        if place.align >= bytes && bytes.is_power_of_two() {
            self.ir.store(place.pointer, value, bytes);
        } else {
            for index in 0..bytes {
                let byte = self.ir.shift_right(value, self.ir.constant(u64::from(index) * 8));
                self.ir.store(self.ir.offset(place.pointer, index), byte, 1);
            }
        }
        self.zero(self.place_at(place, bytes), to - bytes)
    }

    /// 1, 2, 4 or 8 bytes at a place of any alignment.
    pub fn load_unaligned(&mut self, place: Place<'ctx>, bytes: u32, signed: bool) -> IntValue<'ctx> {
        if place.align >= bytes {
            return self.ir.load(place.pointer, bytes, signed);
        }
        let step = place.align;
        let mut value = self.ir.constant(0);
        for offset in (0..bytes).step_by(step as usize) {
            let part = self.ir.load(self.ir.offset(place.pointer, offset), step, false);
            let moved = self.ir.shift_left(part, self.ir.constant(u64::from(offset) * 8));
            value = self.ir.or(value, moved);
        }
        self.ir.narrow(value, bytes, signed)
    }

    fn member(
        &mut self,
        base: &Expr,
        offset: u32,
        bits: Option<(u8, u8)>,
        ty: &Type,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        let memory = match self.value(base)? {
            Lowered::Memory(memory) => memory,
            // A struct in trusted memory, known by its address.
            Lowered::Register(address) => {
                return self.read_address(address, offset, bits, ty, crate::types::AddressSpace::Trusted);
            }
            Lowered::Void => return Err(CodegenError::internal(base.span, "a member of nothing")),
        };
        let place = self.place_at(memory.place, offset);
        if ty.is_scalar() {
            let value = self.load_unaligned(place, ty.size(), ty.is_signed());
            return Ok(self.bit_field(value, bits, ty).into());
        }
        Ok(Memory { place, length: None, exact: memory.exact }.into())
    }

    fn element(&mut self, base: &Expr, index: &Expr, len: u32, whole: &Expr) -> Result<Lowered<'ctx>, CodegenError> {
        let ty = &whole.ty;
        let memory = self.memory(base)?;
        let index = self.register(index)?;
        let index = self.ir.opaque(index);
        let (inside, outside, next) = (self.ir.block("inside"), self.ir.block("outside"), self.ir.block(""));
        let in_range = self.ir.compare(IntPredicate::ULT, index, self.ir.constant(u64::from(len)));
        self.ir.branch_if(in_range, inside, outside);
        self.ir.position(outside);
        self.count(CounterCause::ArrayBounds, whole.span);
        let zeros = self.zeros();
        let from_outside = self.ir.here();
        self.ir.branch(next);
        self.ir.position(inside);
        let offset = self.ir.mul(index, self.ir.constant(u64::from(ty.size())));
        let pointer = self.ir.index(memory.place.pointer, offset);
        let place = memory.place.part(pointer, ty.size());
        if ty.is_scalar() {
            let value = self.load_unaligned(place, ty.size(), ty.is_signed());
            let from_inside = self.ir.here();
            self.ir.branch(next);
            self.ir.position(next);
            return Ok(self.ir.merge(&[(value, from_inside), (self.ir.constant(0), from_outside)]).into());
        }
        self.ir.branch(next);
        self.ir.position(next);
        let pointer = self.ir.merge_pointers(&[(pointer, inside), (zeros, from_outside)]);
        Ok(Memory::new(Place::new(pointer, place.align)).into())
    }
}

/// What a comparison of an address looks at: the pointer itself, of which the verifier then knows whether it is NULL.
fn as_pointer(operand: &Expr) -> &Expr {
    match &operand.kind {
        ExprKind::Cast(pointer) if matches!(pointer.ty, Type::Pointer { .. }) && operand.ty.size() == 8 => pointer,
        _ => operand,
    }
}
