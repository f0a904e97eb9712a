//! What is asked before a script is attached to hundreds of functions: each call of each of them will cost more.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::manifest::Places;
use tracedeck_compiler::source::{SourceFile, Span};

use crate::compilation::{Compilation, Outcome};
use crate::session::event::RunDiagnostic;

/// Whether there is a person to ask.
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The compilation, if it has few functions or the person at the terminal says yes.
pub fn ask(compilation: Compilation, source: &SourceFile) -> Outcome {
    let programs = &compilation.compiled.manifest.programs;
    let places = Places::of(programs.iter().flat_map(|program| &program.attach));
    if !places.has_many_functions() || is_wanted(places.functions) {
        return Ok(compilation);
    }
    let diagnostic = Diagnostic::error("too-many-probes", Span::default(), "Nothing was attached: you said no")
        .with_help("Narrow the wildcard; --yes attaches without asking");
    Err(vec![RunDiagnostic::new(&diagnostic, source)])
}

fn is_wanted(functions: u32) -> bool {
    let mut terminal = io::stderr().lock();
    let question = write!(
        terminal,
        "The script attaches to {functions} functions; where they are called often, what calls them becomes slower.\n\
         Attach to all of them? [y/N] "
    );
    let mut answer = String::new();
    question.and_then(|()| terminal.flush()).is_ok()
        && io::stdin().lock().read_line(&mut answer).is_ok()
        && is_yes(&answer)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn nothing_but_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("") && !is_yes("no\n") && !is_yes("yy"));
    }
}
