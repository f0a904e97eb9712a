//! Statements.

use crate::hir::{Block, Expr, Stmt, StmtKind};
use crate::manifest::ProgramKind;

use super::error::CodegenError;
use super::function::{FunctionBuilder, FunctionKind, LoopTargets};

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    pub(super) fn statements(&mut self, block: &Block) -> Result<(), CodegenError> {
        block.statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<(), CodegenError> {
        let span = std::mem::replace(&mut self.span, statement.span);
        self.locate(statement.span);
        let mark = self.mark();
        self.lower_statement(statement)?;
        self.release(mark);
        self.span = span;
        Ok(())
    }

    fn lower_statement(&mut self, statement: &Stmt) -> Result<(), CodegenError> {
        match &statement.kind {
            StmtKind::Expr(value) => self.value(value).map(|_| ()),
            StmtKind::Declare(variable) => self.declare(*variable),
            StmtKind::AssignVariable { variable, value } => self.assign_variable(*variable, value),
            StmtKind::AssignMap { map, key, value } => self.assign_map(*map, key.as_ref(), value),
            StmtKind::UpdateMap { map, key, operator, operand, arithmetic } => {
                let ty = self.map(*map).value.clone();
                let value = self.register(operand)?;
                self.modify_map(*map, key.as_ref(), |builder, old| {
                    let old = builder.ir.narrow(old, ty.size(), ty.is_signed());
                    let new = builder.arithmetic(*operator, old, value, arithmetic.is_signed(), operand)?;
                    let new = builder.ir.narrow(new, arithmetic.size(), arithmetic.is_signed());
                    Ok(builder.ir.narrow(new, ty.size(), ty.is_signed()))
                })
                .map(|_| ())
            }
            StmtKind::Aggregate { map, key, argument } => self.aggregate(*map, key.as_ref(), argument.as_ref()),
            StmtKind::If { condition, then, otherwise } => self.if_statement(condition, then, otherwise),
            StmtKind::While { condition, body, .. } if self.state.is_callback(statement) => {
                self.while_in_passes(condition, body)
            }
            StmtKind::While { condition, body, .. } => self.while_loop(condition, body),
            StmtKind::ForRange { variable, start, end, body } => self.for_range(*variable, start, end, body),
            StmtKind::ForMap { variable, map, body } => self.for_map(*variable, *map, body),
            StmtKind::Unroll { count, body } => (0..*count).try_for_each(|_| self.statements(body)),
            StmtKind::Break => self.leave_loop(|targets| targets.stop),
            StmtKind::Continue => self.leave_loop(|targets| targets.next),
            StmtKind::Return(value) => {
                let value = match (value, self.script_function) {
                    (Some(value), Some(function)) => Some(self.returned_from_function(function, value)?),
                    (Some(value), None) => Some(self.register(value)?),
                    (None, Some(_)) => Some(self.ir.constant(0)),
                    (None, None) => None,
                };
                self.return_from_program(value)
            }
            StmtKind::Block(block) => self.statements(block),
        }
    }

    fn if_statement(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Result<(), CodegenError> {
        let condition = self.condition(condition)?;
        let (yes, no, next) = (self.ir.block("then"), self.ir.block("else"), self.ir.block(""));
        self.ir.branch_if(condition, yes, no);
        for (block, statements) in [(yes, then), (no, otherwise)] {
            self.ir.position(block);
            self.statements(statements)?;
            self.ir.branch(next);
        }
        self.ir.position(next);
        Ok(())
    }

    /// The verifier follows every pass of the loop until it ends.
    fn while_loop(&mut self, condition: &Expr, body: &Block) -> Result<(), CodegenError> {
        self.unit.traffic.repeat();
        let (head, pass, next) = (self.ir.block("while"), self.ir.block("pass"), self.ir.block(""));
        self.ir.branch(head);
        self.ir.position(head);
        let condition = self.condition(condition)?;
        self.ir.branch_if(condition, pass, next);
        self.ir.position(pass);
        self.loops.push(LoopTargets { stop: next, next: head });
        self.statements(body)?;
        self.loops.pop();
        self.ir.branch(head);
        self.ir.position(next);
        Ok(())
    }

    fn leave_loop(
        &mut self,
        target: impl Fn(&LoopTargets<'ctx>) -> inkwell::basic_block::BasicBlock<'ctx>,
    ) -> Result<(), CodegenError> {
        let Some(target) = self.loops.last().map(target) else {
            return Err(CodegenError::internal(self.span, "a jump outside of a loop"));
        };
        self.ir.branch(target);
        self.unreachable();
        Ok(())
    }

    /// What follows is never executed; it is lowered all the same, and the optimizer drops it.
    fn unreachable(&mut self) {
        let dead = self.ir.block("dead");
        self.ir.position(dead);
    }

    /// Leaves the program, also from within loops.
    pub fn return_from_program(&mut self, value: Option<inkwell::values::IntValue<'ctx>>) -> Result<(), CodegenError> {
        // The kernel refuses trampolines that may return anything but 0.
        let value = value.filter(|_| !matches!(self.state.probe.kind, ProgramKind::Trampoline { .. }));
        match self.kind {
            FunctionKind::Program { returned, leave } | FunctionKind::Subprogram { returned, leave } => {
                if let Some(value) = value {
                    self.ir.store(returned, value, 8);
                }
                self.ir.branch(leave);
            }
            FunctionKind::Callback { stop, .. } => {
                let value = value.unwrap_or_else(|| self.ir.constant(self.state.default_return()));
                let offset = self.return_slot()?;
                let place = self.scratch_at(offset);
                self.ir.store(place.pointer, value, 8);
                self.ir.store(self.ir.offset(place.pointer, 8), self.ir.constant(1), 8);
                self.ir.branch(stop);
            }
        }
        self.unreachable();
        Ok(())
    }
}
