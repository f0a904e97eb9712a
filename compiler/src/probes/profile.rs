//! `profile` and `interval`: by the clock, on every processor or once.

use super::{Expander, ProbeKind, Shown, Support, Tested, plain};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hir::Context;
use crate::manifest::{AttachSpec, Period, ProgramKind};

pub static PROFILE: ProbeKind = ProbeKind {
    name: "profile",
    aliases: &["p"],
    syntax: "profile:[CPU:]hz:RATE, profile:[CPU:]s|ms|us:N or profile:[CPU:]10ms",
    doc: "Fires on every processor at a rate, for sampling what runs; on one processor with its number in front.",
    since: "4.9",
    mechanism: "a perf event on every processor",
    arguments: "registers, stacks",
    tested: Tested {
        count: Shown::By(&[
            "kernel/stacks::user_stacks_of_an_exited_process_have_names",
            "kernel/watchpoints::a_profile_of_one_processor_fires_on_that_one",
        ]),
        values: Shown::By(&["kernel/kinds::registers_of_a_sample_are_where_the_program_was"]),
        wildcard: Shown::Not("a rate is no name that could match"),
        predicate: Shown::By(&["kernel/stacks::user_stacks_of_an_exited_process_have_names"]),
        stack: Shown::By(&["kernel/stacks::user_stacks_of_an_exited_process_have_names"]),
        further: &[],
    },
    example: "profile:hz:99",
    support: Support::Yes(profile),
};

pub static INTERVAL: ProbeKind = ProbeKind {
    name: "interval",
    aliases: &["i"],
    syntax: "interval:s|ms|us|hz:N or interval:10ms",
    doc: "Fires at a rate on one processor, for output in steps.",
    since: "4.9",
    mechanism: "a perf event on one processor",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/numbers::interval_prints_and_clears", "vm/classic::timers_tick_everywhere"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("a rate is no name that could match"),
        predicate: Shown::By(&["kernel/kinds::conditions_of_probes_that_run_by_themselves_are_tested"]),
        stack: Shown::Not("what it interrupts has nothing to do with it"),
        further: &[],
    },
    example: "interval:s:1",
    support: Support::Yes(interval),
};

/// The shortest period: below it the kernel would do nothing but fire the probe.
const SHORTEST_NANOSECONDS: u64 = 1000;
const UNITS: &[(&str, u64)] = &[("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

/// The profile of one processor has its number in front.
fn profile(expander: &mut Expander<'_>, parts: &[String]) {
    let number = |text: &String| text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    let (cpu, rest) = match parts {
        [cpu, rest @ ..] if !rest.is_empty() && number(cpu).is_some() => (number(cpu), rest),
        all => (None, all),
    };
    if let Some(cpu) = cpu.filter(|cpu| *cpu >= expander.kernel.possible_cpus()) {
        let message = format!("There is no processor {cpu}: the last is {}", expander.kernel.possible_cpus() - 1);
        return expander.error(Diagnostic::error("no-such-probe", expander.span, message));
    }
    let Some(period) = period(expander, rest) else { return };
    attach(expander, parts, AttachSpec::Profile { period, cpu });
}

fn interval(expander: &mut Expander<'_>, parts: &[String]) {
    let Some(period) = period(expander, parts) else { return };
    attach(expander, parts, AttachSpec::Interval { period });
}

fn attach(expander: &mut Expander<'_>, parts: &[String], spec: AttachSpec) {
    let name = format!("{}:{}", expander.kind.name, parts.join(":"));
    expander.push(plain(name, spec, ProgramKind::PerfEvent, Context::PerfEvent));
}

fn period(expander: &mut Expander<'_>, parts: &[String]) -> Option<Period> {
    let kind = expander.kind.name;
    let (unit, number) = match parts {
        [unit, number] => (unit.clone(), number.clone()),
        [single] if parse_number(single).is_some() => ("ns".to_owned(), single.clone()),
        [single] => split_unit(single),
        [] => {
            expander.malformed(format!("{kind} needs a unit and a number"));
            return None;
        }
        _ => {
            expander.at_most(parts, 2)?;
            return None;
        }
    };
    if number.is_empty() {
        expander.malformed(format!("{kind} needs a unit and a number"));
        return None;
    }
    let Some(count) = parse_number(&number) else {
        expander.malformed(format!("The rate of {kind} probes is a number, not '{number}'"));
        return None;
    };
    if count == 0 {
        expander.error(rate_error(expander, format!("The rate of {kind} probes must be greater than zero")));
        return None;
    }
    if unit == "hz" {
        if count > 1_000_000_000 / SHORTEST_NANOSECONDS {
            expander.error(rate_error(expander, format!("{count} Hz is too fast: the most is 1000000")));
            return None;
        }
        return Some(Period::Hertz(count));
    }
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let known = ["hz", "s", "ms", "us"];
        let mut error = rate_error(expander, format!("{unit} is not an accepted unit"));
        error = match nearest(&unit, known) {
            Some(best) => error.with_help(format!("Did you mean '{best}'?")),
            None => error.with_help(format!("Units are {}", known.join(", "))),
        };
        expander.error(error);
        return None;
    };
    match count.checked_mul(*factor) {
        Some(nanoseconds) if nanoseconds >= SHORTEST_NANOSECONDS => Some(Period::Nanoseconds(nanoseconds)),
        Some(_) => {
            let error = rate_error(expander, format!("The period of {kind} probes is at least 1us"));
            expander.error(error.with_help(format!("A number alone is nanoseconds; seconds are {kind}:s:{count}")));
            None
        }
        None => {
            expander.error(rate_error(expander, format!("The period of this {kind} probe is too long")));
            None
        }
    }
}

/// `10ms` as its unit and number.
fn split_unit(text: &str) -> (String, String) {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    (unit.to_owned(), number.to_owned())
}

/// Decimal digits with `_` between them, or the exponent form `1e3`.
pub(super) fn parse_number(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    if let Some((digit, exponent)) = text.split_once('e') {
        let factor = 10_u64.checked_pow(exponent.parse().ok()?)?;
        return digit.parse::<u64>().ok()?.checked_mul(factor);
    }
    text.parse().ok()
}

fn rate_error(expander: &Expander<'_>, message: String) -> Diagnostic {
    Diagnostic::error("bad-rate", expander.span, message)
}
