//! Attach points: raw text to probes of this machine, then to groups that share one program.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::Context;
use crate::kernel::{Kernel, TracepointField};
use crate::manifest::{AttachSpec, MissingProbes, ProgramKind};
use crate::options::{CompileOptions, Purpose};
use crate::probes::{self, Data, Expanded, Expander, ProbeKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::AddressSpace;

use super::config::Config;
use super::usage::Usage;

/// The attach points that one generated program serves.
#[derive(Debug, Clone)]
pub struct Group {
    /// Index of the probe in the script.
    pub probe: usize,
    pub program: ProgramKind,
    pub context: Context,
    pub data: Data,
    pub space: AddressSpace,
    pub members: Vec<Member>,
}

/// An attach point of a group.
#[derive(Debug, Clone)]
pub struct Member {
    pub expanded: Expanded,
    pub span: Span,
    pub kind: &'static str,
}

impl Group {
    /// What `probe` evaluates to; programs of several attach points do not ask for it.
    pub fn name(&self) -> &str {
        self.members.first().map_or("", |member| member.expanded.name.as_str())
    }

    /// File and place in it where the only uprobe of the group is.
    pub fn uprobe_place(&self) -> Option<(&str, u64)> {
        match self.members.as_slice() {
            [Member { expanded: Expanded { spec: AttachSpec::Uprobe(uprobe), .. }, .. }] => {
                match uprobe.places.as_slice() {
                    [place] => Some((&uprobe.path, place.file_offset)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Bytes of the body that is walked for this group.
    pub fn text_size(&self, probes: &[&ast::Probe]) -> usize {
        probes.get(self.probe).map_or(0, |probe| (probe.span.end - probe.span.start + probe.expanded) as usize)
    }

    /// The probe type's name.
    pub fn kind(&self) -> &'static str {
        self.members.first().map_or("", |member| member.kind)
    }
}

/// Expands every attach point of a script and groups them, in script order.
pub fn expand(
    probes: &[&ast::Probe],
    functions: &[&ast::Function],
    kernel: &dyn Kernel,
    options: &CompileOptions,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Vec<Group> {
    let mut groups = Vec::new();
    let limit = config.max_probes.min(options.limits.max_probes as u64);
    let mut total = 0_u64;
    refuse_company(probes, options, diagnostics);
    for (index, probe) in probes.iter().enumerate() {
        let usage = Usage::of(probe, functions);
        let first = groups.len();
        for point in probe.attach_points.iter().filter(|point| serves(point, options.purpose)) {
            let members = attach_point(point, &usage, kernel, options, config, diagnostics);
            total += members.iter().map(|member| member.expanded.places as u64).sum::<u64>();
            if total > limit {
                let message = format!("The script attaches more than {limit} probes (it needs at least {total})");
                diagnostics.push(
                    Diagnostic::error("too-many-probes", point.span, message)
                        .with_help("Narrow the wildcard, or raise 'max_probes' in the config block"),
                );
                return groups;
            }
            for member in members {
                join_group(&mut groups, first, index, member, &usage);
            }
        }
    }
    groups
}

/// Whether an attach point belongs to what the script is compiled for; what is not known is reported in any case.
fn serves(point: &ast::AttachPoint, purpose: Purpose) -> bool {
    let word = point.text.split(':').next().unwrap_or_default();
    match (probes::find(word.trim()).map(|kind| kind.name), purpose) {
        (Some("begin" | "end") | None, _) => true,
        (Some(name), Purpose::Test) => name == "test",
        (Some(name), Purpose::Bench) => name == "bench",
        (Some(name), Purpose::Trace) => !matches!(name, "test" | "bench"),
    }
}

/// An iterator is the only probe of its script: its walk is the whole run.
fn refuse_company(probes: &[&ast::Probe], options: &CompileOptions, diagnostics: &mut Diagnostics) {
    let points: Vec<&ast::AttachPoint> = probes.iter().flat_map(|probe| &probe.attach_points).collect();
    let points: Vec<_> = points.into_iter().filter(|point| serves(point, options.purpose)).collect();
    let is_iterator = |point: &&&ast::AttachPoint| {
        let word = point.text.split(':').next().unwrap_or_default();
        probes::find(word.trim()).is_some_and(|kind| kind.name == "iter")
    };
    if points.len() > 1
        && let Some(point) = points.iter().find(is_iterator)
    {
        let message = "An iter probe must be the only probe of its script";
        diagnostics.push(Diagnostic::error("iterator-with-company", point.span, message));
    }
}

/// Adds an attach point to the group of its probe whose program serves it as well, or opens one.
fn join_group(groups: &mut Vec<Group>, first: usize, probe: usize, member: Member, usage: &Usage) {
    let it = &member.expanded;
    let fits = |group: &&mut Group| {
        !usage.probe
            // A program cannot tell by which of two links it was called.
            && !matches!(group.context, Context::Syscall { .. })
            && group.program == it.program
            && group.context == it.context
            && group.space == it.space
            && group.kind() == member.kind
            && same_data(&group.data, &it.data, usage)
    };
    match groups[first..].iter_mut().find(fits) {
        Some(group) => group.members.push(member),
        None => groups.push(Group {
            probe,
            program: it.program.clone(),
            context: it.context.clone(),
            data: it.data.clone(),
            space: it.space,
            members: vec![member],
        }),
    }
}

/// Whether the body reads the same from both: the fields it names lie at the same places with the same types.
fn same_data(left: &Data, right: &Data, usage: &Usage) -> bool {
    if let (Data::Usdt(a), Data::Usdt(b)) = (left, right) {
        return a == b;
    }
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return false;
    }
    if let (Data::FunctionReturn(a), Data::FunctionReturn(b)) = (left, right) {
        return a == b;
    }
    if !usage.reads_arguments() {
        return true;
    }
    match (left, right) {
        (Data::Tracepoint(Some(a)), Data::Tracepoint(Some(b))) => {
            if usage.whole_arguments {
                return a == b;
            }
            let find = |fields: &[TracepointField], name: &str| {
                fields.iter().find(|it| it.field.name == name).map(|it| (it.kind, it.field.offset, it.field.ty.clone()))
            };
            usage.fields.iter().all(|name| find(&a.fields, name) == find(&b.fields, name))
        }
        (Data::RawTracepoint(a), Data::RawTracepoint(b)) => {
            a.as_ref().map(|it| &it.fields) == b.as_ref().map(|it| &it.fields)
        }
        (Data::Tracepoint(a), Data::Tracepoint(b)) => a.is_none() && b.is_none(),
        (Data::KernelEntry(a), Data::KernelEntry(b)) | (Data::FunctionEntry(a), Data::FunctionEntry(b)) => a == b,
        _ => true,
    }
}

fn attach_point(
    point: &ast::AttachPoint,
    usage: &Usage,
    kernel: &dyn Kernel,
    options: &CompileOptions,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Vec<Member> {
    for (_, number) in parameters_in(&point.text).filter(|(_, number)| parameter(*number, options).is_none()) {
        let message = format!("Parameter ${number} is missing: nothing stands for it in the attach point");
        diagnostics.push(Diagnostic::warning("missing-parameter", point.span, message));
    }
    let parts = split(&substitute(&point.text, options));
    let Some(kind) = provider(&parts, point.span, diagnostics) else { return Vec::new() };
    if let Some(reason) = kind.support.missing(kernel) {
        diagnostics.push(
            Diagnostic::error("probe-not-supported", point.span, reason)
                .with_help(format!("Linux has what {} probes need since {}", kind.name, kind.since)),
        );
        return Vec::new();
    }
    let (mut expanded, mut missing) = (Vec::new(), Vec::new());
    kind.support.expansion()(
        &mut Expander {
            kernel,
            options,
            kind,
            span: point.span,
            split: usage.probe,
            reads_positions: usage.positions,
            reads_result: usage.result,
            names_arguments: usage.reads_arguments(),
            fits_all_syscalls: usage.fits_all_syscalls(),
            expanded: &mut expanded,
            diagnostics,
            missing: &mut missing,
        },
        &parts[1..],
    );
    for mut diagnostic in missing {
        match config.run.missing_probes {
            MissingProbes::Error => diagnostics.push(diagnostic),
            MissingProbes::Warn => {
                diagnostic.severity = crate::diagnostic::Severity::Warning;
                diagnostics.push(diagnostic);
            }
            MissingProbes::Ignore => {}
        }
    }
    if usage.objects {
        expanded.iter_mut().for_each(track_arguments);
    }
    expanded.into_iter().map(|expanded| Member { expanded, span: point.span, kind: kind.name }).collect()
}

/// Loads a raw tracepoint's program as one whose arguments the verifier knows by their types.
fn track_arguments(expanded: &mut Expanded) {
    if let AttachSpec::RawTracepoint { name } = &expanded.spec {
        expanded.program = ProgramKind::TracingRawTracepoint { name: name.clone() };
    }
}

fn provider(parts: &[String], span: Span, diagnostics: &mut Diagnostics) -> Option<&'static ProbeKind> {
    let word = parts.first().map(String::as_str).unwrap_or_default();
    let found = probes::find(word);
    if found.is_none() {
        let names = probes::ALL.iter().flat_map(|kind| kind.aliases.iter().copied().chain([kind.name]));
        let unknown = Diagnostic::error("unknown-probe-type", span, format!("Invalid probe type: {word}"));
        diagnostics.push(match word.to_ascii_lowercase().as_str() {
            "asyncwatchpoint" | "aw" => unknown.with_help("It is gone since bpftrace 0.25: use watchpoint"),
            _ => unknown.with_suggestion(word, names),
        });
    }
    found
}

/// Replaces `$1`, `$2`, ... outside of quotes by the parameters' texts.
fn substitute(text: &str, options: &CompileOptions) -> String {
    let mut result = String::new();
    let mut done = 0;
    for (place, number) in parameters_in(text) {
        result.push_str(&text[done..place.start]);
        result.push_str(parameter(number, options).unwrap_or_default());
        done = place.end;
    }
    result + &text[done..]
}

fn parameter(number: usize, options: &CompileOptions) -> Option<&str> {
    options.positional.get(number.wrapping_sub(1)).map(String::as_str)
}

/// Where `$1`, `$2`, ... stand outside of quotes, and their numbers.
fn parameters_in(text: &str) -> impl Iterator<Item = (Range<usize>, usize)> {
    let mut quoted = false;
    text.match_indices(['"', '$']).filter_map(move |(at, character)| {
        quoted ^= character == "\"";
        let after = &text[at + 1..];
        let digits = after.len() - after.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let is_parameter = character == "$" && digits > 0 && !quoted;
        is_parameter.then(|| (at..at + 1 + digits, after[..digits].parse().unwrap_or_default()))
    })
}

/// The parts between colons. Quotes keep colons and are taken off.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let Some(part) = parts.last_mut() else { break };
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => part.extend(characters.next()),
            ':' if !quoted => parts.push(String::new()),
            _ => part.push(character),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_colons() {
        assert_eq!(split(r#"u:/bin/a:"ns::f(int)""#), ["u", "/bin/a", "ns::f(int)"]);
        assert_eq!(split("begin"), ["begin"]);
    }

    #[test]
    fn parameters_are_replaced_outside_of_quotes() {
        let options = CompileOptions { positional: vec!["99".into()], ..CompileOptions::default() };
        assert_eq!(substitute("p:hz:$1", &options), "p:hz:99");
        assert_eq!(substitute("u:a:\"$1\"$2", &options), "u:a:\"$1\"");
        assert_eq!(substitute("$1$:$1x$99999999999999999999é$", &options), "99$:99xé$");
    }
}
