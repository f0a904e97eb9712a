//! What the compiler's tables have, cases use: one that compiles, and one that runs.

use std::collections::BTreeSet;

use tracedeck_compiler::sema::{config, formats};
use tracedeck_compiler::syntax::{self, Limits};
use tracedeck_compiler::{aggregations, builtins, probes};
use tracedeck_tests::captured::{files, home, read};
use tracedeck_tests::case;

use super::suite::outcomes;

/// What scripts are made of: names in calls and as values, keys of settings, endings of specifiers.
#[derive(Default)]
struct Used {
    names: BTreeSet<String>,
    settings: BTreeSet<String>,
    conversions: BTreeSet<&'static str>,
}

impl Used {
    /// Adds what is in a script's tree, read from its text, one node a line.
    fn add(&mut self, script: &str) {
        let source = tracedeck_compiler::source::SourceFile::new("case", script);
        let Ok(script) = syntax::parse(&source, &Limits::default()) else { return };
        let settings = script.config.iter().flat_map(|block| &block.settings);
        self.settings.extend(settings.map(|setting| setting.key.name.to_lowercase()));
        for line in syntax::dump::dump(&script).lines() {
            match line.trim_start().split_once(' ') {
                Some(("call" | "identifier", name)) => drop(self.names.insert(name.to_owned())),
                Some(("string", text)) => self.conversions.extend(conversions_in(text)),
                _ => {}
            }
        }
    }
}

/// The conversions of a text, if it is a format.
fn conversions_in(text: &str) -> Vec<&'static str> {
    let behind_percent = |part: &str| {
        let rest = part.trim_start_matches(|it: char| "-+ #.hlLjzt".contains(it) || it.is_ascii_digit());
        formats::CONVERSIONS.iter().map(|(letters, _)| *letters).find(|letters| rest.starts_with(letters))
    };
    text.split('%').skip(1).filter_map(behind_percent).collect()
}

/// All that cases use which compile.
fn compiled() -> Used {
    let mut used = Used::default();
    outcomes().iter().filter(|it| it.compiled.is_some()).for_each(|it| used.add(&it.case.script));
    used
}

/// All that cases use which say what they print.
fn run() -> Used {
    let mut used = Used::default();
    case::all().iter().filter(|case| case.is_run()).for_each(|case| used.add(&case.script));
    used
}

/// The text of all tests of a running kernel.
fn kernel_tests() -> String {
    files(&home().join("tiers/kernel"), "rs").iter().map(|path| read(path)).collect()
}

#[track_caller]
fn assert_all<'a>(what: &str, names: impl IntoIterator<Item = &'a str>, has: impl Fn(&str) -> bool) {
    let without: Vec<&str> = names.into_iter().filter(|name| !has(name)).collect();
    assert!(without.is_empty(), "no {what}: {without:?}");
}

#[test]
fn every_builtin_and_every_aggregation_is_compiled() {
    let used = compiled().names;
    // `arg0` stands for all its kin.
    let names = builtins::ALL.iter().map(|it| it.name).chain(aggregations::ALL.iter().map(|it| it.name));
    assert_all("case compiles", names, |name| used.contains(name));
}

#[test]
fn every_conversion_is_compiled_and_run() {
    let (compiled, run) = (compiled().conversions, run().conversions);
    let letters = || formats::CONVERSIONS.iter().map(|(letters, _)| *letters);
    assert_all("case that compiles and case that runs", letters(), |it| compiled.contains(it) && run.contains(it));
}

#[test]
fn every_setting_is_compiled_and_run() {
    let (compiled, run, tests) = (compiled().settings, run().settings, kernel_tests());
    let keys = || config::keys().map(|(name, _)| name);
    let is_run = |it: &str| run.contains(it) || tests.contains(it) || tests.contains(&it.to_uppercase());
    assert_all("case that compiles and case that runs", keys(), |it| compiled.contains(it) && is_run(it));
}

#[test]
fn every_probe_type_is_compiled() {
    let mut seen = BTreeSet::new();
    for it in outcomes() {
        let probes = it.compiled.iter().flat_map(|compiled| &compiled.manifest.probes);
        seen.extend(probes.filter_map(|probe| probe.name.split(':').next().map(str::to_owned)));
    }
    assert_all("case compiles", probes::ALL.iter().map(|kind| kind.name), |it| seen.contains(it));
}
