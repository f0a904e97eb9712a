//! `software` and `hardware`: the kernel's and the processor's counters, which fire a probe after so many events.

use super::profile::parse_number;
use super::{Expander, has_wildcard, plain};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, PerfCounter, ProgramKind};

/// An event that is counted: its names, and how many of them make the probe fire.
pub struct Event {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    pub counter: PerfCounter,
    pub default_count: u64,
}

pub const fn event(name: &'static str, alias: Option<&'static str>, counter: PerfCounter, default_count: u64) -> Event {
    Event { name, alias, counter, default_count }
}

/// All names of events, those that stand for another too.
pub fn names(events: &'static [Event]) -> impl Iterator<Item = &'static str> {
    events.iter().flat_map(|event| event.alias.into_iter().chain([event.name]))
}

/// `EVENT[:COUNT]`. `unnamed` knows events that have no name: what they count, and how many make the probe fire.
pub fn expand(
    expander: &mut Expander<'_>,
    parts: &[String],
    events: &'static [Event],
    unnamed: impl Fn(&str) -> Option<(PerfCounter, u64)>,
) {
    let provider = expander.kind.name;
    let (name, count) = match parts {
        [] => ("", ""),
        [name] => (name.as_str(), ""),
        [name, count] => (name.as_str(), count.as_str()),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if name.is_empty() {
        let message = format!("The {provider} event's name is missing");
        let diagnostic = Diagnostic::error("malformed-attach-point", expander.span, message);
        return expander.error(diagnostic.with_help(known(provider, events)));
    }
    if has_wildcard(name) {
        return expander.malformed(format!("{provider} takes the name of one event, not a pattern"));
    }
    let named = events.iter().find(|event| event.name == name || event.alias == Some(name));
    let found = named.map(|event| (event.counter, event.default_count)).or_else(|| unnamed(name));
    let Some((counter, default_count)) = found else {
        let message = format!("{} event not found: '{name}'", capitalized(provider));
        let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
        return expander.error(diagnostic.with_suggestion(name, names(events)));
    };
    let count = if count.is_empty() { Some(default_count) } else { parse_number(count) };
    let Some(count) = count.filter(|count| *count > 0) else {
        return expander.malformed(format!("The count of a {provider} event must be a number greater than zero"));
    };
    let spec = AttachSpec::Counter { counter, count, pids: expander.options.processes.pids.clone() };
    let name = format!("{provider}:{}", parts.join(":"));
    expander.push(plain(name, spec, ProgramKind::PerfEvent, Context::PerfEvent));
}

/// A sentence with all names.
fn known(provider: &str, events: &[Event]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event.name).collect();
    format!("{} events are {}", capitalized(provider), names.join(", "))
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
