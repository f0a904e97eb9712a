//! Counters that several processors change at once: `@m++` reads, adds and writes back, so that what two do at the same
//! time counts once. Where an aggregation could stand instead, a warning says so.

use std::collections::BTreeMap;

use crate::builtins;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::{Block, Expr, ExprKind, ProbeProgram, Program, Stmt, StmtKind};
use crate::manifest::{AttachSpec, MapId};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Step};

/// How a script writes a map.
#[derive(Default)]
struct Writes {
    /// The first increment that another processor may do at the same time, and the aggregation that could replace it.
    racing: Option<(Span, &'static str)>,
    /// It is written in another way too, or the value of an increment is used: an aggregation is no replacement.
    otherwise: bool,
}

/// Warns of each map that is only ever increased, and by several processors at once.
pub fn warn(program: &Program, diagnostics: &mut Diagnostics) {
    let mut writes = BTreeMap::new();
    for probe in &program.programs {
        Visitor { writes: &mut writes, is_concurrent: is_concurrent(probe) }.block(&probe.body);
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
}

impl Visitor<'_> {
    fn block(&mut self, block: &Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
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
        if self.is_concurrent && !key.is_some_and(is_exclusive) && writes.racing.is_none() {
            writes.racing = Some((span, aggregation));
        }
    }

    fn other(&mut self, map: MapId) {
        self.writes.entry(map).or_default().otherwise = true;
    }
}

/// Whether two processors never have the same key at the same time: it tells threads or processors apart.
fn is_exclusive(key: &Expr) -> bool {
    let is_own = |call: &crate::hir::Call| {
        std::ptr::eq(call.builtin, &builtins::process::TID) || std::ptr::eq(call.builtin, &builtins::cpu::CPU)
    };
    match &key.kind {
        ExprKind::Call(call) => is_own(call),
        ExprKind::Tuple(parts) => parts.iter().any(is_exclusive),
        ExprKind::Cast(operand) => is_exclusive(operand),
        _ => false,
    }
}
