//! Stacks: captured into scratch memory, named by a hash of their frames, sent once.
//!
//! User space learns the frames of an id from one record, sent before the first value that holds the id. A stack that
//! could not be sent has id 0 and is counted, so no value ever refers to frames that nobody knows.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PointerValue};

use crate::abi::record::{HEADER_SIZE, RecordKind, STACK_ID_COUNT_SHIFT, STACK_PREFIX_SIZE, STACK_USER};
use crate::manifest::{CounterCause, STACKS_SEEN_MAP};
use crate::types::StackSpace;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::helpers::{RING_FORCE_WAKEUP, RING_NO_WAKEUP, UPDATE_ANY, USER_STACK};

/// Odd numbers with well mixed bits: the fractions of the golden ratio and of the square root of 3.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const SEED: u64 = 0xbb67_ae85_84ca_a73b;

/// Frames that are asked for first: most stacks are short, and the kernel zeroes all room that is left.
const USUAL_FRAMES: u32 = 32;
/// Ids that a CPU remembers to have been sent, without a map lookup; a power of two.
const RECENT_IDS: u64 = 64;
/// Bytes that a program's captures keep between events on each CPU: the room beyond the usual one that kernel and user
/// stacks needed so far, then the recent ids.
pub const STACK_MEMORY: u32 = 16 + RECENT_IDS as u32 * 8;

/// A captured stack.
pub struct CapturedStack<'ctx> {
    pub id: IntValue<'ctx>,
    pub frames: IntValue<'ctx>,
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Captures the current stack, at most `limit` frames of it, and sees to it that user space knows the frames.
    pub fn capture_stack(&mut self, space: StackSpace, limit: u16) -> Result<CapturedStack<'ctx>, CodegenError> {
        let context = self.context_pointer()?;
        let limit = u32::from(limit.max(1));
        let prefix = HEADER_SIZE + STACK_PREFIX_SIZE;
        let record = self.scratch_memory(prefix + limit * 8)?.pointer;
        let frames = self.ir.offset(record, prefix);
        let bytes = self.frames_of_context(space, context, frames, limit)?;

        let [failed, check, captured, next] = ["failed", "check", "captured", ""].map(|name| self.ir.block(name));
        self.ir.branch_if(self.ir.compare(IntPredicate::SLT, bytes, self.ir.constant(0)), failed, check);
        self.ir.position(failed);
        self.count_failure(CounterCause::StackFailed, "get_stack", bytes);
        let from_failed = self.ir.here();
        self.ir.branch(next);
        self.ir.position(check);
        let count = self.ir.shift_right(bytes, self.ir.constant(3));
        self.ir.branch_if(self.ir.is_zero(count), next, captured);

        self.ir.position(captured);
        let owner = match space {
            StackSpace::Kernel => self.ir.constant(0),
            StackSpace::User => {
                let ids = self.current_ids()?;
                self.ir.shift_right(ids, self.ir.constant(32))
            }
        };
        let hash = self.hash_frames(frames, count, limit, owner);
        // The id tells how many frames there are: `len` of a stack that was kept needs nothing else.
        let id = self.ir.shift_right(hash, self.ir.constant(u64::from(64 - STACK_ID_COUNT_SHIFT)));
        let id = self.ir.or(id, self.ir.shift_left(count, self.ir.constant(u64::from(STACK_ID_COUNT_SHIFT))));
        let sent = self.send_stack(record, id, owner, count, space, limit)?;
        let from_captured = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        let zero = self.ir.constant(0);
        Ok(CapturedStack {
            id: self.ir.merge(&[(zero, from_failed), (zero, check), (sent, from_captured)]),
            frames: self.ir.merge(&[(zero, from_failed), (zero, check), (count, from_captured)]),
        })
    }

    /// Fills `frames`; returns the number of bytes, negative on failure.
    fn frames_of_context(
        &mut self,
        space: StackSpace,
        context: PointerValue<'ctx>,
        frames: PointerValue<'ctx>,
        limit: u32,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let (flags, memory_offset) = match space {
            StackSpace::Kernel => (0, 0),
            StackSpace::User => (USER_STACK, 8),
        };
        let flags = self.ir.constant(flags);
        let all = self.ir.constant(u64::from(limit) * 8);
        if limit <= USUAL_FRAMES {
            return Ok(self.ir.get_stack(context, frames, all, flags));
        }
        let needed = self.stack_memory(memory_offset)?;
        let usual = self.ir.constant(u64::from(USUAL_FRAMES) * 8);
        let room = self.ir.add(self.ir.load(needed, 8, false), usual);
        let room = self.at_most(room, limit * 8);
        let bytes = self.ir.get_stack(context, frames, room, flags);
        let (again, next, before) = (self.ir.block("deep"), self.ir.block(""), self.ir.here());
        // A stack that fills its room may have more frames.
        let is_full = self.ir.compare(IntPredicate::EQ, bytes, room);
        let is_cut = self.ir.and(is_full, self.ir.compare(IntPredicate::ULT, room, all));
        self.ir.branch_if(is_cut, again, next);
        self.ir.position(again);
        // Twice the room from now on.
        self.ir.store(needed, self.ir.sub(self.ir.add(room, room), usual), 8);
        let whole = self.ir.get_stack(context, frames, all, flags);
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(bytes, before), (whole, again)]))
    }

    /// The address of what captures keep between events.
    fn stack_memory(&mut self, offset: u32) -> Result<PointerValue<'ctx>, CodegenError> {
        let Some(start) = self.state.stack_memory else {
            return Err(CodegenError::internal(self.span, "a stack without its memory"));
        };
        Ok(self.scratch_at(start + offset).pointer)
    }

    /// A number for the frames, one at least (and the process whose frames they are); never 0.
    ///
    /// One frame in a pass: each waits for the product of the one before, which takes longer than the loop around it.
    fn hash_frames(
        &mut self,
        frames: PointerValue<'ctx>,
        count: IntValue<'ctx>,
        limit: u32,
        owner: IntValue<'ctx>,
    ) -> IntValue<'ctx> {
        let seed = self.ir.mul(self.ir.xor(owner, self.ir.constant(SEED)), self.ir.constant(MIX));
        let (pass, check, done) = (self.ir.block("frame"), self.ir.block("check"), self.ir.block("hashed"));
        let (index_slot, hash_slot) = (self.entry_memory(8, "index"), self.entry_memory(8, "hash"));
        self.ir.store(index_slot, self.ir.constant(0), 8);
        self.ir.store(hash_slot, seed, 8);
        self.ir.branch(pass);
        self.ir.position(pass);
        // The verifier sees a loop to a constant; the optimizer must not turn it into one over addresses.
        let index = self.ir.opaque(self.ir.load(index_slot, 8, false));
        let at = self.ir.index(frames, self.ir.shift_left(index, self.ir.constant(3)));
        let hash = self.ir.xor(self.ir.load(hash_slot, 8, false), self.ir.load(at, 8, false));
        let mixed = self.ir.mul(hash, self.ir.constant(MIX));
        let hash = self.ir.xor(mixed, self.ir.shift_right(mixed, self.ir.constant(29)));
        self.ir.store(hash_slot, hash, 8);
        let next = self.ir.add(index, self.ir.constant(1));
        self.ir.store(index_slot, next, 8);
        // Tested at its end: Linux 6.1 refuses a loop whose last instruction runs into the first without a jump.
        let most = self.ir.constant(u64::from(limit));
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, next, most), check, done);
        self.ir.position(check);
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, next, count), pass, done);
        self.ir.position(done);
        let mixed = self.ir.mul(hash, self.ir.constant(MIX));
        let mixed = self.ir.xor(mixed, self.ir.shift_right(mixed, self.ir.constant(32)));
        let is_zero = self.ir.is_zero(mixed);
        self.ir.select(is_zero, self.ir.constant(1), mixed)
    }

    /// Sends the frames if this run has not seen them. Returns the id, 0 if user space could not be told.
    fn send_stack(
        &mut self,
        record: PointerValue<'ctx>,
        id: IntValue<'ctx>,
        owner: IntValue<'ctx>,
        count: IntValue<'ctx>,
        space: StackSpace,
        limit: u32,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        self.unit.traffic.add_stacks();
        let recent = self.stack_memory(16)?;
        let slot = self.ir.and(id, self.ir.constant(RECENT_IDS - 1));
        let recent = self.ir.index(recent, self.ir.shift_left(slot, self.ir.constant(3)));
        let [look_up, fresh, mark, remember, lost, next] =
            ["look_up", "fresh", "mark", "remember", "lost", ""].map(|name| self.ir.block(name));
        let before = self.ir.here();
        let is_recent = self.ir.compare(IntPredicate::EQ, self.ir.load(recent, 8, false), id);
        self.ir.branch_if(is_recent, next, look_up);

        self.ir.position(look_up);
        let seen = self.unit.symbol(STACKS_SEEN_MAP);
        let key = self.word()?;
        self.ir.store(key, id, 8);
        let known = self.ir.map_lookup(seen, key);
        self.ir.branch_if(self.ir.is_null(known), fresh, remember);

        self.ir.position(fresh);
        let frames = self.at_most(count, limit);
        let header = self.ir.shift_left(frames, self.ir.constant(32));
        let header = self.ir.or(header, self.ir.constant(RecordKind::Stack as u64));
        self.ir.store(record, header, 8);
        self.ir.store(self.ir.offset(record, 8), id, 8);
        let flag = match space {
            StackSpace::Kernel => 0,
            StackSpace::User => u64::from(STACK_USER),
        };
        let owner = self.ir.or(owner, self.ir.constant(flag << 32));
        self.ir.store(self.ir.offset(record, 16), owner, 8);
        let bytes = self.ir.shift_left(frames, self.ir.constant(3));
        let bytes = self.ir.add(bytes, self.ir.constant(u64::from(HEADER_SIZE + STACK_PREFIX_SIZE)));
        let wakeup = match space {
            StackSpace::Kernel => RING_NO_WAKEUP,
            // The process may be gone in a moment, and with it what its addresses mean.
            StackSpace::User => RING_FORCE_WAKEUP,
        };
        let most = HEADER_SIZE + STACK_PREFIX_SIZE + limit * 8;
        let sent = self.output_bytes(record, bytes, most, wakeup);
        self.ir.branch_if(self.ir.compare(IntPredicate::SLT, sent, self.ir.constant(0)), lost, mark);
        self.ir.position(mark);
        let one = self.word()?;
        self.ir.store(one, self.ir.constant(1), 8);
        // If the map is full the stack is sent again once it is no longer among the recent ones.
        self.ir.map_update(seen, key, one, self.ir.constant(UPDATE_ANY));
        self.ir.branch(remember);
        self.ir.position(remember);
        self.ir.store(recent, id, 8);
        self.ir.branch(next);
        self.ir.position(lost);
        self.count_failure(CounterCause::StackFailed, "ringbuf_output", sent);
        let from_lost = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(id, before), (id, remember), (self.ir.constant(0), from_lost)]))
    }
}
