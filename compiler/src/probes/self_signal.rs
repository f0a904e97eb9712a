//! `self`: signals to the tracer itself.

use super::{Expander, ProbeKind, Shown, Support, Tested, plain};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{AttachSpec, ProgramKind};

pub static SELF: ProbeKind = ProbeKind {
    name: "self",
    aliases: &[],
    syntax: "self:signal:SIGUSR1",
    doc: "The tracer received a signal: `kill -USR1` makes it print what it has.",
    since: "5.10",
    mechanism: "a raw tracepoint program that the engine runs",
    arguments: "",
    tested: Tested {
        count: Shown::By(&["kernel/signals::a_signal_runs_the_probe_each_time"]),
        values: Shown::Not("it has none of its own"),
        wildcard: Shown::Not("an attach point of this type is one signal"),
        predicate: Shown::By(&["kernel/signals::a_signal_runs_the_probe_each_time"]),
        stack: Shown::Not("no event is behind it"),
        further: &[],
    },
    example: "self:signal:SIGUSR1",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let [what, signal] = parts else {
        return expander.malformed("self needs 'signal' and the name of the signal");
    };
    if what != "signal" {
        return expander.malformed(format!("self knows signals only, not '{what}'"));
    }
    if signal != "SIGUSR1" {
        let message = format!("'{signal}' is not a signal that a script can wait for");
        let help = "The tracer hears SIGUSR1";
        return expander.error(Diagnostic::error("no-such-probe", expander.span, message).with_help(help));
    }
    let name = "self:signal:SIGUSR1".to_owned();
    expander.push(plain(name, AttachSpec::Signal, ProgramKind::RawTracepoint, Context::None));
}
