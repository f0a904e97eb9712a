//! What a run says on a terminal, in a pipe or in a file: one format in each file beside this one.

use std::io::{self, Write};
use std::sync::Arc;

use tracedeck_compiler::abi::format::map::MapHead;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::diagnostic::{Diagnostic, Severity};
use tracedeck_compiler::manifest::MapId;
use tracedeck_compiler::source::SourceFile;

use crate::session::event::{EndReason, Event, ProgramCost, RunDiagnostic, RunShape};
use crate::session::names::Names;
use losses::{At, Losses};

mod costs;
pub mod flame;
pub mod folded;
pub mod json;
pub mod losses;
pub mod text;
pub mod trials;

/// A consumer of a run's events that writes.
pub trait Sink {
    /// Writes what an event means in this format. Errors are those of the streams.
    fn event(&mut self, event: &Event) -> io::Result<()>;
    /// Hands on what was written so far. Called when no further event is waiting.
    fn flush(&mut self) -> io::Result<()>;
    /// The exit code of the command, when that of the run is known.
    fn exit_code(&self, of_run: u8) -> u8 {
        of_run
    }
}

/// Where a sink writes.
pub struct Streams {
    /// What the script says.
    pub out: Box<dyn Write + Send>,
    /// What is said about the script.
    pub err: Box<dyn Write + Send>,
    /// Bytes of values that a terminal could act on are escaped.
    pub out_is_terminal: bool,
    pub err_is_terminal: bool,
    /// Levels of messages are coloured.
    pub err_has_color: bool,
}

/// How much a sink says about the run beside the script's own output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verbosity {
    /// No `Attached N probes`.
    pub quiet: bool,
    /// No warnings, at run time neither.
    pub no_warnings: bool,
    /// Progress of long attaches.
    pub verbose: bool,
    /// What the probes cost.
    pub costs: bool,
}

/// What every format needs to know of the run, and the messages that all formats write to the error stream.
pub struct Desk {
    pub streams: Streams,
    pub verbosity: Verbosity,
    pub source: SourceFile,
    pub names: Names,
    pub losses: Losses,
    shape: Option<Arc<RunShape>>,
    has_failed: bool,
}

impl Desk {
    /// What the probes cost, where that is to be told.
    pub fn costs(&mut self, costs: &[ProgramCost]) -> io::Result<()> {
        if !self.verbosity.costs || costs.is_empty() {
            return Ok(());
        }
        let table = costs::table(costs, self.shape.as_deref());
        self.tell(table.as_bytes())
    }

    pub fn new(source: SourceFile, streams: Streams, verbosity: Verbosity) -> Self {
        Self {
            streams,
            verbosity,
            source,
            names: Names::default(),
            losses: Losses::default(),
            shape: None,
            has_failed: false,
        }
    }

    /// Takes in what the event says about the run. To be called first for every event.
    pub fn note(&mut self, event: &Event) {
        self.names.apply(event);
        if let Event::Compiled(shape) = event {
            self.shape = Some(Arc::clone(shape));
        }
    }

    /// The name and type of a map; None before the script was compiled.
    pub fn head<'s>(shape: Option<&'s RunShape>, map: MapId) -> Option<MapHead<'s>> {
        let map = shape?.maps.get(map.index())?;
        Some(MapHead { name: &map.name, is_scalar: map.key.is_none(), value: &map.value })
    }

    pub fn shape(&self) -> Option<Arc<RunShape>> {
        self.shape.clone()
    }

    /// Whether `FinalMaps` are to be shown.
    pub fn prints_final_maps(&self) -> bool {
        self.shape.as_ref().is_none_or(|shape| shape.settings.print_maps_on_exit)
    }

    /// Writes to the error stream, behind all that the script said before.
    pub fn tell(&mut self, text: &[u8]) -> io::Result<()> {
        self.streams.out.flush()?;
        self.streams.err.write_all(text)?;
        self.streams.err.flush()
    }

    /// [`Self::tell`] for messages that begin with their place and level.
    fn tell_message(&mut self, text: &str) -> io::Result<()> {
        if !self.streams.err_has_color {
            return self.tell(text.as_bytes());
        }
        self.tell(colored(text).as_bytes())
    }

    pub fn diagnostic(&mut self, diagnostic: &RunDiagnostic) -> io::Result<()> {
        let is_error = diagnostic.severity == Severity::Error;
        self.has_failed |= is_error;
        if self.verbosity.no_warnings && !is_error {
            return Ok(());
        }
        self.tell_message(&diagnostic.rendered)
    }

    pub fn attached(&mut self, probes: u32) -> io::Result<()> {
        if self.verbosity.quiet {
            return Ok(());
        }
        self.tell(format!("Attached {probes} probe{}\n", if probes == 1 { "" } else { "s" }).as_bytes())
    }

    pub fn attaching(&mut self, done: u32, total: u32) -> io::Result<()> {
        if self.verbosity.quiet {
            return Ok(());
        }
        self.tell(format!("Attaching: {done} of {total}\n").as_bytes())
    }

    pub fn warning(&mut self, message: &str) -> io::Result<()> {
        if self.verbosity.no_warnings {
            return Ok(());
        }
        self.tell_message(&format!("WARNING: {message}\n"))
    }

    /// A message about a place of the script, in the layout of compiler diagnostics.
    pub fn located(&mut self, severity: Severity, at: &At, message: &str) -> io::Result<()> {
        let span = at.span;
        if self.verbosity.no_warnings && severity == Severity::Warning {
            return Ok(());
        }
        let mut diagnostic = match severity {
            Severity::Warning => Diagnostic::warning("runtime", span, message),
            Severity::Error => Diagnostic::error("runtime", span, message),
        };
        for (span, name) in &at.expanded_from {
            diagnostic = diagnostic.with_label(*span, format!("expanded from '{name}'"));
        }
        let block = if span.is_empty() {
            format!("{}: {message}\n", if severity == Severity::Error { "ERROR" } else { "WARNING" })
        } else {
            render(&self.source, &diagnostic)
        };
        self.tell_message(&block)
    }

    /// What a program had to leave undone, in the layout of compiler warnings; `helper` is what failed.
    pub fn loss(&mut self, at: &At, message: &str, helper: Option<&(String, i64)>) -> io::Result<()> {
        if self.verbosity.no_warnings {
            return Ok(());
        }
        self.located(Severity::Warning, at, message)?;
        match helper {
            Some((name, code)) => self.tell(format!("Additional Info - helper: {name}, retcode: {code}\n").as_bytes()),
            None => Ok(()),
        }
    }

    /// Tells why a run ended where that is not what one expects of it, and what it lost in total.
    pub fn ended(&mut self, reason: &EndReason) -> io::Result<()> {
        for total in self.losses.totals(&self.source) {
            self.warning(&total)?;
        }
        match reason {
            EndReason::Finished | EndReason::Stopped | EndReason::TargetExited | EndReason::Frozen => Ok(()),
            EndReason::TimeLimit { seconds } => self.warning(&format!("the time limit of {seconds} s was reached")),
            EndReason::Failed { .. } if self.has_failed => Ok(()),
            EndReason::Failed { message } | EndReason::WorkerDied { message } => {
                self.tell_message(&format!("ERROR: {message}\n"))
            }
            EndReason::Interrupted => self.tell_message("ERROR: the server stopped while the script ran\n"),
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.streams.out.flush()?;
        self.streams.err.flush()
    }
}

/// The first level in a message, red for errors and yellow for warnings.
fn colored(text: &str) -> String {
    let levels = [("ERROR:", "\x1b[31m"), ("WARNING:", "\x1b[33m")];
    let found = levels.iter().filter_map(|(level, color)| Some((text.find(level)?, *level, *color))).min();
    match found {
        Some((at, level, color)) => {
            format!("{}{color}{level}\x1b[0m{}", &text[..at], &text[at + level.len()..])
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use super::colored;

    #[test]
    fn the_first_level_of_a_message_is_colored() {
        assert_eq!(colored("a:1:2-3: ERROR: x WARNING: y\n"), "a:1:2-3: \x1b[31mERROR:\x1b[0m x WARNING: y\n");
        assert_eq!(colored("WARNING: x"), "\x1b[33mWARNING:\x1b[0m x");
        assert_eq!(colored("Attached"), "Attached");
    }
}
