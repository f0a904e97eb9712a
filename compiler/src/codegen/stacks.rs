//! Stacks: captured into scratch memory, named by a hash of their frames, sent once.
//!
//! User space learns the frames of an id from one record, sent before the first value that holds the id. A stack that
//! could not be sent has id 0 and is counted, so no value ever refers to frames that nobody knows.

use inkwell::IntPredicate;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::values::{FunctionValue, IntValue, PointerValue};

use crate::abi::record::{HEADER_SIZE, RecordKind, STACK_ID_COUNT_SHIFT, STACK_PREFIX_SIZE, STACK_USER};
use crate::kernel::Feature;
use crate::manifest::{CounterCause, ProgramKind, STACKS_SEEN_MAP};
use crate::types::StackSpace;

use super::error::CodegenError;
use super::function::{FunctionBuilder, FunctionKind};
use super::helpers::{RING_FORCE_WAKEUP, RING_NO_WAKEUP, UPDATE_ANY, USER_STACK};
use super::unit::{Parameter, ParameterKind};

/// Odd numbers with well mixed bits: the fractions of the golden ratio and of the square root of 3.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const SEED: u64 = 0xbb67_ae85_84ca_a73b;

/// Frames that are asked for first: most stacks are short, and the kernel zeroes all room that is left.
const USUAL_FRAMES: u32 = 32;
/// Ids that a CPU remembers to have been sent, without a map lookup; a power of two.
const RECENT_IDS: u64 = 64;
/// Bytes that a program's captures keep between events on each CPU: the room beyond the usual one that kernel and user
/// stacks needed so far, then the recent ids.
pub const STACK_MEMORY: u32 = RECENT_IDS_OFFSET + RECENT_IDS as u32 * 8;
const RECENT_IDS_OFFSET: u32 = 16;

/// What the function that captures returns on failure: these numbers and those above, no id is as large. The ring's refusals lie below
/// those of the stack walk, by the numbers that the kernel has for errors.
const FAILURES: i64 = -2 * ERRORS;
const ERRORS: i64 = 4096;
/// Leaves out the frame of the function that captures (`BPF_F_SKIP_FIELD_MASK`, include/uapi/linux/bpf.h).
const SKIP_ONE: u64 = 1;
const GET_STACK: &str = "get_stack";
const RINGBUF_OUTPUT: &str = "ringbuf_output";

const PARAMETERS: [Parameter; 5] = [
    Parameter { name: "context", kind: ParameterKind::Pointer },
    Parameter { name: "record", kind: ParameterKind::Pointer },
    Parameter { name: "memory", kind: ParameterKind::Pointer },
    Parameter { name: "flags", kind: ParameterKind::Integer },
    Parameter { name: "owner", kind: ParameterKind::Integer },
];

/// What capturing works with.
struct Capture<'ctx> {
    context: PointerValue<'ctx>,
    /// Memory for the record of the frames.
    record: PointerValue<'ctx>,
    /// What captures keep between events.
    memory: PointerValue<'ctx>,
    /// [`USER_STACK`], [`SKIP_ONE`] or 0.
    flags: IntValue<'ctx>,
    /// The process whose frames they are; 0 for the kernel's.
    owner: IntValue<'ctx>,
    /// The most frames.
    limit: u32,
}

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Captures the current stack, at most `limit` frames of it, and sees to it that user space knows the frames.
    /// Returns its id, which tells how many frames there are; 0 where it failed or there are none.
    pub fn capture_stack(&mut self, space: StackSpace, limit: u16) -> Result<IntValue<'ctx>, CodegenError> {
        let limit = limit.max(1);
        let frames = u32::from(limit);
        // Linux 6.1 takes a call for the end of a loop where the code behind it was looked at before.
        let is_shared = self.state.captures(limit) > 1 && self.unit.kernel.has(Feature::InstructionsV4);
        let (flags, owner) = match space {
            StackSpace::Kernel if is_shared && self.is_on_kernel_stack() => (SKIP_ONE, self.ir.constant(0)),
            StackSpace::Kernel => (0, self.ir.constant(0)),
            StackSpace::User => {
                let ids = self.current_ids()?;
                (USER_STACK, self.ir.shift_right(ids, self.ir.constant(32)))
            }
        };
        let capture = Capture {
            context: self.context_pointer()?,
            record: self.scratch_memory(HEADER_SIZE + STACK_PREFIX_SIZE + frames * 8)?.pointer,
            memory: self.stack_memory()?,
            flags: self.ir.constant(flags),
            owner,
            limit: frames,
        };
        self.unit.traffic.add_stacks();
        if !is_shared {
            return self.capture(&capture);
        }
        let answer = self.call_capture(&capture)?;
        let before = self.ir.here();
        let [failed, lost, unread, next] = ["failed", "lost", "unread", ""].map(|name| self.ir.block(name));
        let is_failure = self.ir.compare(IntPredicate::UGE, answer, self.ir.constant(FAILURES as u64));
        self.ir.branch_if(is_failure, failed, next);
        self.ir.position(failed);
        let is_unread = self.ir.compare(IntPredicate::UGE, answer, self.ir.constant(-ERRORS as u64));
        self.ir.branch_if(is_unread, unread, lost);
        self.ir.position(unread);
        self.count_failure(CounterCause::StackFailed, GET_STACK, answer);
        let from_unread = self.ir.here();
        self.ir.branch(next);
        self.ir.position(lost);
        let refusal = self.ir.add(answer, self.ir.constant(ERRORS as u64));
        self.count_failure(CounterCause::StackFailed, RINGBUF_OUTPUT, refusal);
        let from_lost = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        let zero = self.ir.constant(0);
        Ok(self.ir.merge(&[(answer, before), (zero, from_unread), (zero, from_lost)]))
    }

    /// What a capture returns that failed: 0, and it is counted; the function of a program tells its caller, who knows
    /// which place of the script it is.
    fn failed_capture(&mut self, helper: &str, result: IntValue<'ctx>) -> IntValue<'ctx> {
        if !matches!(self.kind, FunctionKind::Subprogram { .. }) {
            self.count_failure(CounterCause::StackFailed, helper, result);
            return self.ir.constant(0);
        }
        if helper == GET_STACK { result } else { self.ir.sub(result, self.ir.constant(ERRORS as u64)) }
    }

    /// Whether the walk begins in the program itself: where the kernel calls it without the registers of an event.
    fn is_on_kernel_stack(&self) -> bool {
        match self.state.probe.kind {
            ProgramKind::Tracepoint
            | ProgramKind::PerfEvent
            | ProgramKind::Kprobe { .. }
            | ProgramKind::KprobeMulti
            | ProgramKind::KprobeSession => false,
            ProgramKind::RawTracepoint
            | ProgramKind::TracingRawTracepoint { .. }
            | ProgramKind::Iterator { .. }
            | ProgramKind::Xdp
            | ProgramKind::Trampoline { .. } => true,
        }
    }

    /// Calls the function that captures all stacks of a program with the same limit.
    fn call_capture(&mut self, capture: &Capture<'ctx>) -> Result<IntValue<'ctx>, CodegenError> {
        let name = format!("run{}_stack{}", self.state.index, capture.limit);
        let function = match self.unit.module.get_function(&name) {
            Some(known) => {
                self.unit.traffic.add(u64::from(capture.most_bytes()));
                known
            }
            None => self.capture_function(&name, capture.limit)?,
        };
        let arguments = [
            capture.context.into(),
            capture.record.into(),
            capture.memory.into(),
            capture.flags.into(),
            capture.owner.into(),
        ];
        Ok(self.ir.call_with(function, &arguments))
    }

    fn capture_function(&self, name: &str, limit: u32) -> Result<FunctionValue<'ctx>, CodegenError> {
        let function = self.unit.function(name, &self.state.section, &PARAMETERS, self.span, true);
        let noinline = Attribute::get_named_enum_kind_id("noinline");
        let attribute = self.unit.context.create_enum_attribute(noinline, 0);
        function.value.add_attribute(AttributeLoc::Function, attribute);
        let mut builder = FunctionBuilder::subprogram(self.unit, self.state, function, None, self.span);
        let parameters = function.value.get_params();
        let [context, record, memory, flags, owner] = parameters[..] else {
            return Err(CodegenError::internal(self.span, "a capture lacks a parameter"));
        };
        let capture = Capture {
            context: context.into_pointer_value(),
            record: record.into_pointer_value(),
            memory: memory.into_pointer_value(),
            flags: flags.into_int_value(),
            owner: owner.into_int_value(),
            limit,
        };
        let answer = builder.capture(&capture)?;
        builder.return_from_subprogram(answer);
        builder.finish()?;
        Ok(function.value)
    }

    /// The id, 0 for a stack without frames, or what [`Self::failed_capture`] makes of a failure.
    fn capture(&mut self, capture: &Capture<'ctx>) -> Result<IntValue<'ctx>, CodegenError> {
        let frames = self.ir.offset(capture.record, HEADER_SIZE + STACK_PREFIX_SIZE);
        let bytes = self.frames_of_context(capture, frames);
        let [failed, check, captured, next] = ["failed", "check", "captured", ""].map(|name| self.ir.block(name));
        self.ir.branch_if(self.ir.compare(IntPredicate::SLT, bytes, self.ir.constant(0)), failed, check);
        self.ir.position(failed);
        let failure = self.failed_capture(GET_STACK, bytes);
        let from_failed = self.ir.here();
        self.ir.branch(next);
        self.ir.position(check);
        let count = self.ir.shift_right(bytes, self.ir.constant(3));
        self.ir.branch_if(self.ir.is_zero(count), next, captured);

        self.ir.position(captured);
        let hash = self.hash_frames(frames, count, capture);
        // The id tells how many frames there are: `len` of a stack needs nothing else.
        let id = self.ir.shift_right(hash, self.ir.constant(u64::from(64 - STACK_ID_COUNT_SHIFT)));
        let id = self.ir.or(id, self.ir.shift_left(count, self.ir.constant(u64::from(STACK_ID_COUNT_SHIFT))));
        let sent = self.send_stack(capture, id, count)?;
        let from_captured = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        let zero = self.ir.constant(0);
        Ok(self.ir.merge(&[(failure, from_failed), (zero, check), (sent, from_captured)]))
    }

    /// Fills `frames`; returns the number of bytes, negative on failure.
    fn frames_of_context(&mut self, capture: &Capture<'ctx>, frames: PointerValue<'ctx>) -> IntValue<'ctx> {
        let Capture { context, flags, limit, .. } = *capture;
        let all = self.ir.constant(u64::from(limit) * 8);
        if limit <= USUAL_FRAMES {
            return self.ir.get_stack(context, frames, all, flags);
        }
        let needed = self.ir.shift_left(self.is_user(capture), self.ir.constant(3));
        let needed = self.ir.index(capture.memory, needed);
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
        self.ir.merge(&[(bytes, before), (whole, again)])
    }

    /// 1 for a user stack, 0 for the kernel's.
    fn is_user(&self, capture: &Capture<'ctx>) -> IntValue<'ctx> {
        self.ir.shift_right(capture.flags, self.ir.constant(u64::from(USER_STACK.trailing_zeros())))
    }

    /// The address of what captures keep between events.
    fn stack_memory(&mut self) -> Result<PointerValue<'ctx>, CodegenError> {
        let Some(start) = self.state.stack_memory else {
            return Err(CodegenError::internal(self.span, "a stack without its memory"));
        };
        Ok(self.scratch_at(start).pointer)
    }

    /// A number for the frames, one at least (and the process whose frames they are); never 0.
    ///
    /// One frame in a pass: each waits for the product of the one before, which takes longer than the loop around it.
    fn hash_frames(
        &mut self,
        frames: PointerValue<'ctx>,
        count: IntValue<'ctx>,
        capture: &Capture<'ctx>,
    ) -> IntValue<'ctx> {
        let seed = self.ir.mul(self.ir.xor(capture.owner, self.ir.constant(SEED)), self.ir.constant(MIX));
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
        let most = self.ir.constant(u64::from(capture.limit));
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, next, most), check, done);
        self.ir.position(check);
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, next, count), pass, done);
        self.ir.position(done);
        let mixed = self.ir.mul(hash, self.ir.constant(MIX));
        let mixed = self.ir.xor(mixed, self.ir.shift_right(mixed, self.ir.constant(32)));
        let is_zero = self.ir.is_zero(mixed);
        self.ir.select(is_zero, self.ir.constant(1), mixed)
    }

    /// Sends the frames if this run has not seen them. Returns the id, or what tells that user space could not be told.
    fn send_stack(
        &mut self,
        capture: &Capture<'ctx>,
        id: IntValue<'ctx>,
        count: IntValue<'ctx>,
    ) -> Result<IntValue<'ctx>, CodegenError> {
        let record = capture.record;
        let slot = self.ir.and(id, self.ir.constant(RECENT_IDS - 1));
        let recent = self.ir.offset(capture.memory, RECENT_IDS_OFFSET);
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
        let frames = self.at_most(count, capture.limit);
        let header = self.ir.shift_left(frames, self.ir.constant(32));
        let header = self.ir.or(header, self.ir.constant(RecordKind::Stack as u64));
        self.ir.store(record, header, 8);
        self.ir.store(self.ir.offset(record, 8), id, 8);
        let is_user = self.is_user(capture);
        let mark_of_space = self.ir.mul(is_user, self.ir.constant(u64::from(STACK_USER) << 32));
        self.ir.store(self.ir.offset(record, 16), self.ir.or(capture.owner, mark_of_space), 8);
        let bytes = self.ir.shift_left(frames, self.ir.constant(3));
        let bytes = self.ir.add(bytes, self.ir.constant(u64::from(HEADER_SIZE + STACK_PREFIX_SIZE)));
        // The process of a user stack may be gone in a moment, and with it what its addresses mean.
        let urgency = self.ir.mul(is_user, self.ir.constant(RING_FORCE_WAKEUP - RING_NO_WAKEUP));
        let wakeup = self.ir.add(urgency, self.ir.constant(RING_NO_WAKEUP));
        let sent = self.output_bytes(record, bytes, capture.most_bytes(), wakeup);
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
        let refusal = self.failed_capture(RINGBUF_OUTPUT, sent);
        let from_lost = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge(&[(id, before), (id, remember), (refusal, from_lost)]))
    }
}

impl Capture<'_> {
    /// Bytes of the longest record.
    fn most_bytes(&self) -> u32 {
        HEADER_SIZE + STACK_PREFIX_SIZE + self.limit * 8
    }
}
