//! `--probe-filter`: a part of a script's attach points.

use regex_lite::Regex;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir;
use crate::manifest::{AttachSpec, ProbeId};
use crate::source::Span;

/// Leaves the attach points whose name the pattern matches, `begin` and `end`; programs without any are dropped.
pub fn apply(program: &mut hir::Program, pattern: &str, diagnostics: &mut Diagnostics) {
    let filter = match Regex::new(pattern) {
        Ok(filter) => filter,
        Err(error) => {
            let message = format!("The probe filter '{pattern}' is not a regular expression: {error}");
            return diagnostics.push(Diagnostic::error("no-probe", Span::default(), message));
        }
    };
    let mut kept = Vec::new();
    let probes = std::mem::take(&mut program.probes);
    for one in &mut program.programs {
        one.attach.retain_mut(|point| {
            let is_kept = matches!(point.spec, AttachSpec::Begin | AttachSpec::End)
                || probes.get(point.probe.index()).is_some_and(|probe| filter.is_match(&probe.name));
            if is_kept && let Some(probe) = probes.get(point.probe.index()) {
                point.probe = ProbeId(kept.len() as u32);
                kept.push(probe.clone());
            }
            is_kept
        });
    }
    program.programs.retain(|one| !one.attach.is_empty());
    program.probes = kept;
    if program.programs.is_empty() {
        let message = format!("No probe of this script matches the probe filter '{pattern}'");
        diagnostics.push(Diagnostic::error("no-probe", Span::default(), message));
    }
}
