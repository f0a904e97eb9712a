//! The test at the start of a program whether the process is one that is traced.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use crate::hir::ProcessTest;
use crate::manifest::{CGROUP_MAP, GlobalsHeader, NAMESPACED, PROCESSES_MAP};

use super::error::CodegenError;
use super::function::FunctionBuilder;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Leaves the program unless the process is one of those asked for.
    pub(super) fn filter_process(&mut self, test: &ProcessTest) -> Result<(), CodegenError> {
        if *test == ProcessTest::default() {
            return Ok(());
        }
        let (other, next) = (self.ir.block("other"), self.ir.block(""));
        if test.not_own {
            self.leave_own(other)?;
        }
        if test.followed {
            let known = self.followed()?;
            self.go_on_unless(self.ir.is_null(known), other);
        } else if !test.pids.is_empty() {
            self.leave_all_but(&test.pids, other)?;
        }
        if test.cgroup {
            let inside = self.ir.current_task_under_cgroup(self.unit.symbol(CGROUP_MAP), self.ir.constant(0));
            let is_outside = self.ir.compare(IntPredicate::NE, inside, self.ir.constant(1));
            self.go_on_unless(is_outside, other);
        }
        self.ir.branch(next);
        self.ir.position(other);
        self.return_from_program(None)?;
        // Never reached, but every block needs an end.
        self.ir.branch(next);
        self.ir.position(next);
        Ok(())
    }

    /// The tgid as the tracer's PID namespace has it.
    fn current_process(&mut self) -> Result<IntValue<'ctx>, CodegenError> {
        let ids = self.current_ids()?;
        Ok(self.ir.opaque(self.ir.shift_right(ids, self.ir.constant(32))))
    }

    fn leave_all_but(&mut self, pids: &[u32], other: BasicBlock<'ctx>) -> Result<(), CodegenError> {
        let current = self.current_process()?;
        let found = self.ir.block("found");
        for pid in pids {
            let next = self.ir.block("");
            let is_it = self.ir.compare(IntPredicate::EQ, current, self.ir.constant(u64::from(*pid)));
            self.ir.branch_if(is_it, found, next);
            self.ir.position(next);
        }
        self.ir.branch(other);
        self.ir.position(found);
        Ok(())
    }

    /// The list in the globals ends with a zero; most often it has one number. A loop, because every program has this.
    fn leave_own(&mut self, other: BasicBlock<'ctx>) -> Result<(), CodegenError> {
        let current = self.current_process()?;
        let place_slot = self.entry_memory(8, "place");
        self.ir.store(place_slot, self.ir.constant(0), 8);
        let [head, some, more, stranger] = ["own", "some", "more", "stranger"].map(|name| self.ir.block(name));
        self.ir.branch(head);
        self.ir.position(head);
        let place = self.ir.opaque(self.ir.load(place_slot, 8, false));
        let list = self.ir.offset(self.unit.globals(), GlobalsHeader::OWN_PIDS);
        let own = self.ir.load_volatile(self.ir.index(list, place), 4, false);
        self.ir.branch_if(self.ir.is_zero(own), stranger, some);
        self.ir.position(some);
        self.ir.branch_if(self.ir.compare(IntPredicate::EQ, current, own), other, more);
        self.ir.position(more);
        let place = self.ir.add(place, self.ir.constant(4));
        self.ir.store(place_slot, place, 8);
        let end = self.ir.constant(u64::from(GlobalsHeader::OWN_PIDS_MOST) * 4);
        self.ir.branch_if(self.ir.compare(IntPredicate::ULT, place, end), head, stranger);
        self.ir.position(stranger);
        Ok(())
    }

    /// What is known of the current process if it is followed, else null. Processes that are found by their start are
    /// known by their number in the initial namespace; those that were named, as the tracer's namespace numbers them.
    pub(super) fn followed(&mut self) -> Result<PointerValue<'ctx>, CodegenError> {
        let ids = self.ir.get_pid_tgid();
        let process = self.ir.shift_right(ids, self.ir.constant(32));
        let known = self.followed_by(process);
        if self.unit.kernel.pid_namespace().is_none() {
            return Ok(known);
        }
        let from = self.ir.here();
        let (unknown, next) = (self.ir.block("unknown"), self.ir.block(""));
        self.ir.branch_if(self.ir.is_null(known), unknown, next);
        self.ir.position(unknown);
        let named = self.current_process()?;
        let named = self.followed_by(self.ir.or(named, self.ir.constant(NAMESPACED)));
        let end = self.ir.here();
        self.ir.branch(next);
        self.ir.position(next);
        Ok(self.ir.merge_pointers(&[(known, from), (named, end)]))
    }

    /// What is known of a process by its key.
    pub(super) fn followed_by(&self, key: IntValue<'ctx>) -> PointerValue<'ctx> {
        let place = self.entry_memory(8, "process");
        self.ir.store(place, key, 8);
        self.ir.map_lookup(self.unit.symbol(PROCESSES_MAP), place)
    }

    pub(super) fn go_on_unless(&self, condition: IntValue<'ctx>, otherwise: BasicBlock<'ctx>) {
        let next = self.ir.block("");
        self.ir.branch_if(condition, otherwise, next);
        self.ir.position(next);
    }
}
