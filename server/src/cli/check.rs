//! `tracedeck check`: what is wrong with a script, without running it.

use std::ffi::OsString;
use std::io::Write;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use tracedeck_compiler::Checked;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::diagnostic::{Diagnostic, Severity};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use super::emit::{Stage, emit};
use super::{FAILURE, script};
use crate::host::LiveKernel;

/// The parser and the analysis recurse; this is room for the deepest script that the limits allow.
const STACK: usize = 16 << 20;

#[derive(Debug, Args)]
#[command(
    long_about = "Look for mistakes in a script: parse it and check its types against this machine's kernel. Nothing is \
                  loaded or attached, no privilege is needed.",
    after_help = "EXAMPLES:\n  \
                  tracedeck check script.bt\n  \
                  tracedeck check -e 'begin { @a = cuont(); }'\n  \
                  tracedeck check --json script.bt             for editors\n  \
                  tracedeck check --emit ir script.bt          the LLVM IR of its programs\n\n\
                  The exit status is 1 when there are errors."
)]
pub struct CheckArguments {
    /// The script's text
    #[arg(short = 'e', value_name = "PROGRAM")]
    program: Option<String>,
    /// Show what a stage of the compiler makes of the script
    #[arg(long, value_name = "STAGE")]
    emit: Option<Stage>,
    /// Diagnostics, probes and maps as one JSON object
    #[arg(long, conflicts_with = "emit")]
    json: bool,
    /// Permit dangerous functions
    #[arg(long = "unsafe")]
    allow_unsafe: bool,
    /// FILE, or `-` for the standard input; then the script's parameters
    #[arg(value_name = "FILE [PARAMETER]...", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub fn run(arguments: &CheckArguments) -> Result<u8> {
    let Some((source, options)) =
        script::prepare(arguments.program.as_deref(), &arguments.arguments, arguments.allow_unsafe)?
    else {
        return Ok(FAILURE);
    };
    let (stage, as_json) = (arguments.emit, arguments.json);
    with_deep_stack(move || match stage {
        Some(stage) => emitted(stage, &source, &options),
        None => checked(&source, &options, as_json),
    })
}

/// Runs work that recurses on a thread with room for it.
pub fn with_deep_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn emitted(stage: Stage, source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    match emit(stage, source, &LiveKernel::shared(), options) {
        Ok(text) => {
            std::io::stdout().lock().write_all(text.as_bytes())?;
            Ok(0)
        }
        Err(diagnostics) => {
            diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
            Ok(FAILURE)
        }
    }
}

fn checked(source: &SourceFile, options: &CompileOptions, as_json: bool) -> Result<u8> {
    let checked = tracedeck_compiler::check(source, LiveKernel::shared().as_ref(), options);
    let has_errors = checked.diagnostics.iter().any(Diagnostic::is_error);
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", report(source, &checked))?;
    } else {
        checked.diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
        if !has_errors {
            writeln!(out, "{}", summary(source, &checked))?;
        }
    }
    Ok(if has_errors { FAILURE } else { 0 })
}

fn summary(source: &SourceFile, checked: &Checked) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let warnings = match checked.diagnostics.len() {
        0 => String::new(),
        number => format!(", {}", count(number, "warning")),
    };
    format!(
        "{}: no errors{warnings} ({}, {})",
        source.name(),
        count(checked.probes.len(), "probe"),
        count(checked.maps.len(), "map")
    )
}

fn report(source: &SourceFile, checked: &Checked) -> serde_json::Value {
    let diagnostics: Vec<_> = checked
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let (start, end) = (source.position(diagnostic.span.start), source.position(diagnostic.span.end));
            json!({
                "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "file": source.name_at(diagnostic.span.start),
                "code": diagnostic.code,
                "message": diagnostic.message,
                "start": diagnostic.span.start,
                "end": diagnostic.span.end,
                "line": start.line,
                "column": start.column,
                "end_line": end.line,
                "end_column": end.column,
                "help": diagnostic.help,
            })
        })
        .collect();
    let maps: Vec<_> = checked
        .maps
        .iter()
        .map(|map| {
            json!({
                "name": map.name,
                "key": map.key.as_ref().map(ToString::to_string),
                "value": map.value.to_string(),
            })
        })
        .collect();
    let probes: Vec<&str> = checked.probes.iter().map(|probe| probe.name.as_str()).collect();
    json!({"diagnostics": diagnostics, "probes": probes, "maps": maps})
}
