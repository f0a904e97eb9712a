//! `tracedeck run`: a script in the terminal, with bpftrace's options.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError};

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgAction, Args, Parser, ValueEnum};
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use super::arguments::{ScriptParameters, environment};
use super::emit::{Stage, emit};
use super::{FAILURE, check, info, list, privileges, script, signals};
use crate::flame::FlameOptions;
use crate::host::LiveKernel;
use crate::live::{LiveDriver, leave_links_to_a_child};
use crate::output::flame::FlameFile;
use crate::output::folded::FoldedSink;
use crate::output::json::JsonSink;
use crate::output::text::TextSink;
use crate::output::{Desk, Sink, Streams, Verbosity};
use crate::session::driver::{Driver, RunRequest};
use crate::session::event::Event;

/// Process ids of Linux are smaller (`PID_MAX_LIMIT`).
const MAX_PID: u32 = 0x40_0000;
/// Exit code of a run that broke off without a word.
const BROKEN: u8 = 255;

#[derive(Debug, Parser)]
#[command(
    about = "Run a script in the terminal",
    long_about = "Compile a script, attach its probes to the running kernel, and write what it says. It ends by itself \
                  when the script calls exit(), with Ctrl-C, or with the process that -c or -p names; then its maps \
                  are printed.",
    override_usage = "tracedeck run [OPTIONS] FILE [PARAMETER]... [-- --NAME=VALUE...]\n       \
                      tracedeck run [OPTIONS] -e 'PROGRAM' [PARAMETER]...\n       \
                      tracedeck run -l [PATTERN]",
    after_help = "EXAMPLES:\n  \
      tracedeck run -e 't:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm, str(args.filename)); }'\n  \
      tracedeck run -e 'profile:hz:99 { @[comm] = count(); }'\n  \
      tracedeck run -c 'sleep 1' script.bt              trace while a command runs\n  \
      tracedeck run script.bt 100 -- --name=nginx       parameters: $1 and getopt(\"name\")\n  \
      tracedeck run -l 't:sched:*'                      list probes; -lv with their arguments\n  \
      tracedeck run --flame cpu.svg -e 'profile:hz:99 { @[kstack, ustack, comm] = count(); }'\n  \
      tracedeck run -f folded -e 'profile:hz:99 { @[comm, ustack] = count(); }' > stacks.txt\n\n\
      EXIT STATUS: 0, or the argument of exit(); 1 for a mistake in the script or the arguments; 255 when nothing \
      could be attached.\n\n\
      ENVIRONMENT: BPFTRACE_* variables set keys of the config block and win over it (BPFTRACE_MAX_STRLEN=64). \
      TRACEDECK_LOG=debug tells what the program does."
)]
pub struct RunArguments {
    /// The script's text
    #[arg(short = 'e', value_name = "PROGRAM")]
    program: Option<String>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    output: OutputArguments,
    /// List probes that match a pattern, or those of a script
    #[arg(short, long)]
    list: bool,
    /// Say more; with -l, show what probes can read
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// Do not say how many probes are attached
    #[arg(short, long)]
    quiet: bool,
    /// Warn of failed reads of memory while the script runs
    #[arg(short = 'k', long = "warnings", action = ArgAction::Count)]
    warnings: u8,
    /// No warnings at all
    #[arg(long, conflicts_with = "warnings")]
    no_warnings: bool,
    /// Permit functions that change the system: system(), signal(), ...
    #[arg(long = "unsafe")]
    allow_unsafe: bool,
    /// End after attaching
    #[arg(long)]
    dry_run: bool,
    /// Print what stages of the compiler make of the script, and end: ast, hir, ir, ir-opt, bytecode, manifest, all
    #[arg(short = 'd', long = "debug", value_name = "STAGE[,STAGE]")]
    debug: Option<String>,
    /// Tell what this kernel can do
    #[arg(long)]
    info: bool,
    /// No effect, for compatibility
    #[arg(short = 'b', long, hide = true)]
    btf: bool,
    /// No effect, for compatibility
    #[arg(long, hide = true)]
    usdt_file_activation: bool,
    /// FILE, or `-` for the standard input; then the script's parameters
    #[arg(value_name = "FILE [PARAMETER]...", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Which processes are traced.
#[derive(Debug, Args)]
struct Target {
    /// Trace one process only, and end with it
    #[arg(short, long, value_name = "PID")]
    pid: Option<u32>,
    /// Start a command when all is attached, and end with it; its pid is `cpid`
    #[arg(short, long = "cmd", value_name = "COMMAND", conflicts_with = "pid")]
    cmd: Option<String>,
}

/// Where the output goes and how it looks.
#[derive(Debug, Args)]
struct OutputArguments {
    /// Format of the output
    #[arg(short, long, value_enum, default_value = "text")]
    format: Format,
    /// Draw the maps that have a stack in their key as a flame graph when the script ends
    #[arg(long, value_name = "FILE.svg")]
    flame: Option<PathBuf>,
    /// Write to a file instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When output is handed on: after each line, when the buffer is full, at once
    #[arg(short = 'B', value_enum, value_name = "MODE", default_value = "line")]
    buffering: Buffering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As bpftrace writes it
    Text,
    /// One JSON object a line for each event
    Json,
    /// One line for each stack, the input of flame graph tools
    Folded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Buffering {
    Line,
    Full,
    None,
}

/// Runs a script, or does what the options ask for instead; returns the exit code.
pub fn run(mut arguments: RunArguments) -> Result<u8> {
    if arguments.info {
        io::stdout().lock().write_all(info::as_text().as_bytes())?;
        return Ok(0);
    }
    if arguments.warnings > 1 {
        bail!("-kk is gone: -k warns of all failed reads");
    }
    if let Some(pid) = arguments.target.pid.filter(|pid| *pid == 0 || *pid > MAX_PID) {
        bail!("{pid} is not a process id");
    }
    if arguments.list && arguments.program.is_none() && !names_a_file(&arguments.arguments) {
        let pattern = arguments.arguments.first().map(|pattern| pattern.to_string_lossy()).unwrap_or_default();
        return list::print(&pattern, arguments.target.pid, arguments.verbose > 0, false);
    }
    let words = std::mem::take(&mut arguments.arguments);
    let (source, rest) = script::read(arguments.program.as_deref(), &words)?;
    let options = compile_options(&arguments, ScriptParameters::from_arguments(rest)?);
    if arguments.list {
        return check::with_deep_stack(|| list_script(&source, &options));
    }
    if let Some(stages) = &arguments.debug {
        let stages = Stage::parse_list(stages)?;
        return check::with_deep_stack(|| show_stages(&stages, &source, &options));
    }
    if let Some(reason) = privileges::missing() {
        bail!(reason);
    }
    if let Some(pid) = arguments.target.pid.filter(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
        bail!("there is no process {pid}");
    }
    run_script(arguments, source, options)
}

/// bpftrace lists the probes of a script when the argument of -l is a file.
fn names_a_file(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|first| Path::new(first).is_file())
}

fn compile_options(arguments: &RunArguments, parameters: ScriptParameters) -> CompileOptions {
    CompileOptions {
        positional: parameters.positional,
        named: parameters.named,
        pid: arguments.target.pid,
        has_child: arguments.target.cmd.is_some(),
        allow_unsafe: arguments.allow_unsafe,
        count_read_failures: arguments.warnings > 0,
        environment: environment(std::env::vars_os()),
        ..CompileOptions::default()
    }
}

/// Prints the expanded probes of a script.
fn list_script(source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    let checked = tracedeck_compiler::check(source, LiveKernel::shared().as_ref(), options);
    let mut out = io::stdout().lock();
    checked.probes.iter().try_for_each(|probe| writeln!(out, "{}", probe.name))?;
    let errors: Vec<_> = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    errors.iter().for_each(|error| eprint!("{}", render(source, error)));
    Ok(if errors.is_empty() { 0 } else { FAILURE })
}

fn show_stages(stages: &[Stage], source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    for stage in stages {
        match emit(*stage, source, &LiveKernel::shared(), options) {
            Ok(text) => io::stdout().lock().write_all(text.as_bytes())?,
            Err(diagnostics) => {
                diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
                return Ok(FAILURE);
            }
        }
    }
    Ok(0)
}

fn run_script(arguments: RunArguments, source: SourceFile, options: CompileOptions) -> Result<u8> {
    let request = RunRequest {
        source_name: source.name().to_owned(),
        source: source.text().to_owned(),
        options,
        command: arguments.target.cmd.clone(),
        dry_run: arguments.dry_run,
        live_maps: false,
        live_map_entries: 0,
        time_limit_seconds: 0,
    };
    let verbosity =
        Verbosity { quiet: arguments.quiet, no_warnings: arguments.no_warnings, verbose: arguments.verbose > 0 };
    let mut sink = make_sink(&arguments.output, source, verbosity)?;
    let mut flame = arguments.output.flame.as_ref().map(|path| {
        let title = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        FlameFile::new(path.clone(), FlameOptions { title: title.unwrap_or_default(), ..FlameOptions::default() })
    });

    let mut driver = LiveDriver::start(request, LiveKernel::shared())?;
    signals::stop_on_signals(driver.handle())?;
    let events = driver.events().ok_or_else(|| anyhow!("the engine has no events"))?;
    let mut code = follow(&events, sink.as_mut(), flame.as_mut(), arguments.output.buffering)?;
    if let Some(flame) = flame.filter(|_| code == 0) {
        let path = flame.path().display().to_string();
        match flame.write() {
            Ok(stacks) if !arguments.quiet => eprintln!("Wrote {path} ({stacks} stacks)"),
            Ok(_) => {}
            Err(error) => {
                eprintln!("ERROR: {error:#}");
                code = FAILURE;
            }
        }
    }
    if let Err(error) = leave_links_to_a_child() {
        tracing::debug!(%error, "the links are detached before the exit");
    }
    Ok(code)
}

fn make_sink(arguments: &OutputArguments, source: SourceFile, verbosity: Verbosity) -> Result<Box<dyn Sink>> {
    let (out, out_is_terminal): (Box<dyn Write + Send>, bool) = match &arguments.output {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("'{}' cannot be written", path.display()))?;
            (Box::new(file), false)
        }
        None => (Box::new(io::stdout()), io::stdout().is_terminal()),
    };
    let streams = Streams {
        out: Box::new(BufWriter::with_capacity(64 << 10, out)),
        err: Box::new(io::stderr()),
        out_is_terminal,
        err_is_terminal: io::stderr().is_terminal(),
        err_has_color: has_color(io::stderr().is_terminal()),
    };
    let desk = Desk::new(source, streams, verbosity);
    Ok(match arguments.format {
        Format::Text => Box::new(TextSink::new(desk)),
        Format::Json => Box::new(JsonSink::new(desk)),
        Format::Folded => Box::new(FoldedSink::new(desk)),
    })
}

/// `BPFTRACE_COLOR`: always, never, or as fits the stream; `NO_COLOR` is heard too.
fn has_color(is_terminal: bool) -> bool {
    match std::env::var("BPFTRACE_COLOR").as_deref() {
        Ok("always") => true,
        Ok("never") => false,
        _ => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Hands events to the sink until the run has ended; returns its exit code. Output is handed on when nothing more is
/// waiting: that is after every line for a script that says little, and in large pieces for one that says much.
fn follow(
    events: &Receiver<Event>,
    sink: &mut dyn Sink,
    mut flame: Option<&mut FlameFile>,
    buffering: Buffering,
) -> io::Result<u8> {
    let mut code = BROKEN;
    loop {
        let event = match events.try_recv() {
            Ok(event) => event,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                if buffering != Buffering::Full {
                    sink.flush()?;
                }
                match events.recv() {
                    Ok(event) => event,
                    Err(_) => break,
                }
            }
        };
        let rest = flame.as_mut().and_then(|flame| flame.take(&event));
        sink.event(rest.as_ref().unwrap_or(&event))?;
        if buffering == Buffering::None {
            sink.flush()?;
        }
        if let Event::Ended { exit_code, .. } = event {
            code = exit_code;
            break;
        }
    }
    sink.flush()?;
    Ok(code)
}

#[cfg(test)]
mod tests;
