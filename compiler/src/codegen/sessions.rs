//! Sessions: where a script has a kprobe and a kretprobe on the same functions, one program runs at both ends of each,
//! and one link ties it. Two links at one function make the kernel walk a list of who is interested at every call.
//!
//! The two bodies stay functions of their own; a third one, the program, asks the kernel which end it is called for.

use crate::hir::{ProbeProgram, Program};
use crate::kernel::{Feature, Kernel};
use crate::manifest::{self, AttachSpec, KprobeSpec, ProgramKind};
use crate::source::Span;

use super::ir::Ir;
use super::unit::{Function, Parameter, ParameterKind, Unit};

/// A kfunc (Linux 6.10): whether the program runs at the functions' return. Later kernels take the context, those
/// before read no argument.
const IS_RETURN: &str = "bpf_session_is_return";

/// Two programs of a script that become one, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub entry: usize,
    pub exit: usize,
}

impl Session {
    pub fn has(self, program: usize) -> bool {
        self.entry == program || self.exit == program
    }

    /// The section of the program and of what it calls.
    pub fn section(self) -> String {
        format!("session{}", self.entry)
    }
}

/// Every pair of a script, where the kernel has sessions.
pub fn find(program: &Program, kernel: &dyn Kernel) -> Vec<Session> {
    if !kernel.has(Feature::KprobeSession) {
        return Vec::new();
    }
    let ends: Vec<Option<&KprobeSpec>> = program.programs.iter().map(only_end).collect();
    let mut sessions: Vec<Session> = Vec::new();
    for (entry, spec) in ends.iter().enumerate() {
        let Some(spec) = spec.filter(|spec| !spec.is_return) else { continue };
        let is_its_exit = |exit: usize| {
            let other = ends[exit].filter(|other| other.is_return && other.places == spec.places);
            other.is_some() && !sessions.iter().any(|session| session.has(exit))
        };
        if let Some(exit) = (0..ends.len()).find(|exit| is_its_exit(*exit)) {
            sessions.push(Session { entry, exit });
        }
    }
    sessions
}

/// Where a program is attached, if that is to a pattern's functions and nowhere else.
fn only_end(probe: &ProbeProgram) -> Option<&KprobeSpec> {
    match (&probe.kind, probe.attach.as_slice()) {
        (ProgramKind::KprobeMulti, [manifest::AttachPoint { spec: AttachSpec::Kprobe(spec), .. }]) => Some(spec),
        _ => None,
    }
}

/// The program that runs at both ends: declared before what it calls, so that its section begins with it.
pub fn declare<'ctx>(unit: &Unit<'_, 'ctx>, session: Session) -> Function<'ctx> {
    let span = unit.program.programs.get(session.entry).map_or_else(Span::default, |probe| probe.span);
    let parameters = [Parameter { name: "context", kind: ParameterKind::Pointer }];
    let section = session.section();
    unit.function(&format!("run_{section}"), &section, &parameters, span, false)
}

/// Its instructions, when both programs are there.
pub fn lower<'ctx>(unit: &Unit<'_, 'ctx>, session: Session, function: Function<'ctx>) {
    let (Some(probe), Some(context)) =
        (unit.program.programs.get(session.entry), function.value.get_first_param().map(|it| it.into_pointer_value()))
    else {
        return;
    };
    let ir = Ir::new(unit.context, function.value);
    let (choose, entered, returned) = (ir.block("choose"), ir.block("entered"), ir.block("returned"));
    ir.position(choose);
    ir.set_location(unit.debug.location(function.scope, unit.file.text_position(probe.span.start)));
    let arguments = [context.into()];
    let answer = ir.call_with(unit.kernel_function(IS_RETURN, &arguments), &arguments);
    // It answers with a bool, of which one byte counts.
    let is_return = ir.narrow(answer, 1, false);
    ir.branch_if(ir.is_zero(is_return), entered, returned);
    for (block, program) in [(entered, session.entry), (returned, session.exit)] {
        ir.position(block);
        if let Some(body) = unit.module.get_function(&format!("run{program}")) {
            ir.call_with(body, &arguments);
        }
        // Anything else at the entry would keep the return from being seen.
        ir.return_value(ir.constant(0));
    }
}

/// The programs as they are loaded: each pair is one.
pub fn merge(programs: Vec<manifest::Program>, sessions: &[Session]) -> Vec<manifest::Program> {
    let exits: Vec<Vec<manifest::AttachPoint>> = sessions
        .iter()
        .map(|session| programs.get(session.exit).map(|it| it.attach.clone()).unwrap_or_default())
        .collect();
    let mut merged = Vec::with_capacity(programs.len());
    for (number, mut program) in programs.into_iter().enumerate() {
        if sessions.iter().any(|session| session.exit == number) {
            continue;
        }
        if let Some(at) = sessions.iter().position(|session| session.entry == number) {
            program.section = sessions[at].section();
            program.kind = ProgramKind::KprobeSession;
            program.attach.extend(exits[at].iter().cloned());
        }
        merged.push(program);
    }
    merged
}
