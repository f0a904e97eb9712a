//! What the functions of one program share: where its variables live, how much memory it takes.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::hir::{self, Block, Expr, ExprKind, FunctionId, ProbeProgram, Stmt, StmtKind, VariableId};
use crate::manifest::{AttachSpec, MapId, ProgramKind};

use crate::types::Type;

use super::functions;
use super::layout::SCRATCH_LIMIT;
use super::sessions::Session;
use super::stacks::STACK_MEMORY;

/// The largest value of a variable that goes to the stack.
const LOCAL_VALUE: u32 = 32;
/// Variables that may live in registers, or where LLVM spills them on the stack.
const LOCAL_REGISTERS: u32 = 16;
/// Bytes of stack that variables may take which are not registers.
const LOCAL_BUDGET: u32 = 96;

/// One program under construction.
pub struct ProgramState<'a> {
    pub probe: &'a ProbeProgram,
    /// Which program of the object.
    pub index: u32,
    pub section: String,
    storage: HashMap<VariableId, Storage>,
    pub(super) scratch_used: Cell<u32>,
    pub(super) scratch_peak: Cell<u32>,
    pub(super) stack_used: Cell<u32>,
    callbacks: Cell<u32>,
    /// Scratch offset of two words, the value and the fact of a `return` in a callback.
    pub(super) returned: Option<u32>,
    /// Scratch offset of what stack captures remember between events.
    pub(super) stack_memory: Option<u32>,
    /// Places where a stack is captured, by the most frames.
    captures: HashMap<u16, u32>,
    deleted: HashSet<MapId>,
    /// The kernel has `bpf_loop`.
    has_loop: bool,
    /// Scratch offsets of what functions return in memory.
    results: HashMap<FunctionId, u32>,
}

/// Where a variable lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On the stack of the one function that uses it, often in a register.
    Local,
    /// At an offset in the scratch memory.
    Scratch(u32),
}

impl<'a> ProgramState<'a> {
    /// None when the variables need more memory than a CPU has for a program.
    pub fn new(
        probe: &'a ProbeProgram,
        index: u32,
        session: Option<&Session>,
        deleted: HashSet<MapId>,
        has_loop: bool,
    ) -> Option<Self> {
        let state = Self {
            probe,
            index,
            section: session.map_or_else(|| format!("probe{index}"), |session| session.section()),
            storage: HashMap::new(),
            scratch_used: Cell::new(0),
            scratch_peak: Cell::new(0),
            stack_used: Cell::new(0),
            callbacks: Cell::new(0),
            returned: None,
            stack_memory: None,
            captures: HashMap::new(),
            deleted: HashSet::new(),
            has_loop,
            results: HashMap::new(),
        };
        let mut homes = Homes { has_loop, ..Homes::default() };
        homes.block(&probe.body);
        for function in &probe.functions {
            homes.function(function);
            for (variable, in_register) in function.parameters.iter().zip(state.parameters_in_registers(function)) {
                homes.used(*variable);
                if !in_register {
                    // The caller writes it.
                    homes.shared.insert(*variable);
                }
            }
        }
        let mut results = HashMap::new();
        for (index, function) in probe.functions.iter().enumerate() {
            if !function.returns.is_scalar() && function.returns != Type::Void {
                let size = function.returns.size().max(8).next_multiple_of(8);
                results.insert(FunctionId(index as u32), state.take_scratch(size)?);
            }
        }
        let mut storage = HashMap::new();
        let (mut registers, mut local_bytes) = (0, 0);
        for (index, definition) in probe.variables.iter().enumerate() {
            let variable = VariableId(index as u32);
            let size = definition.ty.size().max(8).next_multiple_of(8);
            let shared = homes.shared.contains(&variable);
            let fits = if definition.ty.is_scalar() {
                registers < LOCAL_REGISTERS
            } else {
                size <= LOCAL_VALUE && local_bytes + size <= LOCAL_BUDGET
            };
            if !shared && fits {
                if definition.ty.is_scalar() {
                    registers += 1;
                } else {
                    local_bytes += size;
                }
                storage.insert(variable, Storage::Local);
            } else {
                storage.insert(variable, Storage::Scratch(state.take_scratch(size)?));
            }
        }
        let returned = if homes.functions > 0 { Some(state.take_scratch(16)?) } else { None };
        let stack_memory = if homes.captures.is_empty() { None } else { Some(state.take_scratch(STACK_MEMORY)?) };
        Some(Self { storage, returned, stack_memory, captures: homes.captures, deleted, results, ..state })
    }

    /// Whether each pass of a `while` is a function that the kernel calls back.
    pub fn is_callback(&self, statement: &Stmt) -> bool {
        self.has_loop && matches!(statement.kind, StmtKind::While { detached: true, .. })
    }

    /// Which parameters of a function travel in registers.
    pub fn parameters_in_registers(&self, function: &hir::Function) -> Vec<bool> {
        let types = function.parameters.iter().map(|id| self.probe.variables.get(id.0 as usize));
        functions::in_registers(types.map(|it| it.is_some_and(|it| it.ty.is_scalar())))
    }

    /// Scratch offset of what a function returns in memory.
    pub fn function_result(&self, function: FunctionId) -> Option<u32> {
        self.results.get(&function).copied()
    }

    /// A symbol for a function of this program.
    pub fn function_name(&self, function: FunctionId) -> String {
        let name = self.probe.functions.get(function.0 as usize).map_or("", |it| it.name.as_str());
        format!("run{}_fn_{name}", self.index)
    }

    pub fn storage(&self, variable: VariableId) -> Storage {
        self.storage.get(&variable).copied().unwrap_or(Storage::Local)
    }

    /// How many places capture a stack of at most so many frames.
    pub fn captures(&self, limit: u16) -> u32 {
        self.captures.get(&limit).copied().unwrap_or(0)
    }

    /// Whether some probe deletes entries of a map, so that most assignments create one.
    pub fn deletes(&self, map: MapId) -> bool {
        self.deleted.contains(&map)
    }

    /// None when the memory of a CPU is used up.
    pub fn take_scratch(&self, bytes: u32) -> Option<u32> {
        let offset = self.scratch_used.get();
        let end = offset.checked_add(bytes)?.checked_next_multiple_of(8)?;
        if end > SCRATCH_LIMIT {
            return None;
        }
        self.scratch_used.set(end);
        self.scratch_peak.set(self.scratch_peak.get().max(end));
        Some(offset)
    }

    /// A symbol for another callback of this program.
    pub fn callback_name(&self) -> String {
        let number = self.callbacks.get();
        self.callbacks.set(number + 1);
        format!("run{}_loop{number}", self.index)
    }

    /// `end` runs when all other programs are stopped; an iterator that is left behind has no run.
    pub fn runs_after_stop(&self) -> bool {
        self.probe.attach.iter().any(|attach| match &attach.spec {
            AttachSpec::Iterator(iterator) => iterator.pin.is_some(),
            spec => *spec == AttachSpec::End,
        })
    }

    /// Tracepoints let others see the event too; the rest return 0, as bpftrace does.
    pub fn default_return(&self) -> u64 {
        u64::from(self.probe.kind == ProgramKind::Tracepoint)
    }
}

/// Finds the variables that several functions use: a `for` loop's body is a function of its own.
#[derive(Default)]
struct Homes {
    /// The kernel calls loops back.
    has_loop: bool,
    functions: u32,
    current: u32,
    captures: HashMap<u16, u32>,
    home: HashMap<VariableId, u32>,
    shared: HashSet<VariableId>,
}

impl Homes {
    fn function(&mut self, function: &hir::Function) {
        self.functions += 1;
        self.current = self.functions;
        self.block(&function.body);
    }

    fn used(&mut self, variable: VariableId) {
        if *self.home.entry(variable).or_insert(self.current) != self.current {
            self.shared.insert(variable);
        }
    }
}

impl Visit for Homes {
    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Declare(variable) | StmtKind::AssignVariable { variable, .. } => self.used(*variable),
            _ => {}
        }
        let outer = self.current;
        if matches!(statement.kind, StmtKind::While { detached: true, .. }) && self.has_loop {
            self.functions += 1;
            self.current = self.functions;
            walk(self, statement);
            self.current = outer;
            return;
        }
        if let StmtKind::ForRange { variable, .. } | StmtKind::ForMap { variable, .. } = &statement.kind {
            statement.for_each_expression(&mut |expression| self.expression(expression));
            self.functions += 1;
            self.current = self.functions;
            self.used(*variable);
            statement.for_each_block(&mut |block| self.block(block));
            self.current = outer;
            return;
        }
        walk(self, statement);
    }

    fn expression(&mut self, expression: &Expr) {
        if let ExprKind::Variable(variable)
        | ExprKind::StepVariable { variable, .. }
        | ExprKind::AddressOfVariable(variable) = &expression.kind
        {
            self.used(*variable);
        }
        if let (ExprKind::Call(_), Type::Stack { limit, .. }) = (&expression.kind, &expression.ty) {
            *self.captures.entry((*limit).max(1)).or_default() += 1;
        }
        walk_expression(self, expression);
    }
}

/// The maps of which some probe deletes entries.
pub fn deleted_maps(program: &hir::Program) -> HashSet<MapId> {
    #[derive(Default)]
    struct Deleted(HashSet<MapId>);
    impl Visit for Deleted {
        fn expression(&mut self, expression: &Expr) {
            if let ExprKind::Call(call) = &expression.kind
                && let (true, Some((map, _))) = (std::ptr::eq(call.builtin, &crate::builtins::maps::DELETE), &call.map)
            {
                self.0.insert(*map);
            }
            walk_expression(self, expression);
        }
    }
    let mut deleted = Deleted::default();
    for probe in &program.programs {
        deleted.block(&probe.body);
        probe.functions.iter().for_each(|function| deleted.block(&function.body));
    }
    deleted.0
}

/// A walk over all statements and expressions of a body, in order of evaluation.
trait Visit: Sized {
    fn statement(&mut self, statement: &Stmt) {
        walk(self, statement);
    }

    fn expression(&mut self, expression: &Expr);

    fn block(&mut self, block: &Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
    }
}

fn walk(visit: &mut impl Visit, statement: &Stmt) {
    statement.for_each_expression(&mut |expression| visit.expression(expression));
    statement.for_each_block(&mut |block| visit.block(block));
}

fn walk_expression(visit: &mut impl Visit, expression: &Expr) {
    if let ExprKind::Block { block, .. } = &expression.kind {
        visit.block(block);
    }
    expression.for_each_part(&mut |part| visit.expression(part));
}
