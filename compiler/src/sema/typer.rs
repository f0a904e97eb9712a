//! Types by repetition: every pass walks all programs with the types that the pass before found for variables and maps,
//! and notes what the uses say about them. The pass that changes nothing has produced the typed program.

use std::collections::HashMap;

use crate::completion::Members;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::{self, SiteDef, VariableDef, VariableId};
use crate::kernel::Kernel;
use crate::manifest::{SiteId, SiteKind};
use crate::options::CompileOptions;
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{AddressSpace, Type};

use super::attach::Group;
use super::config::Config;
use super::evidence::Evidence;
use super::maps::Maps;
use super::names::Names;
use super::parameters::NamedParameter;
use super::processes::process_test;

/// After this many passes evidence is kept from pass to pass, so that types can only grow and must settle.
const KEEP_AFTER: usize = 8;
/// Passes for types that depend on each other in a long row; a script of usual size gets the upper number.
const PASSES: std::ops::RangeInclusive<usize> = 24..=200;
/// Bytes of script text that all passes together may walk.
const MAX_WORK: usize = 64 << 20;

/// The type of a variable, a map key or a map value while it is being found out.
#[derive(Debug, Clone, Default)]
pub struct Slot {
    settled: Option<Type>,
    evidence: Option<Evidence>,
    pinned: bool,
    /// Uses that said something in this pass, and in the pass before.
    uses: usize,
    uses_before: usize,
}

/// What a pass did to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    Changed,
    /// The type contains itself and grows with every pass.
    Endless,
}

impl Slot {
    pub fn pinned(ty: Type) -> Self {
        Self { settled: Some(ty), pinned: true, ..Self::default() }
    }

    pub fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// The best that is known so far: what this pass found once it has seen all uses, else what the last one found.
    pub fn ty(&self) -> Option<Type> {
        let found = || self.evidence.as_ref().map(Evidence::resolve);
        if !self.pinned && self.uses > 0 && self.uses == self.uses_before {
            return found();
        }
        self.settled.clone().or_else(found)
    }

    pub fn learn(&mut self, evidence: Evidence) {
        self.uses += 1;
        self.evidence = Some(match self.evidence.take() {
            Some(known) => known.merge(evidence).unwrap_or_else(|kept| kept),
            None => evidence,
        });
    }

    /// Ends a pass.
    fn settle(&mut self, keep: bool) -> Change {
        self.uses_before = std::mem::take(&mut self.uses);
        let found = if keep { self.evidence.clone() } else { self.evidence.take() }.map(|it| it.resolve());
        if self.pinned || found.is_none() || found == self.settled {
            return Change::None;
        }
        let endless = found.as_ref().is_some_and(|ty| count_parts(ty) > MAX_PARTS);
        self.settled = found;
        if endless { Change::Endless } else { Change::Changed }
    }
}

/// The most parts of a tuple or record, those of its parts included.
pub const MAX_PARTS: usize = 128;

/// How many scalars, strings and other simple values a type is made of.
pub fn count_parts(ty: &Type) -> usize {
    let parts = ty.parts();
    if parts.is_empty() { 1 } else { parts.into_iter().map(count_parts).sum() }
}

/// Bytes of the bodies of functions.
pub fn text_of(functions: &[&ast::Function]) -> usize {
    functions.iter().map(|function| (function.span.end - function.span.start) as usize).sum()
}

/// What surrounds a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// `while` and `unroll`: the same function.
    Inline,
    /// `for`: the body is a function of its own in the program.
    Callback,
}

/// A scratch variable of the program at hand.
pub struct Variable {
    pub name: String,
    pub declared: Span,
    /// Program and place of the declaration: the same in every pass.
    pub key: (usize, u32),
    pub assigned: bool,
    pub read: Option<Span>,
}

/// The program that is being walked.
pub struct ProgramState<'a> {
    pub group: &'a Group,
    pub index: usize,
    pub scopes: Vec<HashMap<String, VariableId>>,
    pub variables: Vec<Variable>,
    pub loops: Vec<Loop>,
    /// Of the outermost `for` around the statement: its first return, and whether that has a value.
    pub loop_return: Option<(Span, bool)>,
    /// How often the `unroll`s around the statement copy it.
    pub copies: u64,
    /// The functions that are called, in the order of their first calls: their places in [`Typer::functions`].
    pub called: Vec<usize>,
    /// How often something of the probe's context was read so far.
    pub context_reads: usize,
    /// The function that is being walked and what it returns, if that is known.
    pub function: Option<(usize, Option<Type>)>,
}

impl<'a> ProgramState<'a> {
    fn new(group: &'a Group, index: usize) -> Self {
        Self {
            group,
            index,
            scopes: Vec::new(),
            variables: Vec::new(),
            loops: Vec::new(),
            loop_return: None,
            copies: 1,
            called: Vec::new(),
            context_reads: 0,
            function: None,
        }
    }
}

pub struct Typer<'a> {
    pub kernel: &'a dyn Kernel,
    pub options: &'a CompileOptions,
    pub config: &'a Config,
    pub names: &'a Names,
    /// The functions of the script.
    pub functions: &'a [&'a ast::Function],
    pub diagnostics: Diagnostics,
    pub maps: Maps,
    pub variables: HashMap<(usize, u32), Slot>,
    pub sites: Vec<SiteDef>,
    pub strings: Vec<String>,
    /// The named parameters that the script reads.
    pub parameters: Vec<NamedParameter>,
    pub program: ProgramState<'a>,
    /// How many type positions (`sizeof`, `typeof`) surround the expression: it is typed, not evaluated.
    pub in_type: u32,
    /// What an editor's cursor can stand for.
    pub members: Option<Members>,
}

/// The typed programs, with the tables that they refer to.
pub struct Typed {
    pub programs: Vec<hir::ProbeProgram>,
    pub maps: Vec<hir::MapDef>,
    pub sites: Vec<SiteDef>,
    pub strings: Vec<String>,
    pub parameters: Vec<NamedParameter>,
}

impl<'a> Typer<'a> {
    /// A typer that will walk programs; `group` is any of them.
    pub fn new(
        kernel: &'a dyn Kernel,
        options: &'a CompileOptions,
        config: &'a Config,
        names: &'a Names,
        functions: &'a [&'a ast::Function],
        group: &'a Group,
    ) -> Self {
        Self {
            kernel,
            options,
            config,
            names,
            functions,
            diagnostics: Diagnostics::default(),
            maps: Maps::default(),
            variables: HashMap::new(),
            sites: Vec::new(),
            strings: Vec::new(),
            parameters: Vec::new(),
            program: ProgramState::new(group, 0),
            in_type: 0,
            members: None,
        }
    }

    /// Types all programs; `None` when there were errors.
    pub fn run(
        &mut self,
        probes: &[&ast::Probe],
        groups: &'a [Group],
        declarations: &[&ast::MapDeclaration],
        diagnostics: &mut Diagnostics,
    ) -> Option<Typed> {
        let text: usize = groups.iter().map(|group| group.text_size(probes) + text_of(self.functions)).sum();
        let passes = (MAX_WORK / text.max(1)).clamp(*PASSES.start(), *PASSES.end());
        for pass in 0..passes {
            self.begin_pass(declarations);
            let programs: Vec<_> =
                groups.iter().enumerate().map(|(index, group)| self.program(probes, index, group)).collect();
            match self.settle(pass >= KEEP_AFTER) {
                Change::None => {}
                Change::Changed => continue,
                Change::Endless => break,
            }
            let maps = self.finish_maps();
            if !self.diagnostics.has_errors() {
                self.check_named_parameters();
            }
            diagnostics.extend(std::mem::take(&mut self.diagnostics).into_vec());
            let programs: Option<Vec<_>> = programs.into_iter().collect();
            return match (diagnostics.has_errors(), programs, maps) {
                (false, Some(programs), Some(maps)) => {
                    let (sites, strings) = (std::mem::take(&mut self.sites), std::mem::take(&mut self.strings));
                    Some(Typed { programs, maps, sites, strings, parameters: std::mem::take(&mut self.parameters) })
                }
                (false, ..) => {
                    let message = "The types of this script are not known: a variable is made of itself only";
                    diagnostics.push(Diagnostic::error("type-does-not-settle", Span::default(), message));
                    None
                }
                _ => None,
            };
        }
        let unsettled = self.maps.iter().next().map_or(Span::default(), |map| map.span);
        diagnostics.push(Diagnostic::error(
            "type-does-not-settle",
            unsettled,
            "The types of this script do not settle: a map or variable contains itself",
        ));
        None
    }

    fn begin_pass(&mut self, declarations: &[&ast::MapDeclaration]) {
        self.diagnostics = Diagnostics::default();
        self.sites.clear();
        self.strings.clear();
        self.parameters.clear();
        for declaration in declarations {
            self.declare_map(declaration);
        }
    }

    /// Ends a pass.
    fn settle(&mut self, keep: bool) -> Change {
        let mut change = Change::None;
        for slot in self.variables.values_mut() {
            change = change.max(slot.settle(keep));
        }
        for map in self.maps.iter_mut() {
            change = change.max(map.key.settle(keep)).max(map.value.settle(keep));
        }
        change
    }

    fn program(&mut self, probes: &[&ast::Probe], index: usize, group: &'a Group) -> Option<hir::ProbeProgram> {
        let probe = probes[group.probe];
        self.program = ProgramState::new(group, index);
        let body = self.program_body(probe);
        let functions = self.called_functions();
        self.report_unused_variables();
        let attach = Vec::new();
        let variables = self
            .program
            .variables
            .iter()
            .map(|variable| {
                let ty = self.variables.get(&variable.key).and_then(Slot::ty).unwrap_or(Type::INT64);
                VariableDef { name: variable.name.clone(), ty }
            })
            .collect();
        Some(hir::ProbeProgram {
            kind: group.program.clone(),
            attach,
            probe_name: group.name().to_owned(),
            filter: process_test(group, self.options),
            context: group.context.clone(),
            variables,
            functions: functions?,
            body: body?,
            span: probe.span,
        })
    }

    /// The predicate and the body as one block.
    fn program_body(&mut self, probe: &ast::Probe) -> Option<hir::Block> {
        let predicate = probe.predicate.as_ref().map(|predicate| self.predicate(predicate));
        let body = self.block(&probe.body);
        let mut body = body?;
        if let Some(predicate) = predicate {
            body.statements.insert(0, predicate?);
        }
        Some(body)
    }

    /// `if (!(predicate)) return`
    fn predicate(&mut self, predicate: &ast::Expr) -> Option<hir::Stmt> {
        let span = predicate.span;
        let condition = self.condition(predicate)?;
        let negated = hir::Expr {
            kind: hir::ExprKind::Unary { operator: hir::UnaryOp::Not, operand: Box::new(condition) },
            ty: Type::Bool,
            span,
        };
        let leave = hir::Stmt { kind: hir::StmtKind::Return(None), span };
        let kind = hir::StmtKind::If {
            condition: negated,
            then: hir::Block { statements: vec![leave] },
            otherwise: hir::Block::default(),
        };
        Some(hir::Stmt { kind, span })
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports, and stands for the missing result.
    pub fn fail<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }

    /// Reports an error, and stands for the missing result.
    pub fn error<T>(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Option<T> {
        self.fail(Diagnostic::error(code, span, message))
    }

    /// [`Typer::error`] with what to do instead.
    pub fn error_with<T>(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.fail(Diagnostic::error(code, span, message).with_help(help))
    }

    pub fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(code, span, message));
    }

    /// Where an integer that is used as a pointer points.
    pub fn default_space(&self) -> AddressSpace {
        self.program.group.space
    }

    /// Registers an asynchronous call site.
    pub fn site(&mut self, kind: SiteKind, span: Span) -> SiteId {
        self.sites.push(SiteDef { kind, span });
        SiteId(self.sites.len() as u32 - 1)
    }

    /// The index of a string that values refer to.
    pub fn string_index(&mut self, text: &str) -> u64 {
        let at = self.strings.iter().position(|known| known == text);
        at.unwrap_or_else(|| {
            self.strings.push(text.to_owned());
            self.strings.len() - 1
        }) as u64
    }

    /// Whether the statement at hand is in the body of a `for` loop.
    pub fn in_callback(&self) -> bool {
        self.program.loops.contains(&Loop::Callback)
    }
}
