//! `tracedeck run`: a script in the terminal, with bpftrace's options.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use tracedeck_compiler::codegen::ring;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::kernel::Feature;
use tracedeck_compiler::options::{CompileOptions, ProcessFilter, Purpose};
use tracedeck_compiler::source::SourceFile;

use super::arguments::{ScriptParameters, environment, no_cache};
use super::emit::{Stage, emit};
use super::sources::FileSources;
use super::{FAILURE, check, fmt, info, list, notify, privileges, script, signals, sources};
use crate::compilation::{Ahead, Compilation, Compiler};
use crate::flame::FlameOptions;
use crate::host::{LiveKernel, cgroup};
use crate::live::{Detach, LiveDriver, leave_links_to_a_child};
use crate::output::flame::FlameFile;
use crate::output::folded::FoldedSink;
use crate::output::json::JsonSink;
use crate::output::text::TextSink;
use crate::output::trials::TrialSink;
use crate::output::{Desk, Sink, Streams, Verbosity};
use crate::session::driver::{Driver, RunRequest};
use crate::session::event::Event;

mod artefacts;
mod options;
mod question;

pub use options::RunArguments;
use options::{Buffering, CompilingArguments, Format, Mode, NoFeature, OutputArguments};

/// Exit code of a run that broke off without a word.
const BROKEN: u8 = 255;

/// Runs a script, or does what the options ask for instead; returns the exit code.
pub fn run(mut arguments: RunArguments) -> Result<u8> {
    if arguments.info {
        io::stdout().lock().write_all(info::as_text().as_bytes())?;
        return Ok(0);
    }
    if arguments.warnings > 1 {
        bail!("-kk is gone: -k warns of all failed reads");
    }
    if arguments.list && arguments.program.is_none() && !names_a_file(&arguments.arguments) {
        arguments.take_options_behind_pattern()?;
        let pattern = arguments.arguments.first().map(|pattern| pattern.to_string_lossy()).unwrap_or_default();
        return list::print(&pattern, &arguments.target.pid, arguments.verbose > 0, false);
    }
    if let Some(path) = &arguments.artefacts.aot {
        bail!(
            "--aot {} is not supported: programs are compiled for the kernel they run on, which takes milliseconds; \
             `--emit-elf FILE` writes the object",
            path.display()
        );
    }
    if !arguments.dwarf_pid.is_empty() {
        bail!("--dwarf-pid is not supported: user stacks are unwound by frame pointers");
    }
    if let Some(path) = &arguments.compiling.traceable_functions {
        use_traceable_functions(path)?;
    }
    let words = std::mem::take(&mut arguments.arguments);
    let (source, rest) = script::read(arguments.program.as_deref(), &words)?;
    let mode = arguments.compiling.mode.or(arguments.compiling.fmt.then_some(Mode::Format));
    if mode == Some(Mode::Format) {
        return check::with_deep_stack(|| fmt::print(&source));
    }
    let processes = arguments.target.filter(source.script())?;
    let options = compile_options(&arguments, processes, ScriptParameters::from_arguments(rest)?);
    let files = FileSources {
        include_directories: [
            arguments.compiling.include_directories.as_slice(),
            &sources::kernel_headers(&options.environment),
        ]
        .concat(),
        headers: arguments.compiling.headers.clone(),
    };
    let source = match sources::load(source, &files) {
        Ok(source) => source,
        Err(message) => {
            eprint!("{message}");
            return Ok(FAILURE);
        }
    };
    if options.named.iter().any(|(name, _)| name == "help")
        && let Some(text) = check::with_deep_stack(|| Ok(parameter_help(&source, &options)))?
    {
        print!("{text}");
        return Ok(0);
    }
    if let Some(mode @ (Mode::Codegen | Mode::CompilerBench)) = mode {
        return check::with_deep_stack(|| compile_only(mode, &source, &options));
    }
    if arguments.list {
        return check::with_deep_stack(|| list_script(&source, &options));
    }
    if let Some(stages) = &arguments.debug {
        let stages = Stage::parse_list(stages)?;
        return check::with_deep_stack(|| show_stages(&stages, &source, &options));
    }
    if artefacts::are_wanted(&arguments.artefacts) {
        return check::with_deep_stack(|| artefacts::write(&arguments.artefacts, &source, &options));
    }
    if let Some(reason) = privileges::missing() {
        bail!(reason);
    }
    if let Some(pid) = arguments.target.pid.iter().find(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
        bail!("there is no process {pid}");
    }
    if let Some(group) = &arguments.target.cgroup {
        cgroup::find(group)?;
    }
    run_script(arguments, source, options)
}

/// bpftrace lists the probes of a script when the argument of -l is a file.
fn names_a_file(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|first| Path::new(first).is_file())
}

/// What `-- --help` says: the named parameters of the script. None where it has errors, or reads that parameter itself.
fn parameter_help(source: &SourceFile, options: &CompileOptions) -> Option<String> {
    let checked = tracedeck_compiler::check(source, LiveKernel::shared().as_ref(), options);
    let has_errors = checked.diagnostics.iter().any(|diagnostic| diagnostic.is_error());
    if has_errors || checked.parameters.iter().any(|parameter| parameter.name == "help") {
        return None;
    }
    if checked.parameters.is_empty() {
        return Some(format!("{} has no named parameters\n", source.name()));
    }
    let lines: Vec<String> = checked.parameters.iter().map(|parameter| format!("  {}\n", parameter.line())).collect();
    Some(format!("Named parameters of {}:\n{}", source.name(), lines.concat()))
}

fn compile_options(arguments: &RunArguments, processes: ProcessFilter, parameters: ScriptParameters) -> CompileOptions {
    CompileOptions {
        positional: parameters.positional,
        named: parameters.named,
        processes,
        has_child: arguments.target.cmd.is_some(),
        allow_unsafe: arguments.allow_unsafe,
        count_read_failures: arguments.warnings > 0,
        environment: environment(std::env::vars_os()),
        purpose: purpose(&arguments.compiling),
        probe_filter: arguments.compiling.probe_filter.clone(),
        without: arguments.compiling.no_feature.iter().map(|feature| without(*feature)).collect(),
        ..CompileOptions::default()
    }
}

fn purpose(arguments: &CompilingArguments) -> Purpose {
    match arguments.mode {
        _ if arguments.test => Purpose::Test,
        _ if arguments.bench => Purpose::Bench,
        Some(Mode::Test) => Purpose::Test,
        Some(Mode::Bench) => Purpose::Bench,
        _ => Purpose::Trace,
    }
}

fn without(feature: NoFeature) -> Feature {
    match feature {
        NoFeature::KprobeMulti => Feature::KprobeMulti,
        NoFeature::UprobeMulti => Feature::UprobeMulti,
        NoFeature::KprobeSession => Feature::KprobeSession,
    }
}

/// `--traceable-functions`: replaces what the kernel says.
fn use_traceable_functions(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("'{}' cannot be read", path.display()))?;
    let mut names: Vec<String> =
        text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    LiveKernel::shared().use_functions(names);
    Ok(())
}

/// `--mode codegen` and `--mode compiler-bench`.
fn compile_only(mode: Mode, source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    let kernel = LiveKernel::shared();
    let start = Instant::now();
    let compiled = tracedeck_compiler::compile(source, kernel.as_ref(), options);
    let took = start.elapsed();
    let (diagnostics, code) = match &compiled {
        Ok((_, warnings)) => (warnings, 0),
        Err(errors) => (errors, FAILURE),
    };
    diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
    if mode == Mode::CompilerBench && code == 0 {
        println!("compiled in {:.3} ms", took.as_secs_f64() * 1e3);
    }
    Ok(code)
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
        source: source.script().to_owned(),
        imported: Some(source.parts()),
        options,
        command: arguments.target.cmd.clone(),
        dry_run: arguments.dry_run,
        live_maps: false,
        live_map_entries: 0,
        time_limit_seconds: 0,
        measure: arguments.stats || arguments.verbose > 0,
        server: None,
        debug_directories: arguments.debuginfo.iter().flat_map(|list| list.split(':')).map(debug_directory).collect(),
    };
    let verbosity = Verbosity {
        quiet: arguments.quiet,
        no_warnings: arguments.no_warnings,
        verbose: arguments.verbose > 0,
        costs: arguments.stats || arguments.verbose > 0,
    };
    let is_trial = purpose(&arguments.compiling) != Purpose::Trace;
    let mut sink = make_sink(&arguments.output, source, verbosity, is_trial)?;
    let mut flame = arguments.output.flame.as_ref().map(|path| {
        let title = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        FlameFile::new(path.clone(), FlameOptions { title: title.unwrap_or_default(), ..FlameOptions::default() })
    });

    // What may be traced was said by hand: another file, other answers.
    let has_own_functions = arguments.compiling.traceable_functions.is_some();
    let mut compiler = Compiler::new(!(arguments.compiling.no_cache || has_own_functions || no_cache()));
    let known = compiler.lookup(&request);
    if known.is_none() {
        // Before the first thread.
        compiler.fork_helper(Ahead::Llvm);
    }
    let asks = !arguments.compiling.yes && question::is_possible();
    let ring = known.as_ref().map_or(Some(ring::USUAL_BYTES), Compilation::ring_bytes);
    let mut driver = LiveDriver::start_with(request, ring, Detach::AtExit, move |request| {
        let compilation = match known {
            Some(compilation) => compilation,
            None => compiler.compile_anew(request)?,
        };
        if asks { question::ask(compilation, &request.source_file()) } else { Ok(compilation) }
    })?;
    signals::stop_on_signals(driver.handle())?;
    let events = driver.events().ok_or_else(|| anyhow!("the engine has no events"))?;
    let mut code = follow(&events, sink.as_mut(), flame.as_mut(), arguments.output.buffering)?;
    code = sink.exit_code(code);
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

fn make_sink(
    arguments: &OutputArguments,
    source: SourceFile,
    verbosity: Verbosity,
    is_trial: bool,
) -> Result<Box<dyn Sink>> {
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
        Format::Folded if is_trial => bail!("tests and benchmarks have no folded stacks"),
        format if is_trial => Box::new(TrialSink::new(desk, format == Format::Json, has_color(out_is_terminal))),
        Format::Text => Box::new(TextSink::new(desk)),
        Format::Json => Box::new(JsonSink::new(desk)),
        Format::Folded => Box::new(FoldedSink::new(desk)),
    })
}

/// A directory of `--debuginfo`: a leading `+` asks for what is always done, a comparison of checksums.
fn debug_directory(directory: &str) -> String {
    directory.strip_prefix('+').unwrap_or(directory).to_owned()
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
        match event {
            Event::Attached { .. } => notify::ready(),
            Event::Ended { exit_code, .. } => {
                code = exit_code;
                break;
            }
            _ => {}
        }
    }
    sink.flush()?;
    Ok(code)
}

#[cfg(test)]
mod tests;
