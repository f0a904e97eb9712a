//! Matches of a pattern that the kernel does not let be probed: one that is refused is no reason to give up the others.

use std::collections::{BTreeMap, BTreeSet};

use tracedeck_compiler::manifest::{Manifest, ProbeId};
use tracedeck_compiler::source::Span;

use super::super::failure::Failure;
use super::AttachError;
use super::search::is_about_a_place;

/// Names that a message has; of more the number is said.
const SHOWN: usize = 3;

/// What was refused, by the attach point of the script.
pub struct Refused<'m> {
    manifest: &'m Manifest,
    /// Attach points that stand for several probes.
    patterns: BTreeSet<(u32, u32)>,
    attached: BTreeSet<(u32, u32)>,
    refused: BTreeMap<(u32, u32), Vec<String>>,
    /// The first failure at each pattern.
    failures: BTreeMap<(u32, u32), Failure>,
}

impl<'m> Refused<'m> {
    pub fn new(manifest: &'m Manifest) -> Self {
        let (mut seen, mut patterns) = (BTreeSet::new(), BTreeSet::new());
        for probe in &manifest.probes {
            if !seen.insert(key(probe.span)) {
                patterns.insert(key(probe.span));
            }
        }
        Self { manifest, patterns, attached: BTreeSet::new(), refused: BTreeMap::new(), failures: BTreeMap::new() }
    }

    pub fn note_attached(&mut self, probe: ProbeId) {
        self.attached.insert(self.key(probe));
    }

    /// Functions of a pattern that were left out of its link.
    pub fn leave_out(&mut self, probe: ProbeId, names: Vec<String>) {
        self.refused.entry(self.key(probe)).or_default().extend(names);
    }

    /// Whether it is one match of many, and the others may do.
    pub fn can_do_without(&self, probe: ProbeId, error: &AttachError) -> bool {
        self.patterns.contains(&self.key(probe)) && is_about_a_place(&error.error)
    }

    pub fn fail(&mut self, probe: ProbeId, error: &AttachError, failure: Failure) {
        let name = self.manifest.probes.get(probe.index()).map_or("a probe", |probe| probe.name.as_str());
        let key = self.key(probe);
        self.refused.entry(key).or_default().push(format!("{name} ({})", error.error));
        self.failures.entry(key).or_insert(failure);
    }

    /// A sentence for each pattern of which something was left out; a failure where nothing was attached of one.
    pub fn finish(self) -> Result<Vec<String>, Failure> {
        let Self { attached, refused, failures, .. } = self;
        if let Some((_, failure)) = failures.into_iter().find(|(key, _)| !attached.contains(key)) {
            return Err(failure);
        }
        Ok(refused.into_values().map(|names| sentence(&names)).collect())
    }

    fn key(&self, probe: ProbeId) -> (u32, u32) {
        key(self.manifest.probes.get(probe.index()).map_or(Span::default(), |probe| probe.span))
    }
}

fn key(span: Span) -> (u32, u32) {
    (span.start, span.end)
}

fn sentence(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => format!("the kernel does not let {shown} be probed; the other matches are"),
        more => format!("the kernel does not let {} matches be probed: {shown} and {more} more", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_few_are_named_and_many_are_counted() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert!(sentence(&names[..1]).contains("let a be probed"));
        assert!(sentence(&names[..2]).contains("let a, b be probed"));
        assert!(sentence(&names).contains("5 matches be probed: a, b, c and 2 more"));
    }
}
