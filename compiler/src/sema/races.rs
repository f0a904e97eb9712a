//! Counters that several processors change at once: `@m++` reads, adds and writes back, so that what two do at the same
//! time counts once. Where an aggregation could stand instead, a warning says so.

use std::collections::BTreeMap;

use crate::builtins::{self, Builtin};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::{Block, Expr, ExprKind, ProbeProgram, Program, Stmt, StmtKind, UnaryOp};
use crate::manifest::{AttachSpec, MapId};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Step};

/// A condition that only one processor or thread meets at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Guard {
    Processor(u64),
    Thread(u64),
}

/// How a script writes a map.
#[derive(Default)]
struct Writes {
    /// The first increment that another processor may do at the same time, and the aggregation that could replace it.
    racing: Option<(Span, &'static str)>,
    /// The condition under which it is increased: as long as there is but one, a single processor or thread does it.
    guard: Option<Guard>,
    /// It is written in another way too, or the value of an increment is used: an aggregation is no replacement.
    otherwise: bool,
}

/// Warns of each map that is only ever increased, and by several processors at once.
pub fn warn(program: &Program, diagnostics: &mut Diagnostics) {
    let mut writes = BTreeMap::new();
    for probe in &program.programs {
        Visitor { writes: &mut writes, is_concurrent: is_concurrent(probe), guard: None }.block(&probe.body);
    }
    for (id, writes) in writes {
        let (Some((span, aggregation)), false) = (writes.racing, writes.otherwise) else { continue };
        let Some(map) = program.maps.get(id.index()) else { continue };
        let message = format!("{} misses what several processors add at the same time", map.name);
        let key = if map.key.is_some() { "[...]" } else { "" };
        diagnostics.push(
            Diagnostic::warning("racing-counter", span, message)
                .with_help(format!("{}{key} = {aggregation}; counts exactly, and is cheaper", map.name)),
        );
    }
}

/// Whether a probe may run on several processors at the same time.
fn is_concurrent(probe: &ProbeProgram) -> bool {
    !probe.attach.iter().all(|point| {
        matches!(point.spec, AttachSpec::Begin | AttachSpec::End | AttachSpec::Signal | AttachSpec::Interval { .. })
    })
}

struct Visitor<'w> {
    writes: &'w mut BTreeMap<MapId, Writes>,
    is_concurrent: bool,
    /// What holds for the statement at hand.
    guard: Option<Guard>,
}

impl Visitor<'_> {
    fn block(&mut self, block: &Block) {
        let around = self.guard;
        for statement in &block.statements {
            self.statement(statement);
            // `if (cpu != 0) return`, as predicates become: it holds for what follows.
            if let StmtKind::If { condition, then, .. } = &statement.kind
                && matches!(then.statements.last(), Some(Stmt { kind: StmtKind::Return(_), .. }))
            {
                self.guard = guard_of(condition, false).or(self.guard);
            }
        }
        self.guard = around;
    }

    /// A block that runs where a condition is `holds`.
    fn guarded(&mut self, block: &Block, condition: &Expr, holds: bool) {
        let around = self.guard;
        self.guard = guard_of(condition, holds).or(around);
        self.block(block);
        self.guard = around;
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Expr(Expr { kind: ExprKind::StepMap { map, key, step: Step::Increment, .. }, .. }) => {
                self.increment(*map, key.as_deref(), statement.span, "count()");
                key.iter().for_each(|key| self.expression(key));
                return;
            }
            StmtKind::UpdateMap { map, key, operator: BinaryOp::Add, operand, .. } => {
                let is_one = matches!(operand.kind, ExprKind::Integer(1));
                self.increment(*map, key.as_ref(), statement.span, if is_one { "count()" } else { "sum(...)" });
            }
            StmtKind::UpdateMap { map, .. } | StmtKind::AssignMap { map, .. } => self.other(*map),
            StmtKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.guarded(then, condition, true);
                self.guarded(otherwise, condition, false);
                return;
            }
            _ => {}
        }
        statement.for_each_expression(&mut |expression| self.expression(expression));
        statement.for_each_block(&mut |block| self.block(block));
    }

    fn expression(&mut self, expression: &Expr) {
        match &expression.kind {
            ExprKind::StepMap { map, .. } => self.other(*map),
            ExprKind::Block { block, .. } => self.block(block),
            _ => {}
        }
        expression.for_each_part(&mut |part| self.expression(part));
    }

    fn increment(&mut self, map: MapId, key: Option<&Expr>, span: Span, aggregation: &'static str) {
        let writes = self.writes.entry(map).or_default();
        if !self.is_concurrent || key.is_some_and(is_exclusive) || writes.racing.is_some() {
            return;
        }
        match self.guard {
            Some(guard) if *writes.guard.get_or_insert(guard) == guard => {}
            _ => writes.racing = Some((span, aggregation)),
        }
    }

    fn other(&mut self, map: MapId) {
        self.writes.entry(map).or_default().otherwise = true;
    }
}

/// What a condition says of the processor or the thread, where it is true or, respectively, false.
fn guard_of(condition: &Expr, holds: bool) -> Option<Guard> {
    match &condition.kind {
        ExprKind::Unary { operator: UnaryOp::Not, operand } => guard_of(operand, !holds),
        ExprKind::Cast(operand) => guard_of(operand, holds),
        ExprKind::Binary { operator: BinaryOp::And, left, right } if holds => {
            guard_of(left, holds).or_else(|| guard_of(right, holds))
        }
        ExprKind::Binary { operator: BinaryOp::Or, left, right } if !holds => {
            guard_of(left, holds).or_else(|| guard_of(right, holds))
        }
        ExprKind::Binary { operator, left, right } => {
            let wanted = if holds { BinaryOp::Eq } else { BinaryOp::Ne };
            let (value, number) = match (&left.kind, &right.kind) {
                (_, ExprKind::Integer(number)) => (left, *number),
                (ExprKind::Integer(number), _) => (right, *number),
                _ => return None,
            };
            match own(value)? {
                _ if *operator != wanted => None,
                builtin if std::ptr::eq(builtin, &builtins::cpu::CPU) => Some(Guard::Processor(number)),
                _ => Some(Guard::Thread(number)),
            }
        }
        _ => None,
    }
}

/// The builtin that tells threads or processors apart, if a value is one.
fn own(value: &Expr) -> Option<&'static Builtin> {
    match &value.kind {
        ExprKind::Call(call) => {
            let known = [&builtins::process::TID, &builtins::cpu::CPU];
            known.into_iter().find(|known| std::ptr::eq(*known, call.builtin))
        }
        ExprKind::Cast(operand) => own(operand),
        _ => None,
    }
}

/// Whether two processors never have the same key at the same time: it tells threads or processors apart.
fn is_exclusive(key: &Expr) -> bool {
    match &key.kind {
        ExprKind::Tuple(parts) => parts.iter().any(is_exclusive),
        _ => own(key).is_some(),
    }
}
