//! The state of one BPF function under construction: a program, or the callback of a loop in it.

use std::collections::HashMap;

use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::{self, FunctionId, VariableId};
use crate::manifest::{Counter, CounterCause, MapId};
use crate::source::Span;
use crate::types::Type;

use super::error::CodegenError;
use super::failures::Failure;
use super::ir::Ir;
use super::memory::StackPool;
use super::program::ProgramState;
use super::prologue::Prologue;
use super::syscalls::Syscall;
use super::unit::{Function, Unit};
use super::value::{Lowered, Memory, Place};

/// One BPF function under construction.
pub struct FunctionBuilder<'a, 'ctx> {
    pub unit: &'a Unit<'a, 'ctx>,
    pub state: &'a ProgramState<'a>,
    pub ir: Ir<'ctx>,
    pub(super) function: Function<'ctx>,
    pub(super) kind: FunctionKind<'ctx>,
    pub(super) entry: BasicBlock<'ctx>,
    body: BasicBlock<'ctx>,
    /// Where breaks and continues go, innermost loop last.
    pub(super) loops: Vec<LoopTargets<'ctx>>,
    pub(super) pool: StackPool<'ctx>,
    locals: HashMap<VariableId, PointerValue<'ctx>>,
    cpu: Option<PointerValue<'ctx>>,
    failures: Vec<Failure<'ctx>>,
    scratch: Option<PointerValue<'ctx>>,
    slot_size: Option<PointerValue<'ctx>>,
    /// Where the value of the expression that is lowered next should be written, if it needs memory.
    destination: Option<Place<'ctx>>,
    /// The same for the expression that is being lowered.
    result: Option<Place<'ctx>>,
    pub(super) syscall: Option<Syscall<'ctx>>,
    /// What is being lowered, for errors.
    pub(super) span: Span,
    /// The function of the script whose statements are lowered; None: the probe's own.
    pub(super) script_function: Option<FunctionId>,
}

#[derive(Clone, Copy)]
pub(super) enum FunctionKind<'ctx> {
    Program {
        /// Stores the return value.
        returned: PointerValue<'ctx>,
        leave: BasicBlock<'ctx>,
    },
    /// A function of the script, or one of ours.
    Subprogram {
        /// Stores the return value.
        returned: PointerValue<'ctx>,
        leave: BasicBlock<'ctx>,
    },
    Callback {
        /// Ends the loop.
        stop: BasicBlock<'ctx>,
        /// Goes on with the next pass.
        next: BasicBlock<'ctx>,
    },
}

#[derive(Clone, Copy)]
pub(super) struct LoopTargets<'ctx> {
    pub stop: BasicBlock<'ctx>,
    pub next: BasicBlock<'ctx>,
}

impl<'a, 'ctx> FunctionBuilder<'a, 'ctx> {
    /// Starts a program. Its value is `default` unless a statement returns another.
    pub(super) fn program(unit: &'a Unit<'a, 'ctx>, state: &'a ProgramState<'a>, function: Function<'ctx>) -> Self {
        let ir = Ir::new(unit.context, function.value);
        let entry = ir.block("entry");
        let body = ir.block("body");
        let leave = ir.block("leave");
        ir.position(entry);
        let returned = ir.stack_memory(8, "returned");
        ir.store(returned, ir.constant(state.default_return()), 8);
        ir.position(leave);
        ir.return_value(ir.load(returned, 8, false));
        Self::new(unit, state, ir, function, FunctionKind::Program { returned, leave }, entry, body)
    }

    /// Starts a function that programs call: one of the script, or one of ours.
    pub(super) fn subprogram(
        unit: &'a Unit<'a, 'ctx>,
        state: &'a ProgramState<'a>,
        function: Function<'ctx>,
        id: Option<FunctionId>,
        span: Span,
    ) -> Self {
        let ir = Ir::new(unit.context, function.value);
        let (entry, body, leave) = (ir.block("entry"), ir.block("body"), ir.block("leave"));
        ir.position(entry);
        let returned = ir.stack_memory(8, "returned");
        ir.store(returned, ir.constant(0), 8);
        ir.position(leave);
        ir.return_value(ir.load(returned, 8, false));
        let kind = FunctionKind::Subprogram { returned, leave };
        let mut builder = Self::new(unit, state, ir, function, kind, entry, body);
        builder.span = span;
        builder.script_function = id;
        builder.locate(span);
        builder
    }

    /// Starts a callback: 0 asks for the next pass, 1 ends the loop.
    pub(super) fn callback(unit: &'a Unit<'a, 'ctx>, state: &'a ProgramState<'a>, function: Function<'ctx>) -> Self {
        let ir = Ir::new(unit.context, function.value);
        let entry = ir.block("entry");
        let body = ir.block("body");
        let (stop, next) = (ir.block("stop"), ir.block("next"));
        for (block, value) in [(stop, 1), (next, 0)] {
            ir.position(block);
            ir.return_value(ir.constant(value));
        }
        let mut builder = Self::new(unit, state, ir, function, FunctionKind::Callback { stop, next }, entry, body);
        builder.loops.push(LoopTargets { stop, next });
        builder
    }

    fn new(
        unit: &'a Unit<'a, 'ctx>,
        state: &'a ProgramState<'a>,
        ir: Ir<'ctx>,
        function: Function<'ctx>,
        kind: FunctionKind<'ctx>,
        entry: BasicBlock<'ctx>,
        body: BasicBlock<'ctx>,
    ) -> Self {
        ir.position(body);
        let builder = Self {
            unit,
            state,
            ir,
            function,
            kind,
            entry,
            body,
            loops: Vec::new(),
            pool: StackPool::default(),
            locals: HashMap::new(),
            cpu: None,
            failures: Vec::new(),
            scratch: None,
            slot_size: None,
            destination: None,
            result: None,
            syscall: None,
            span: state.probe.span,
            script_function: None,
        };
        builder.locate(state.probe.span);
        builder
    }

    /// Ends the function: what runs off its end leaves it. The prologue follows when the layout is final.
    pub(super) fn finish(self) -> Result<(), CodegenError> {
        let (end, leave, tests_stop) = match self.kind {
            FunctionKind::Program { leave, .. } => (leave, leave, !self.state.runs_after_stop()),
            FunctionKind::Subprogram { leave, .. } => (leave, leave, false),
            FunctionKind::Callback { stop, next } => (next, stop, false),
        };
        self.ir.branch(end);
        if let Some(failure) = self.ir.failure() {
            return Err(CodegenError::internal(self.state.probe.span, failure));
        }
        self.unit.prologues.borrow_mut().push(Prologue {
            ir: self.ir,
            entry: self.entry,
            body: self.body,
            leave,
            cpu: self.cpu,
            failures: self.failures,
            scratch: self.scratch,
            slot_size: self.slot_size,
            tests_stop,
            program: self.state.index,
            function: self.function,
            section: self.state.section.clone(),
        });
        Ok(())
    }

    /// Sets what a subprogram returns when its end is reached.
    pub(super) fn return_from_subprogram(&self, value: IntValue<'ctx>) {
        if let FunctionKind::Subprogram { returned, .. } = self.kind {
            self.ir.store(returned, value, 8);
        }
    }

    /// Attributes what follows to a place in the script.
    pub fn locate(&self, span: Span) {
        let position = self.unit.file.text_position(span.start);
        self.ir.set_location(self.unit.debug.location(self.function.scope, position));
    }

    /// The context argument of the program. Callbacks have none; sema keeps context reads out of loops.
    pub fn context_pointer(&self) -> Result<PointerValue<'ctx>, CodegenError> {
        let parameter = match self.kind {
            FunctionKind::Program { .. } => self.function.value.get_nth_param(0),
            FunctionKind::Subprogram { .. } | FunctionKind::Callback { .. } => None,
        };
        match parameter {
            Some(parameter) => Ok(parameter.into_pointer_value()),
            None => Err(CodegenError::limit(self.span, "The probe's context cannot be read inside a 'for' loop")
                .with_help("Copy it to a variable before the loop")),
        }
    }

    fn entry_slot(&self, name: &str) -> PointerValue<'ctx> {
        let current = self.ir.here();
        self.ir.position(self.entry);
        let slot = self.ir.pointer_slot(name);
        self.ir.position(current);
        slot
    }

    /// The address of this CPU's part of the globals.
    pub fn cpu_slot(&mut self) -> PointerValue<'ctx> {
        let slot = self.cpu.unwrap_or_else(|| self.entry_slot("cpu"));
        self.cpu = Some(slot);
        self.ir.load_pointer(slot)
    }

    /// The address of this program's scratch memory on this CPU.
    pub(super) fn scratch_base(&mut self) -> PointerValue<'ctx> {
        let slot = self.scratch.unwrap_or_else(|| self.entry_slot("scratch"));
        self.scratch = Some(slot);
        self.ir.load_pointer(slot)
    }

    /// Bytes of one CPU's part of the globals, a constant that is known last.
    pub fn slot_size(&mut self) -> IntValue<'ctx> {
        let slot = self.slot_size.unwrap_or_else(|| self.entry_slot("slot_size"));
        self.slot_size = Some(slot);
        self.ir.load(slot, 8, false)
    }

    /// The storage of a variable that only this function uses.
    pub(super) fn local(&mut self, variable: VariableId, bytes: u32) -> PointerValue<'ctx> {
        if let Some(known) = self.locals.get(&variable) {
            return *known;
        }
        let memory = self.entry_memory(bytes, "variable");
        let current = self.ir.here();
        self.ir.position(self.entry);
        for offset in (0..bytes).step_by(8) {
            self.ir.store(self.ir.offset(memory, offset), self.ir.constant(0), 8);
        }
        self.ir.position(current);
        self.locals.insert(variable, memory);
        memory
    }

    /// Stack memory for the whole function.
    pub(super) fn entry_memory(&self, bytes: u32, name: &str) -> PointerValue<'ctx> {
        let current = self.ir.here();
        self.ir.position(self.entry);
        let memory = self.ir.stack_memory(bytes, name);
        self.ir.position(current);
        memory
    }

    /// Adds one to the counter for a cause.
    pub fn count(&mut self, cause: CounterCause, span: Span) {
        let counter = self.unit.counter(cause, span, None);
        self.fail(&counter, None);
    }

    /// [`Self::count`] for a helper that failed: what it returned is kept for the message. At the current place of the
    /// script.
    pub fn count_failure(&mut self, cause: CounterCause, helper: &str, result: IntValue<'ctx>) {
        let counter = self.unit.counter(cause, self.span, Some(helper));
        self.fail(&counter, Some(result));
    }

    /// Goes on behind what is written here when the layout is final.
    fn fail(&mut self, counter: &Counter, result: Option<IntValue<'ctx>>) {
        let failure = Failure {
            block: self.ir.block("failure"),
            next: self.ir.block(""),
            location: self.unit.debug.location(self.function.scope, self.unit.file.text_position(self.span.start)),
            counter: counter.offset,
            result: result.zip(counter.helper.as_ref()).map(|(result, helper)| (helper.result_offset, result)),
        };
        self.ir.branch(failure.block);
        self.ir.position(failure.next);
        self.failures.push(failure);
    }

    /// [`Self::count_failure`] when an `i1` is set, then goes on.
    pub fn count_failure_if(
        &mut self,
        condition: IntValue<'ctx>,
        cause: CounterCause,
        helper: &str,
        result: IntValue<'ctx>,
    ) {
        let (counts, next) = (self.ir.block("count"), self.ir.block(""));
        self.ir.branch_if(condition, counts, next);
        self.ir.position(counts);
        self.count_failure(cause, helper, result);
        self.ir.branch(next);
        self.ir.position(next);
    }

    /// Adds one to the counter for a cause when an `i1` is set, then goes on.
    pub fn count_if(&mut self, condition: IntValue<'ctx>, cause: CounterCause, span: Span) {
        let (counts, next) = (self.ir.block("count"), self.ir.block(""));
        self.ir.branch_if(condition, counts, next);
        self.ir.position(counts);
        self.count(cause, span);
        self.ir.branch(next);
        self.ir.position(next);
    }

    pub fn map(&self, map: MapId) -> &'a hir::MapDef {
        &self.unit.program.maps[map.index()]
    }

    // Values.

    /// The value of an expression.
    pub fn value(&mut self, expression: &hir::Expr) -> Result<Lowered<'ctx>, CodegenError> {
        let (span, result) = (self.span, self.result);
        self.span = expression.span;
        self.result = self.destination.take();
        let lowered = self.expression(expression);
        self.span = span;
        self.result = result;
        lowered
    }

    /// The value of a scalar expression.
    pub fn register(&mut self, expression: &hir::Expr) -> Result<IntValue<'ctx>, CodegenError> {
        match self.value(expression)? {
            Lowered::Register(value) => Ok(value),
            Lowered::Void => Ok(self.ir.constant(0)),
            Lowered::Memory(_) => Err(self.misfit(expression)),
        }
    }

    /// The value of an expression whose type lives in memory.
    pub fn memory(&mut self, expression: &hir::Expr) -> Result<Memory<'ctx>, CodegenError> {
        match self.value(expression)? {
            Lowered::Memory(memory) => Ok(memory),
            Lowered::Void | Lowered::Register(_) => Err(self.misfit(expression)),
        }
    }

    /// The value of a condition as an `i1`.
    pub fn condition(&mut self, expression: &hir::Expr) -> Result<IntValue<'ctx>, CodegenError> {
        let value = self.register(expression)?;
        Ok(self.ir.is_not_zero(value))
    }

    /// Lowers an expression and asks it to write its value to a place; the value may still lie elsewhere.
    pub(super) fn value_towards(
        &mut self,
        expression: &hir::Expr,
        place: Place<'ctx>,
    ) -> Result<Lowered<'ctx>, CodegenError> {
        self.destination = Some(place);
        let lowered = self.value(expression);
        self.destination = None;
        lowered
    }

    /// Memory for the value of the expression that is being lowered: where its user wants it, or temporary memory.
    pub fn result_memory(&mut self, ty: &Type) -> Result<Place<'ctx>, CodegenError> {
        match self.result.take() {
            Some(place) => Ok(place),
            None => self.temporary(ty),
        }
    }

    /// Takes over where the result of the expression that is being lowered should go, to pass it on.
    pub(super) fn result_place(&mut self) -> Option<Place<'ctx>> {
        self.result.take()
    }

    fn misfit(&self, expression: &hir::Expr) -> CodegenError {
        CodegenError::internal(expression.span, format!("a value of type '{}' does not fit here", expression.ty))
    }
}
