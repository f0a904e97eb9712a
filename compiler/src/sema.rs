//! Semantic analysis: the tree as written to a typed program, and everything that is wrong with a script.

use crate::completion::Members;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expand::Expanded;
use crate::hir;
use crate::kernel::overlay::Overlay;
use crate::manifest::{AttachPoint, ProbeId, ProbeInfo};
use crate::options::{CompileOptions, Purpose};
use crate::source::Span;
use crate::syntax::ast::{self, Root};

pub mod attach;
pub mod build;
mod calls;
pub mod config;
mod convert;
pub mod evidence;
mod expressions;
mod fields;
mod filter;
mod fold;
pub mod formats;
mod functions;
mod maps;
mod meant;
pub mod names;
mod offer;
mod operators;
pub mod parameters;
mod processes;
mod races;
mod refused;
mod scope;
mod statements;
#[cfg(test)]
pub(crate) mod tests;
mod type_forms;
mod type_names;
mod typer;
pub mod unsupported;
mod usage;
mod user_arguments;

pub use calls::{CallSite, Extra, slot};
pub use expressions::parse_number;
pub use statements::read_type;
pub use type_names::{is_language_type, meaning};
pub use typer::Typer;

use attach::Group;
use config::Config;
use names::Names;

/// What the analysis of a script yields.
pub struct Analyzed {
    /// None when there were errors.
    pub program: Option<hir::Program>,
    /// Every attach point after expansion, also when there were errors elsewhere.
    pub probes: Vec<ProbeInfo>,
    /// The named parameters that the script reads; empty where there are errors.
    pub parameters: Vec<parameters::NamedParameter>,
    /// What an editor's cursor can stand for, where the script has one.
    pub members: Option<Members>,
    pub diagnostics: Diagnostics,
}

/// Types a script for a machine, whose types include those of the script. Adds to what was found before.
pub fn analyze(
    expanded: &Expanded,
    kernel: &Overlay<'_>,
    options: &CompileOptions,
    mut diagnostics: Diagnostics,
) -> Analyzed {
    let script = &expanded.script;
    let config = config::read(script.config.as_ref(), options, &mut diagnostics);
    let mut names = Names::default();
    names.defines.clone_from(&expanded.defines);
    expanded.refused.iter().for_each(|name| names.refuse(name));
    names.functions = expanded.macros.clone();
    let roots = Roots::of(script);
    let functions = functions::check(&roots.functions, &mut diagnostics);
    names.functions.extend(functions.iter().map(|function| function.name.name.clone()));
    let groups = attach::expand(&roots.probes, &functions, kernel, options, &config, &mut diagnostics);
    if diagnostics.has_errors() {
        refused::note_maps(&roots.probes, &groups, &mut names);
    }
    let can_be_typed = check_programs(&groups, &roots, options, &config, &mut diagnostics);
    let (typed, members) = match groups.first().filter(|_| can_be_typed) {
        Some(first) => {
            let mut typer = Typer::new(kernel, options, &config, &names, &functions, first);
            let typed = typer.run(&roots.probes, &groups, &roots.declarations, &mut diagnostics);
            (typed, typer.members)
        }
        None => (None, None),
    };
    let (probes, attach) = attach_points(&groups);
    let parameters = typed.as_ref().map(|typed| typed.parameters.clone()).unwrap_or_default();
    let mut program = typed.filter(|_| !diagnostics.has_errors()).map(|typed| {
        let mut programs = typed.programs;
        for (program, attach) in programs.iter_mut().zip(attach) {
            program.attach = attach;
        }
        hir::Program {
            programs,
            probes: probes.clone(),
            maps: typed.maps,
            sites: typed.sites,
            strings: typed.strings,
            settings: config.run.clone(),
            follows: options.processes.follow,
            count_read_failures: options.count_read_failures,
        }
    });
    if let Some(program) = &program {
        races::warn(program, &mut diagnostics);
    }
    if let (Some(program), Some(pattern)) = (&mut program, &options.probe_filter) {
        filter::apply(program, pattern, &mut diagnostics);
    }
    let program = program.filter(|_| !diagnostics.has_errors());
    let probes = program.as_ref().map_or(probes, |program| program.probes.clone());
    Analyzed { program, probes, parameters, members, diagnostics }
}

/// The roots of a script by kind.
#[derive(Default)]
struct Roots<'s> {
    probes: Vec<&'s ast::Probe>,
    functions: Vec<&'s ast::Function>,
    declarations: Vec<&'s ast::MapDeclaration>,
}

impl<'s> Roots<'s> {
    fn of(script: &'s ast::Script) -> Self {
        let mut roots = Self::default();
        for root in &script.roots {
            match root {
                Root::Probe(probe) => roots.probes.push(probe),
                Root::MapDeclaration(declaration) => roots.declarations.push(declaration),
                // Macros are expanded before.
                Root::Macro(_) => {}
                Root::Function(function) => roots.functions.push(function),
            }
        }
        roots
    }
}

/// Bytes of script text that all programs together may have: a large body for many matches is a bomb.
const MAX_PROGRAM_TEXT: usize = 2 << 20;

/// Refuses scripts without probes, and those that need too many programs; false where typing them is out of the question.
fn check_programs(
    groups: &[Group],
    roots: &Roots<'_>,
    options: &CompileOptions,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> bool {
    if roots.probes.is_empty() {
        let message = "The script has no probe";
        diagnostics
            .push(Diagnostic::error("no-probe", Span::default(), message).with_help("Try begin { print(\"hello\"); }"));
    } else if groups.is_empty() && !diagnostics.has_errors() {
        let span = roots.probes[0].span;
        let (message, help) = match options.purpose {
            Purpose::Trace if roots.probes.iter().any(|probe| is_for_itself(probe)) => {
                ("This script has nothing but tests and benchmarks", Some("Run it with --test or --bench"))
            }
            Purpose::Trace => ("No probe of this script can be attached", None),
            Purpose::Test => ("The script has no tests", Some("A test is written test:NAME { ... }")),
            Purpose::Bench => ("The script has no benchmarks", Some("A benchmark is written bench:NAME { ... }")),
        };
        let diagnostic = Diagnostic::error("no-probe", span, message);
        diagnostics.push(help.into_iter().fold(diagnostic, Diagnostic::with_help));
    }
    let limit = config.max_programs.min(options.limits.max_programs as u64);
    let functions = typer::text_of(&roots.functions);
    let text: usize = groups.iter().map(|group| group.text_size(&roots.probes) + functions).sum();
    let message = if groups.len() as u64 > limit {
        format!("The script needs {} programs, more than the {limit} that are allowed", groups.len())
    } else if text > MAX_PROGRAM_TEXT {
        format!("The script needs {} programs, which is too much for probes as long as these", groups.len())
    } else {
        return true;
    };
    if let Some(group) = groups.last() {
        let span = group.members.first().map_or(Span::default(), |member| member.span);
        let error = Diagnostic::error("too-many-programs", span, message)
            .with_help("Without 'probe' in the body, the matches of a wildcard can share one program");
        let is_chosen = groups.len() as u64 > limit && limit < options.limits.max_programs as u64;
        let help = is_chosen.then_some("Or raise 'max_bpf_progs' in the config block");
        diagnostics.push(help.into_iter().fold(error, Diagnostic::with_help));
    }
    false
}

fn is_for_itself(probe: &ast::Probe) -> bool {
    probe.attach_points.iter().any(|point| point.text.starts_with("test:") || point.text.starts_with("bench:"))
}

/// Gives every attach point its id, in script order of the programs. What is one probe to the reader of the script and
/// needs several programs (a USDT probe whose arguments differ from place to place) has one id.
fn attach_points(groups: &[Group]) -> (Vec<ProbeInfo>, Vec<Vec<AttachPoint>>) {
    let mut probes: Vec<ProbeInfo> = Vec::new();
    let attach = groups
        .iter()
        .map(|group| {
            group
                .members
                .iter()
                .map(|member| {
                    let info = ProbeInfo { name: member.expanded.name.clone(), span: member.span };
                    let is_place = matches!(member.expanded.data, crate::probes::Data::Usdt(_));
                    let known = probes.iter().position(|it| is_place && *it == info);
                    let probe = ProbeId(known.unwrap_or(probes.len()) as u32);
                    if known.is_none() && member.expanded.names.is_empty() {
                        probes.push(info);
                    }
                    let all = member.expanded.names.iter();
                    probes.extend(all.map(|name| ProbeInfo { name: name.clone(), span: member.span }));
                    AttachPoint { probe, spec: member.expanded.spec.clone() }
                })
                .collect()
        })
        .collect();
    (probes, attach)
}
