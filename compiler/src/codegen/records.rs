//! Records for user space: the layout of a call site's payload, and sending it.
//!
//! A record of fixed size is written in place in the ring buffer. One with strings of any length is built in scratch
//! memory, so that only the bytes there are go through the ring.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::abi::record::{HEADER_SIZE, Header, RecordKind};
use crate::hir::{Expr, ExprKind, SiteDef};
use crate::manifest::{CounterCause, RING_MAP, Site, SiteId, SiteKind, Slot, SlotPlace};
use crate::source::Span;
use crate::types::{AddressSpace, Type};

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::helpers::RING_NO_WAKEUP;
use super::value::{Lowered, Memory, Place};

/// Strings and buffers up to this size are sent whole.
const FIXED_TEXT: u32 = 32;
/// Arguments beyond this many would fill the stack while they wait to be stored.
const WAITING_ARGUMENTS: usize = 12;
/// Records up to this size are written in place in the ring.
const RESERVED: u32 = 1 << 10;

/// Where the arguments of a site lie in its payload.
#[derive(Debug, Clone)]
pub struct SiteLayout {
    pub kind: SiteKind,
    pub span: Span,
    pub fixed_size: u32,
    /// The most bytes of the tail.
    pub tail_size: u32,
}

impl SiteLayout {
    pub fn new(site: &SiteDef) -> Self {
        let mut kind = site.kind.clone();
        let (fixed_size, tail_size) = match &mut kind {
            SiteKind::Printf { arguments, .. }
            | SiteKind::Cat { arguments, .. }
            | SiteKind::System { arguments, .. }
            | SiteKind::Join { arguments, .. }
            | SiteKind::Packet { arguments, .. } => place_slots(arguments),
            SiteKind::Print { value: slot } | SiteKind::PrintEntry { key: slot, .. } => {
                place_slots(std::slice::from_mut(slot))
            }
            SiteKind::PrintMap { .. } => (16, 0),
            SiteKind::Exit => (8, 0),
            SiteKind::Clear { .. } | SiteKind::Zero { .. } | SiteKind::Time { .. } => (0, 0),
        };
        Self { kind, span: site.span, fixed_size, tail_size }
    }

    pub fn slots(&self) -> &[Slot] {
        match &self.kind {
            SiteKind::Printf { arguments, .. }
            | SiteKind::Cat { arguments, .. }
            | SiteKind::System { arguments, .. }
            | SiteKind::Join { arguments, .. }
            | SiteKind::Packet { arguments, .. } => arguments,
            SiteKind::Print { value: slot } | SiteKind::PrintEntry { key: slot, .. } => std::slice::from_ref(slot),
            SiteKind::PrintMap { .. }
            | SiteKind::Exit
            | SiteKind::Clear { .. }
            | SiteKind::Zero { .. }
            | SiteKind::Time { .. } => &[],
        }
    }

    pub fn site(&self) -> Site {
        Site { kind: self.kind.clone(), span: self.span, expanded_from: Vec::new(), fixed_size: self.fixed_size }
    }
}

/// Assigns places; returns the sizes of the fixed part and of the largest tail.
fn place_slots(slots: &mut [Slot]) -> (u32, u32) {
    let (mut end, mut tail) = (0_u32, 0_u32);
    for slot in slots {
        let capacity = match slot.ty {
            Type::String { capacity } | Type::Buffer { capacity } if capacity > FIXED_TEXT => Some(capacity),
            _ => None,
        };
        let (align, size) = if capacity.is_some() { (4, 4) } else { (slot.ty.align(), slot.ty.size()) };
        let offset = end.next_multiple_of(align);
        end = offset.saturating_add(size);
        slot.place = match capacity {
            Some(capacity) => {
                tail = tail.saturating_add(capacity);
                SlotPlace::Tail { offset }
            }
            None => SlotPlace::Fixed { offset },
        };
    }
    (end.next_multiple_of(8), tail)
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Sends the record of a site with the values of its arguments.
    pub fn send(&mut self, site: SiteId, arguments: &[Expr]) -> Result<(), CodegenError> {
        let unit = self.unit;
        let layout = &unit.sites[site.index()];
        let small = layout.tail_size == 0 && layout.fixed_size <= RESERVED;
        if small && arguments.len() <= WAITING_ARGUMENTS && arguments.iter().all(is_straight) {
            self.send_in_place(site, layout, arguments)
        } else {
            self.send_from_scratch(site, layout, arguments)
        }
    }

    /// Sends the record of a site with a payload of numbers.
    pub fn send_words(&mut self, site: SiteId, words: &[IntValue<'ctx>]) -> Result<(), CodegenError> {
        let size = HEADER_SIZE + words.len() as u32 * 8;
        self.with_reserved(site, size, |builder, record| {
            for (index, word) in words.iter().enumerate() {
                let at = builder.ir.offset(record, HEADER_SIZE + index as u32 * 8);
                builder.ir.store(at, *word, 8);
            }
            Ok(())
        })
    }

    fn with_reserved(
        &mut self,
        site: SiteId,
        size: u32,
        fill: impl FnOnce(&mut Self, PointerValue<'ctx>) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let ring = self.ring(size);
        let record = self.ir.ringbuf_reserve(ring, self.ir.constant(u64::from(size)), self.ir.constant(0));
        let (full, reserved, next) = (self.ir.block("full"), self.ir.block("reserved"), self.ir.block(""));
        self.ir.branch_if(self.ir.is_null(record), full, reserved);
        self.ir.position(full);
        self.count(CounterCause::RingFull, Span::default());
        self.ir.branch(next);
        self.ir.position(reserved);
        self.ir.store(record, self.ir.constant(header(site)), 8);
        fill(self, record)?;
        self.ir.ringbuf_submit(record, self.ir.constant(RING_NO_WAKEUP));
        self.ir.branch(next);
        self.ir.position(next);
        Ok(())
    }

    /// The ring, for a record of at most so many bytes.
    fn ring(&self, most: u32) -> PointerValue<'ctx> {
        self.unit.traffic.add(u64::from(most));
        self.unit.symbol(RING_MAP)
    }

    fn send_in_place(&mut self, site: SiteId, layout: &SiteLayout, arguments: &[Expr]) -> Result<(), CodegenError> {
        let mut registers = Vec::new();
        for (slot, argument) in layout.slots().iter().zip(arguments) {
            registers.push(if slot.ty.is_scalar() { Some(self.register(argument)?) } else { None });
        }
        self.with_reserved(site, HEADER_SIZE + layout.fixed_size, |builder, record| {
            for ((slot, argument), register) in layout.slots().iter().zip(arguments).zip(registers) {
                let (SlotPlace::Fixed { offset } | SlotPlace::Tail { offset }) = slot.place;
                let place = builder.place_at(Place::aligned(record), HEADER_SIZE + offset);
                match register {
                    Some(value) => builder.ir.store(place.pointer, value, slot.ty.size()),
                    None => builder.store_value(argument, &slot.ty, place)?,
                }
            }
            Ok(())
        })
    }

    fn send_from_scratch(&mut self, site: SiteId, layout: &SiteLayout, arguments: &[Expr]) -> Result<(), CodegenError> {
        let mut record = self.begin_record(site, layout)?;
        for (slot, argument) in layout.slots().iter().zip(arguments) {
            match slot.place {
                SlotPlace::Fixed { offset } => {
                    let place = self.place_at(record.start, HEADER_SIZE + offset);
                    self.store_value(argument, &slot.ty, place)?;
                }
                SlotPlace::Tail { offset } => self.append(&mut record, offset, &slot.ty, argument)?,
            }
        }
        self.output(&record);
        Ok(())
    }

    /// A record with a tail, under construction in scratch memory.
    fn begin_record(&mut self, site: SiteId, layout: &SiteLayout) -> Result<TailRecord<'ctx>, CodegenError> {
        let fixed = HEADER_SIZE + layout.fixed_size;
        let start = self.scratch_memory(fixed.saturating_add(layout.tail_size))?;
        let progress = self.scratch_memory(8)?.pointer;
        self.ir.store(start.pointer, self.ir.constant(header(site)), 8);
        Ok(TailRecord { start, end: self.ir.constant(u64::from(fixed)), progress, most: fixed })
    }

    fn append(
        &mut self,
        record: &mut TailRecord<'ctx>,
        offset: u32,
        ty: &Type,
        argument: &Expr,
    ) -> Result<(), CodegenError> {
        let place = Place::new(self.ir.index(record.start.pointer, record.end), 1);
        let length = match ty {
            Type::Buffer { capacity } => {
                let memory = self.memory(argument)?;
                let length = self.ir.load(memory.place.pointer, 4, false);
                let length = self.at_most(length, *capacity);
                let data = self.ir.offset(memory.place.pointer, 4);
                let source = self.ir.address(data);
                self.ir.probe_read_kernel(place.pointer, length, source);
                length
            }
            _ => {
                let Lowered::Memory(memory) = self.value_towards(argument, place)? else {
                    return Err(CodegenError::internal(argument.span, "a string in a register"));
                };
                let capacity = argument.ty.size().min(ty.size());
                let length = match memory.length {
                    Some(length) if memory.place.pointer == place.pointer => length,
                    _ => self.copy_to_tail(memory, capacity, place),
                };
                self.at_most(length, capacity)
            }
        };
        let capacity = slot_capacity(ty);
        self.end_of_slot(record, offset, length, capacity);
        Ok(())
    }

    /// Sends a NULL-terminated array of strings: each into its slot, until the first NULL or the last slot.
    pub fn send_strings(
        &mut self,
        site: SiteId,
        array: IntValue<'ctx>,
        space: AddressSpace,
    ) -> Result<(), CodegenError> {
        let unit = self.unit;
        let layout = &unit.sites[site.index()];
        let slots = layout.slots();
        let capacity = slots.iter().map(|slot| slot_capacity(&slot.ty)).max().unwrap_or(1);
        let fixed = HEADER_SIZE + layout.fixed_size;
        let size = fixed.saturating_add(layout.tail_size);
        let (start, state) = (self.take_scratch(size)?, self.take_scratch(24)?);
        // Of the array, the end of the record, and the string that is being read.
        let (array_at, end_at, string_at) = (state, state + 8, state + 16);
        let record = self.scratch_at(start);
        self.ir.store(record.pointer, self.ir.constant(header(site)), 8);
        // Slots that are not reached are empty.
        self.zero(self.place_at(record, HEADER_SIZE), layout.fixed_size)?;
        let state = self.scratch_at(state).pointer;
        self.ir.store(state, array, 8);
        self.ir.store(self.ir.offset(state, 8), self.ir.constant(u64::from(fixed)), 8);
        let passes = self.ir.constant(slots.len() as u64);
        self.repeat(passes, |callback, base, index| {
            let [there, done] = ["string", "joined"].map(|name| callback.ir.block(name));
            let index = callback.at_most(index, slots.len() as u32 - 1);
            let array = callback.ir.load(callback.ir.offset(base, array_at), 8, false);
            let source = callback.ir.add(array, callback.ir.shift_left(index, callback.ir.constant(3)));
            let string = Place::aligned(callback.ir.offset(base, string_at));
            callback.read_memory(string, callback.ir.constant(8), source, space);
            let text = callback.ir.load(string.pointer, 8, false);
            callback.ir.branch_if(callback.ir.is_zero(text), done, there);
            callback.ir.position(there);
            let end = callback.ir.load(callback.ir.offset(base, end_at), 8, false);
            let end = callback.at_most(end, size - capacity);
            let record = callback.ir.offset(base, start);
            let place = Place::new(callback.ir.index(record, end), 1);
            let memory = callback.read_text(place, capacity, text, space)?;
            let length = memory.length.unwrap_or_else(|| callback.ir.constant(0));
            let length = callback.at_most(length, capacity);
            // Slots of strings are u32 lengths, one after the other.
            let slot = callback
                .ir
                .index(callback.ir.offset(record, HEADER_SIZE), callback.ir.mul(index, callback.ir.constant(4)));
            callback.ir.store(slot, length, 4);
            callback.ir.store(callback.ir.offset(base, end_at), callback.ir.add(end, length), 8);
            callback.ir.return_value(callback.ir.constant(0));
            callback.ir.position(done);
            Ok(callback.ir.constant(1))
        })?;
        let end = self.ir.load_volatile(self.ir.offset(state, 8), 8, false);
        let end = self.at_most(end, size);
        self.output(&TailRecord { start: record, end, progress: state, most: size });
        Ok(())
    }

    /// Sends two numbers and bytes of the kernel's memory, at most `most`; what the ring says to it.
    pub fn send_packet(
        &mut self,
        site: SiteId,
        numbers: [IntValue<'ctx>; 2],
        address: IntValue<'ctx>,
        bytes: IntValue<'ctx>,
        most: u32,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let unit = self.unit;
        let layout = &unit.sites[site.index()];
        let mut record = self.begin_record(site, layout)?;
        let mut bytes_at = 0;
        for (index, slot) in layout.slots().iter().enumerate() {
            match (slot.place, numbers.get(index)) {
                (SlotPlace::Fixed { offset }, Some(number)) => {
                    self.ir.store(self.ir.offset(record.start.pointer, HEADER_SIZE + offset), *number, 8);
                }
                (SlotPlace::Fixed { offset } | SlotPlace::Tail { offset }, _) => bytes_at = offset,
            }
        }
        let place = Place::new(self.ir.index(record.start.pointer, record.end), 1);
        let bytes = self.at_most(bytes, most);
        self.read_memory(place, bytes, address, AddressSpace::Kernel);
        self.end_of_slot(&mut record, bytes_at, bytes, most);
        let wakeup = self.ir.constant(RING_NO_WAKEUP);
        let sent = self.output_bytes(record.start.pointer, record.end, record.most, wakeup);
        let failed = self.ir.compare(IntPredicate::SLT, sent, self.ir.constant(0));
        self.count_if(failed, CounterCause::RingFull, Span::default());
        Ok(sent)
    }

    fn copy_to_tail(&mut self, memory: Memory<'ctx>, capacity: u32, place: Place<'ctx>) -> IntValue<'ctx> {
        if memory.place.pointer == place.pointer {
            // Written in place, its length unknown: measured by reading it onto itself.
            let source = self.ir.address(place.pointer);
            let room = self.ir.constant(u64::from(capacity));
            let copied = self.ir.probe_read_kernel_str(place.pointer, room, source);
            return self.ir.sub(copied, self.ir.constant(1));
        }
        self.copy_string(memory, capacity, place)
    }

    /// Notes the length of a tail slot, at most its capacity, and moves on.
    ///
    /// The end goes through memory: read back, it is one number within a range, whichever way the text was read. Kept
    /// in a register it would be another one on each way, and the verifier would follow all combinations.
    fn end_of_slot(&mut self, record: &mut TailRecord<'ctx>, offset: u32, length: IntValue<'ctx>, capacity: u32) {
        let at = self.ir.offset(record.start.pointer, HEADER_SIZE + offset);
        self.ir.store(at, length, 4);
        self.ir.store(record.progress, self.ir.add(record.end, length), 8);
        record.most += capacity;
        let end = self.ir.load_volatile(record.progress, 8, false);
        record.end = self.at_most(end, record.most);
    }

    fn output(&mut self, record: &TailRecord<'ctx>) {
        let wakeup = self.ir.constant(RING_NO_WAKEUP);
        let sent = self.output_bytes(record.start.pointer, record.end, record.most, wakeup);
        let failed = self.ir.compare(IntPredicate::SLT, sent, self.ir.constant(0));
        self.count_if(failed, CounterCause::RingFull, Span::default());
    }

    /// Copies bytes, at most `most`, into the ring; negative when there is no room.
    pub(super) fn output_bytes(
        &mut self,
        start: PointerValue<'ctx>,
        bytes: IntValue<'ctx>,
        most: u32,
        wakeup: IntValue<'ctx>,
    ) -> IntValue<'ctx> {
        let ring = self.ring(most);
        self.ir.ringbuf_output(ring, start, bytes, wakeup)
    }
}

/// A record with a tail: where it begins and how long it is.
struct TailRecord<'ctx> {
    start: Place<'ctx>,
    end: IntValue<'ctx>,
    /// A word of scratch memory for the end.
    progress: PointerValue<'ctx>,
    /// What the end cannot exceed so far.
    most: u32,
}

/// The most bytes of a tail slot.
fn slot_capacity(ty: &Type) -> u32 {
    match ty {
        Type::Buffer { capacity } => *capacity,
        ty => ty.size(),
    }
}

fn header(site: SiteId) -> u64 {
    // Sema allows fewer sites than a u16 counts; see `Limits::max_nodes`.
    Header { kind: RecordKind::Site, site: site.0 as u16, extra: 0 }.word()
}

/// Whether an expression has no statements in it, which could leave the program before a reserved record is sent.
fn is_straight(expression: &Expr) -> bool {
    let mut straight = !matches!(expression.kind, ExprKind::Block { .. });
    expression.for_each_part(&mut |part| straight = straight && is_straight(part));
    straight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_strings_go_to_the_tail_and_all_else_is_aligned() {
        let slot = |ty| Slot { ty, place: SlotPlace::Fixed { offset: 0 } };
        let mut slots = [
            slot(Type::UINT8),
            slot(Type::String { capacity: 1024 }),
            slot(Type::UINT64),
            slot(Type::String { capacity: 16 }),
        ];
        assert_eq!(place_slots(&mut slots), (32, 1024));
        let places: Vec<_> = slots.iter().map(|slot| slot.place).collect();
        assert_eq!(
            places,
            [
                SlotPlace::Fixed { offset: 0 },
                SlotPlace::Tail { offset: 4 },
                SlotPlace::Fixed { offset: 8 },
                SlotPlace::Fixed { offset: 16 },
            ]
        );
    }
}
