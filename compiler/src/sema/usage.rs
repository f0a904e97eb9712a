//! What a probe's body asks of the attach point, read off the tree before anything has a type.

use crate::builtins::argument_index;
use crate::syntax::ast::{
    Argument, Block, Else, Expr, ExprKind, Function, If, Place, PlaceKind, Probe, Stmt, StmtKind, TypeArgument,
};

/// What differs between the matches of a wildcard and is used.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// `probe`: every match needs a program of its own.
    pub probe: bool,
    /// Names after `args.`.
    pub fields: Vec<String>,
    /// `arg0`, `arg1`, ...
    pub positions: bool,
    /// `retval`
    pub result: bool,
    /// `ctx`
    pub context: bool,
    /// A loop whose body is a function of its own, without the probe's context.
    pub callbacks: bool,
    /// `args` without a field.
    pub whole_arguments: bool,
    /// A function that takes the arguments as objects which the verifier tracks.
    pub objects: bool,
}

impl Usage {
    /// Of a probe, and of the functions that it may call: any of the script's.
    pub fn of(probe: &Probe, functions: &[&Function]) -> Self {
        let mut usage = Self::default();
        if let Some(predicate) = &probe.predicate {
            usage.expr(predicate);
        }
        usage.block(&probe.body);
        functions.iter().for_each(|function| usage.block(&function.body));
        usage
    }

    /// Whether one program on the entry or exit of every system call can serve the tracepoints of many.
    pub fn fits_all_syscalls(&self) -> bool {
        let common = |field: &String| matches!(field.as_str(), "__syscall_nr" | "ret");
        !self.whole_arguments
            && !self.context
            && self.fields.iter().all(common)
            && !(self.callbacks && (self.probe || !self.fields.is_empty()))
    }

    pub fn reads_arguments(&self) -> bool {
        !self.fields.is_empty() || self.whole_arguments
    }

    fn block(&mut self, block: &Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
        block.value.iter().for_each(|value| self.expr(value));
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { value, .. } | StmtKind::Return(value) => value.iter().for_each(|it| self.expr(it)),
            StmtKind::Assign { target, value, .. } => {
                self.place(target);
                self.expr(value);
            }
            StmtKind::Discard(expr) | StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Break | StmtKind::Continue | StmtKind::Import(_) => {}
            StmtKind::While { condition: head, body } | StmtKind::Unroll { count: head, body } => {
                self.expr(head);
                self.block(body);
            }
            StmtKind::Block(body) => self.block(body),
            StmtKind::ForMap { body, .. } => {
                self.callbacks = true;
                self.block(body);
            }
            StmtKind::ForRange { start, end, body, .. } => {
                self.callbacks = true;
                self.expr(start);
                self.expr(end);
                self.block(body);
            }
        }
    }

    fn place(&mut self, place: &Place) {
        if let PlaceKind::Map { key, .. } = &place.kind {
            key.iter().for_each(|part| self.expr(part));
        }
    }

    fn name(&mut self, name: &str) {
        match name {
            // The place of a probe decides what the program's address is, too.
            "probe" | "uaddr" => self.probe = true,
            "socket_cookie" | "path" => self.objects = true,
            "args" => self.whole_arguments = true,
            "retval" => self.result = true,
            "ctx" => self.context = true,
            _ => self.positions |= argument_index(name).is_some(),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Integer { .. }
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::Positional(_)
            | ExprKind::PositionalCount => {}
            ExprKind::Identifier(name) => self.name(name),
            ExprKind::Place(place) | ExprKind::Step { target: place, .. } | ExprKind::AddressOf(place) => {
                self.place(place);
            }
            ExprKind::Call { function, arguments } => {
                self.name(&function.name);
                for argument in arguments {
                    if let Argument::Expr(argument) = argument {
                        self.expr(argument);
                    }
                }
            }
            ExprKind::Field { base, field, .. } => match &base.kind {
                ExprKind::Identifier(name) if name == "args" => self.fields.push(field.name.clone()),
                _ => self.expr(base),
            },
            ExprKind::Unary { operand, .. }
            | ExprKind::Cast { operand, .. }
            | ExprKind::TupleField { base: operand, .. }
            | ExprKind::Comptime(operand) => self.expr(operand),
            ExprKind::Binary { left, right, .. } | ExprKind::Index { base: left, index: right } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                self.expr(condition);
                then.iter().for_each(|then| self.expr(then));
                self.expr(otherwise);
            }
            ExprKind::If(it) => self.if_expr(it),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Tuple(parts) => parts.iter().for_each(|part| self.expr(part)),
            ExprKind::Record(fields) => fields.iter().for_each(|(_, part)| self.expr(part)),
            ExprKind::SizeOf(of) | ExprKind::TypeInfo(of) | ExprKind::OffsetOf { of, .. } => {
                if let TypeArgument::Expr(expr) = &**of {
                    self.expr(expr);
                }
            }
        }
    }

    fn if_expr(&mut self, it: &If) {
        self.expr(&it.condition);
        self.block(&it.then);
        match &it.otherwise {
            Some(Else::Block(block)) => self.block(block),
            Some(Else::If(expr)) => self.expr(expr),
            None => {}
        }
    }
}
