//! The program after semantic analysis: resolved and typed. Codegen and the manifest read it; nothing here fails.
//!
//! Invariants that sema keeps for codegen:
//! - Every expression's `ty` is final. Integer operands of an arithmetic or comparison node have the node's operand
//!   type already: widening and sign changes are explicit [`ExprKind::Cast`] nodes.
//! - Names are ids or `&'static` records. Wildcards are expanded. Macros, `unroll` counts and constants are resolved.
//! - Conditions have type `Bool` (sema adds `!= 0`).
//! - Keys and values that are stored have exactly the map's key and value type. Strings and buffers may be shorter, also
//!   as parts of [`ExprKind::Tuple`] and [`ExprKind::Record`] and as arms of [`ExprKind::Conditional`]: the store copies
//!   what there is and zeroes the rest.
//! - `>>` is arithmetic and `/ %` and comparisons are signed where the operand type is signed.
//! - `exit()` occurs only as a statement of its own; the `Return` that it implies follows it.

pub mod dump;

use std::sync::Arc;

use crate::builtins::Builtin;
use crate::manifest::{AttachPoint, MapId, ProbeInfo, ProgramKind, RunSettings, SiteId, SiteKind};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Step};
use crate::types::Type;

#[derive(Debug, Clone)]
pub struct Program {
    /// One per BPF program to generate.
    pub programs: Vec<ProbeProgram>,
    /// Every attach point after expansion; `ProbeId` indexes it.
    pub probes: Vec<ProbeInfo>,
    pub maps: Vec<MapDef>,
    /// Asynchronous call sites; `SiteId` indexes it.
    pub sites: Vec<SiteDef>,
    pub strings: Vec<String>,
    pub settings: RunSettings,
    /// Whether programs are needed that tell which processes are followed.
    pub follows: bool,
    pub count_read_failures: bool,
}

/// Which processes run a body; all others leave it at its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessTest {
    /// These tgids; empty: any.
    pub pids: Vec<u32>,
    /// Those that are followed, instead.
    pub followed: bool,
    /// Those in the control group of the run.
    pub cgroup: bool,
    /// None of the tracer's own.
    pub not_own: bool,
}

/// One body, typed for its attach points.
#[derive(Debug, Clone)]
pub struct ProbeProgram {
    pub kind: ProgramKind,
    pub attach: Vec<AttachPoint>,
    /// What `probe` evaluates to.
    pub probe_name: String,
    pub filter: ProcessTest,
    pub context: Context,
    /// Scratch variables of all blocks, `VarId` indexes it; names are for debugging only.
    pub variables: Vec<VariableDef>,
    /// The functions of the script that are called, `FunctionId` indexes it.
    pub functions: Vec<Function>,
    /// The predicate is the first statement: `if (!p) return`.
    pub body: Block,
    pub span: Span,
}

/// A function of the script, typed for one program.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    /// Variables of the program that only this function uses.
    pub parameters: Vec<VariableId>,
    pub returns: Type,
    /// Every way through it ends in a return, unless it returns nothing.
    pub body: Block,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(pub u32);

/// How a program's context argument is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// `begin`, `end`: nothing to read.
    None,
    /// The tracepoint's record.
    Tracepoint,
    /// `struct bpf_perf_event_data`: pt_regs first.
    PerfEvent,
    /// `struct pt_regs`.
    Registers { is_return: bool },
    /// An array of u64 arguments.
    RawArguments,
    /// The arguments of the raw tracepoints `sys_enter` and `sys_exit`: registers, then the number or the result.
    Syscall { is_exit: bool },
    /// A struct of the kernel, `bpf_iter__NAME`.
    Iterator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VariableId(pub u32);

#[derive(Debug, Clone)]
pub struct VariableDef {
    pub name: String,
    pub ty: Type,
}

#[derive(Debug, Clone)]
pub struct MapDef {
    /// With `@`.
    pub name: String,
    pub key: Option<Type>,
    pub value: Type,
    pub max_entries: u32,
    pub eviction: Eviction,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// Updates fail when the map is full.
    None,
    LeastRecentlyUsed,
}

/// A site as sema knows it: kinds and argument types; codegen lays the payload out.
#[derive(Debug, Clone)]
pub struct SiteDef {
    pub kind: SiteKind,
    pub span: Span,
}

#[derive(Debug, Clone, Default)]
pub struct Block {
    pub statements: Vec<Stmt>,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    /// Evaluate for the effect.
    Expr(Expr),
    /// The variable's storage is zeroed where it is declared without a value: a loop sees it fresh in each pass.
    Declare(VariableId),
    AssignVariable {
        variable: VariableId,
        value: Expr,
    },
    AssignMap {
        map: MapId,
        key: Option<Expr>,
        value: Expr,
    },
    /// `@m[k] op= value`: one lookup; the operand and the result have the map's value type after `operand_type`
    /// arithmetic.
    UpdateMap {
        map: MapId,
        key: Option<Expr>,
        operator: BinaryOp,
        operand: Expr,
        /// The type the arithmetic is done in (64 bits), before truncation to the map's value type.
        arithmetic: Type,
    },
    /// `@m[k] = count()` and the like.
    Aggregate {
        map: MapId,
        key: Option<Expr>,
        /// The sample, 64 bits; None for `count()`.
        argument: Option<Expr>,
    },
    If {
        condition: Expr,
        then: Block,
        otherwise: Block,
    },
    While {
        condition: Expr,
        body: Block,
        /// Nothing in it needs the probe's context: a pass can be a function of its own, which the kernel calls back.
        detached: bool,
    },
    /// `for $i : start..end`, int64 bounds.
    ForRange {
        variable: VariableId,
        start: Expr,
        end: Expr,
        body: Block,
    },
    /// `for $kv : @m`: the variable is a tuple (key, value).
    ForMap {
        variable: VariableId,
        map: MapId,
        body: Block,
    },
    Unroll {
        count: u32,
        body: Block,
    },
    Break,
    Continue,
    /// Leaves the program or the function; None: the program kind's default. A function's value has its type.
    Return(Option<Expr>),
    Block(Block),
}

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

impl Stmt {
    /// Visits the expressions of the statement itself, in the order of evaluation.
    pub fn for_each_expression<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            StmtKind::Expr(value) | StmtKind::AssignVariable { value, .. } | StmtKind::Return(Some(value)) => {
                visit(value)
            }
            StmtKind::AssignMap { key, value, .. } => key.iter().chain([value]).for_each(visit),
            StmtKind::UpdateMap { key, operand, .. } => key.iter().chain([operand]).for_each(visit),
            StmtKind::Aggregate { key, argument, .. } => key.iter().chain(argument).for_each(visit),
            StmtKind::If { condition, .. } | StmtKind::While { condition, .. } => visit(condition),
            StmtKind::ForRange { start, end, .. } => [start, end].into_iter().for_each(visit),
            StmtKind::Declare(_)
            | StmtKind::ForMap { .. }
            | StmtKind::Unroll { .. }
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Return(None)
            | StmtKind::Block(_) => {}
        }
    }

    /// Visits the blocks within the statement.
    pub fn for_each_block<'e>(&'e self, visit: &mut dyn FnMut(&'e Block)) {
        match &self.kind {
            StmtKind::If { then, otherwise, .. } => [then, otherwise].into_iter().for_each(visit),
            StmtKind::While { body, .. }
            | StmtKind::ForRange { body, .. }
            | StmtKind::ForMap { body, .. }
            | StmtKind::Unroll { body, .. }
            | StmtKind::Block(body) => visit(body),
            _ => {}
        }
    }
}

impl Expr {
    /// Visits the expressions that this one is made of, in the order of evaluation; not those in the statements of a
    /// block.
    pub fn for_each_part<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Integer(_)
            | ExprKind::String(_)
            | ExprKind::Variable(_)
            | ExprKind::StepVariable { .. }
            | ExprKind::TracepointField { .. }
            | ExprKind::RawArgument(_)
            | ExprKind::Argument(_)
            | ExprKind::ProbeName
            | ExprKind::ReturnValue
            | ExprKind::ContextPointer
            | ExprKind::AddressOfVariable(_)
            | ExprKind::AddressOfMap(_) => {}
            ExprKind::MapRead { key, .. } | ExprKind::StepMap { key, .. } => {
                if let Some(key) = key {
                    visit(key);
                }
            }
            ExprKind::Unary { operand, .. } | ExprKind::Cast(operand) => visit(operand),
            ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(|part| visit(part)),
            ExprKind::PointerOffset { pointer, index, .. } => [pointer, index].into_iter().for_each(|part| visit(part)),
            ExprKind::Conditional { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|part| visit(part));
            }
            ExprKind::Block { value, .. } => visit(value),
            ExprKind::Load { pointer, .. } | ExprKind::AddressOfMember { pointer, .. } => visit(pointer),
            ExprKind::Member { base, .. } => visit(base),
            ExprKind::Element { base, index, .. } => [base, index].into_iter().for_each(|part| visit(part)),
            ExprKind::Tuple(parts) | ExprKind::Record(parts) | ExprKind::CallFunction { arguments: parts, .. } => {
                parts.iter().for_each(visit)
            }
            ExprKind::Call(call) => {
                call.arguments.iter().for_each(&mut *visit);
                if let Some((_, Some(key))) = &call.map {
                    visit(key);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    /// Also bool, enum and pointer constants: the bits, sign-extended to 64.
    Integer(u64),
    /// Without NUL.
    String(Vec<u8>),
    Variable(VariableId),
    /// Zero of the value type where the key is missing. Of a castable aggregation: the merged integer.
    MapRead {
        map: MapId,
        key: Option<Box<Expr>>,
    },
    /// `++`/`--` on a variable or a map; the value is the one before (postfix) or after (prefix).
    StepVariable {
        variable: VariableId,
        step: Step,
        prefix: bool,
    },
    StepMap {
        map: MapId,
        key: Option<Box<Expr>>,
        step: Step,
        prefix: bool,
    },
    Unary {
        operator: UnaryOp,
        operand: Box<Expr>,
    },
    /// Arithmetic, bitwise, shifts and comparisons of scalars, strings, arrays, tuples (`== !=` only for the latter).
    /// `&&` and `||` short-circuit; their operands are Bool.
    Binary {
        operator: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Pointer + integer, scaled by `scale` bytes (negative to subtract).
    PointerOffset {
        pointer: Box<Expr>,
        index: Box<Expr>,
        scale: i64,
    },
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Statements, then the value.
    Block {
        block: Block,
        value: Box<Expr>,
    },
    /// To `ty`: integer width and sign, int <-> pointer <-> enum <-> bool, int <-> array of the same size,
    /// string to a larger string, string to int8 array.
    Cast(Box<Expr>),
    /// Read `ty` through a pointer (the operand), `offset` bytes on, optionally a bit-field of it.
    /// Scalars arrive in a register; strings (char arrays), structs and arrays are copied.
    Load {
        pointer: Box<Expr>,
        offset: u32,
        bits: Option<(u8, u8)>,
    },
    /// The address of a member: `pointer + offset`, retyped; for struct-typed members on the way to a field.
    AddressOfMember {
        pointer: Box<Expr>,
        offset: u32,
    },
    /// A part of a struct, tuple, record or array value in memory, at a constant offset.
    Member {
        base: Box<Expr>,
        offset: u32,
        bits: Option<(u8, u8)>,
    },
    /// Element of an array or byte of a string value at a run-time index, checked against `len`; 0 when outside.
    Element {
        base: Box<Expr>,
        index: Box<Expr>,
        len: u32,
    },
    Tuple(Vec<Expr>),
    /// In the order of the type's fields.
    Record(Vec<Expr>),
    /// A field of a tracepoint's record.
    TracepointField {
        offset: u32,
        access: TracepointAccess,
    },
    /// Argument `index` of a raw tracepoint, as `ty`.
    RawArgument(u32),
    /// `arg0`…: from registers or raw arguments, by the program's context.
    Argument(u32),
    /// `probe` in a program for many attach points that can tell which it is.
    ProbeName,
    /// `retval`
    ReturnValue,
    /// The context pointer itself.
    ContextPointer,
    /// `&$x`: where the variable is kept while the program runs.
    AddressOfVariable(VariableId),
    /// `&@m`: the kernel's map; of a map without keys, its value.
    AddressOfMap(MapId),
    /// A function or builtin value.
    Call(Call),
    /// A function of the script; the arguments have the types of its parameters.
    CallFunction {
        function: FunctionId,
        arguments: Vec<Expr>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracepointAccess {
    /// In place: `ty` at the offset.
    Plain,
    /// `__data_loc`; the value is the text or bytes it points to.
    DataLocation,
    RelativeLocation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// Bool
    Not,
    BitNot,
    Neg,
}

/// A call of a builtin. What is not an ordinary value (maps, sites, literals) stands in its own field.
#[derive(Clone)]
pub struct Call {
    pub builtin: &'static Builtin,
    /// Evaluated arguments in order, without maps and literals that were consumed at compile time.
    pub arguments: Vec<Expr>,
    /// The map that the call works on, and its key for `delete`, `has_key`.
    pub map: Option<(MapId, Option<Box<Expr>>)>,
    /// For asynchronous calls.
    pub site: Option<SiteId>,
    /// Integers resolved at compile time (`strncmp`'s n, a register's offset in pt_regs, a signal number).
    pub constants: Vec<u64>,
    /// Whether anything uses the result (`delete` warns about a miss otherwise).
    pub result_used: bool,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("builtin", &self.builtin.name)
            .field("arguments", &self.arguments)
            .field("map", &self.map)
            .field("site", &self.site)
            .field("constants", &self.constants)
            .field("result_used", &self.result_used)
            .finish()
    }
}

/// A shared name, for spans that outlive the tree.
pub type Name = Arc<str>;
