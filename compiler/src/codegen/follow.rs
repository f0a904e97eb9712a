//! `--follow`: programs of the tracer's own that note which processes those it follows start, and which are gone.
//!
//! Threads need no note: processes are known by their tgid. A process is forgotten when its last `task_struct` goes, not
//! when it ends, so that what it does at its end is seen.

use crate::hir::{Block, Context, ProbeProgram, ProcessTest};
use crate::manifest::{CounterCause, PROCESSES_MAP, Program, ProgramKind};
use crate::source::Span;

use super::error::CodegenError;
use super::function::FunctionBuilder;
use super::helpers::UPDATE_ANY;
use super::program::ProgramState;
use super::unit::{Parameter, ParameterKind, Unit};

/// Lowers the programs; `first` is a number that none of the script's has.
pub fn lower(unit: &Unit<'_, '_>, first: u32) -> Result<Vec<Program>, CodegenError> {
    let task = Task::of(unit)?;
    let started = program(unit, first, "sched_process_fork", |builder| task.started(builder))?;
    let gone = program(unit, first + 1, "sched_process_free", |builder| task.gone(builder))?;
    Ok(vec![started, gone])
}

fn program(
    unit: &Unit<'_, '_>,
    index: u32,
    event: &str,
    body: impl FnOnce(&mut FunctionBuilder<'_, '_>) -> Result<(), CodegenError>,
) -> Result<Program, CodegenError> {
    let probe = ProbeProgram {
        kind: ProgramKind::TracingRawTracepoint { name: event.to_owned() },
        attach: Vec::new(),
        probe_name: String::new(),
        filter: ProcessTest::default(),
        context: Context::RawArguments,
        variables: Vec::new(),
        functions: Vec::new(),
        body: Block::default(),
        span: Span::default(),
    };
    let Some(state) = ProgramState::new(&probe, index, None, unit.deleted.clone(), false) else {
        return Err(CodegenError::internal(probe.span, "an empty program needs no memory"));
    };
    let parameters = [Parameter { name: "context", kind: ParameterKind::Pointer }];
    let function = unit.function(&format!("run{index}"), &state.section, &parameters, probe.span, false);
    let mut builder = FunctionBuilder::program(unit, &state, function);
    body(&mut builder)?;
    builder.finish()?;
    Ok(Program { section: state.section.clone(), kind: probe.kind.clone(), attach: Vec::new() })
}

/// Offsets in `struct task_struct`.
struct Task {
    pid: u32,
    tgid: u32,
    start: u32,
}

impl Task {
    fn of(unit: &Unit<'_, '_>) -> Result<Self, CodegenError> {
        let task = unit.kernel.struct_type("struct task_struct");
        let offset = |name: &str| task.as_ref()?.field(name).map(|field| field.offset);
        // Until Linux 5.5 the second was called real_start_time.
        match (offset("pid"), offset("tgid"), offset("start_boottime")) {
            (Some(pid), Some(tgid), Some(start)) => Ok(Self { pid, tgid, start }),
            _ => {
                let message = "--follow needs the kernel's type information (BTF), which lacks 'struct task_struct'";
                Err(CodegenError::limit(Span::default(), message))
            }
        }
    }

    /// `sched_process_fork(parent, child)`, in the parent: a thread or a process.
    fn started(&self, builder: &mut FunctionBuilder<'_, '_>) -> Result<(), CodegenError> {
        let child = builder.ir.pointer(builder.context_load(8, 8, false)?);
        let parent = builder.followed()?;
        let (note, end) = (builder.ir.block("note"), builder.ir.block("end"));
        builder.ir.branch_if(builder.ir.is_null(parent), end, note);
        builder.ir.position(note);
        let (key, value) = (builder.entry_memory(8, "child"), builder.entry_memory(8, "start"));
        builder.ir.store(key, builder.ir.load_volatile(builder.ir.offset(child, self.tgid), 4, false), 8);
        builder.ir.store(value, builder.ir.load_volatile(builder.ir.offset(child, self.start), 8, false), 8);
        // A new thread has the number of a process that is known, which keeps its time.
        let is_thread = {
            let pid = builder.ir.load_volatile(builder.ir.offset(child, self.pid), 4, false);
            let tgid = builder.ir.load(key, 8, false);
            builder.ir.compare(inkwell::IntPredicate::NE, pid, tgid)
        };
        builder.go_on_unless(is_thread, end);
        let map = builder.unit.symbol(PROCESSES_MAP);
        let result = builder.ir.map_update(map, key, value, builder.ir.constant(UPDATE_ANY));
        let failed = builder.ir.is_not_zero(result);
        builder.count_failure_if(failed, CounterCause::NotFollowed, "map_update_elem", result);
        builder.ir.branch(end);
        builder.ir.position(end);
        Ok(())
    }

    /// `sched_process_free(task)`, anywhere.
    fn gone(&self, builder: &mut FunctionBuilder<'_, '_>) -> Result<(), CodegenError> {
        let task = builder.ir.pointer(builder.context_load(0, 8, false)?);
        let pid = builder.ir.load_volatile(builder.ir.offset(task, self.pid), 4, false);
        let tgid = builder.ir.load_volatile(builder.ir.offset(task, self.tgid), 4, false);
        let start = builder.ir.load_volatile(builder.ir.offset(task, self.start), 8, false);
        let end = builder.ir.block("end");
        let is_thread = builder.ir.compare(inkwell::IntPredicate::NE, pid, tgid);
        builder.go_on_unless(is_thread, end);
        let known = builder.followed_by(tgid);
        builder.go_on_unless(builder.ir.is_null(known), end);
        // The number may have been given to another process meanwhile, which was started at another time.
        let noted = builder.ir.load(known, 8, false);
        let forget = builder.ir.block("forget");
        let compared = builder.ir.block("");
        builder.ir.branch_if(builder.ir.is_zero(noted), forget, compared);
        builder.ir.position(compared);
        let is_same = builder.ir.compare(inkwell::IntPredicate::EQ, noted, start);
        builder.ir.branch_if(is_same, forget, end);
        builder.ir.position(forget);
        let key = builder.entry_memory(8, "gone");
        builder.ir.store(key, tgid, 8);
        builder.ir.map_delete(builder.unit.symbol(PROCESSES_MAP), key);
        builder.ir.branch(end);
        builder.ir.position(end);
        Ok(())
    }
}
