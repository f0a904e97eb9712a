//! `tracedeck explain`: what a script will do and take, without running it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Result, anyhow};
use clap::Args;
use tracedeck_compiler::Compiled;
use tracedeck_compiler::codegen;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::hir::Program;
use tracedeck_compiler::manifest::{KernelMapKind, ProgramKind, ScriptMap, SiteKind};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::{SourceFile, Span};

use super::check::with_deep_stack;
use super::{FAILURE, script};
use crate::host::LiveKernel;
use crate::live::describe;

/// Attach points of one program that are named; beyond that they are counted.
const NAMED_POINTS: usize = 8;

#[derive(Debug, Args)]
#[command(
    long_about = "Tell what a script will do, without running it: what its attach points expand to, the types of its \
                  variables and maps, how its maps are laid out and how much kernel memory they take, and how many \
                  instructions its programs have. No privilege is needed.",
    after_help = "EXAMPLES:\n  \
                  tracedeck explain script.bt\n  \
                  tracedeck explain -e 't:syscalls:sys_enter_read { @bytes[comm] = hist(args.count); }'"
)]
pub struct ExplainArguments {
    /// The script's text
    #[arg(short = 'e', value_name = "PROGRAM")]
    program: Option<String>,
    /// Permit dangerous functions
    #[arg(long = "unsafe")]
    allow_unsafe: bool,
    /// FILE, or `-` for the standard input; then the script's parameters
    #[arg(value_name = "FILE [PARAMETER]...", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub fn run(arguments: &ExplainArguments) -> Result<u8> {
    let Some((source, options)) =
        script::prepare(arguments.program.as_deref(), &arguments.arguments, arguments.allow_unsafe)?
    else {
        return Ok(FAILURE);
    };
    with_deep_stack(|| explained(&source, &options))
}

fn explained(source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    let kernel = LiveKernel::shared();
    let analyzed = tracedeck_compiler::analyze(source, kernel.as_ref(), options).and_then(|(program, warnings)| {
        let compiled = codegen::lower(&program, kernel.as_ref(), source)?;
        Ok((program, compiled, warnings))
    });
    let (diagnostics, text) = match analyzed {
        Ok((program, compiled, warnings)) => (warnings, Some(report(source, &program, &compiled)?)),
        Err(diagnostics) => (diagnostics, None),
    };
    diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
    let Some(text) = text else { return Ok(FAILURE) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(0)
}

fn report(source: &SourceFile, program: &Program, compiled: &Compiled) -> Result<String> {
    let sizes = describe::program_sizes(compiled).map_err(|error| anyhow!(error))?;
    let mut out = String::new();
    programs(&mut out, source, program, &sizes);
    maps(&mut out, source, program, compiled);
    output(&mut out, source, compiled);
    let cpus = compiled.manifest.globals.cpus.max(1);
    let bytes: u64 = compiled.manifest.kernel_maps.iter().map(|map| describe::map_bytes(map, cpus)).sum();
    let _ = writeln!(out, "Kernel memory: at most {}", size(bytes));
    Ok(out)
}

fn programs(out: &mut String, source: &SourceFile, program: &Program, sizes: &[usize]) {
    for (one, instructions) in program.programs.iter().zip(sizes) {
        let kind = match &one.kind {
            ProgramKind::Kprobe { multi: true } => "kprobe.multi".to_owned(),
            kind => format!("{kind:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
        };
        let points = one.attach.len();
        let _ = writeln!(
            out,
            "Program{}: {kind}, {instructions} instructions, {points} attach point{}",
            at(source, one.span),
            if points == 1 { "" } else { "s" }
        );
        for point in one.attach.iter().take(NAMED_POINTS) {
            let name = program.probes.get(point.probe.index()).map_or("?", |probe| probe.name.as_str());
            let _ = writeln!(out, "  {name}");
        }
        if points > NAMED_POINTS {
            let _ = writeln!(out, "  and {} more; `tracedeck run -l` lists them", points - NAMED_POINTS);
        }
        for variable in &one.variables {
            let _ = writeln!(out, "  {} : {}", variable.name, variable.ty);
        }
        out.push('\n');
    }
}

fn maps(out: &mut String, source: &SourceFile, program: &Program, compiled: &Compiled) {
    for (definition, map) in program.maps.iter().zip(&compiled.manifest.maps) {
        let key = definition.key.as_ref().map_or_else(String::new, |key| format!("[{key}]"));
        let _ = writeln!(out, "Map {}{key} : {}{}", definition.name, definition.value, at(source, definition.span));
        let _ = writeln!(out, "  {}\n", layout(compiled, map));
    }
}

fn layout(compiled: &Compiled, map: &ScriptMap) -> String {
    let cpus = compiled.manifest.globals.cpus.max(1);
    let Some(kernel) = describe::kernel_map(compiled, map) else {
        return match map.storage {
            tracedeck_compiler::manifest::MapStorage::PerCpuGlobal { .. } => {
                format!("one cell in memory for each of {cpus} processors")
            }
            _ => format!("{} bytes in memory", map.value.size()),
        };
    };
    let (kind, cells) = match kernel.kind {
        KernelMapKind::PerCpuHash => ("hash table", format!(" on each of {cpus} processors")),
        KernelMapKind::LruPerCpuHash => {
            ("hash table that drops its oldest entries", format!(" on each of {cpus} processors"))
        }
        KernelMapKind::LruHash => ("hash table that drops its oldest entries", String::new()),
        _ => ("hash table", String::new()),
    };
    format!(
        "{kind}, {} entries at most: key of {} bytes, value of {} bytes{cells}, {} when full",
        kernel.max_entries,
        kernel.key_size,
        kernel.value_size,
        size(describe::map_bytes(kernel, cpus))
    )
}

fn output(out: &mut String, source: &SourceFile, compiled: &Compiled) {
    for site in &compiled.manifest.sites {
        let what = match &site.kind {
            SiteKind::Printf { .. } => "printf",
            SiteKind::Print { .. } => "print of a value",
            SiteKind::PrintMap { .. } => "print of a map",
            SiteKind::PrintEntry { .. } => "print of an entry of a map",
            SiteKind::Clear { .. } => "clear",
            SiteKind::Zero { .. } => "zero",
            SiteKind::Exit => "exit",
            SiteKind::Time { .. } => "time",
            SiteKind::Join { .. } => "join",
            SiteKind::Packet { .. } => "packet for a file",
            SiteKind::Cat { .. } => "cat",
            SiteKind::System { .. } => "system",
        };
        let bytes = site.fixed_size + tracedeck_compiler::abi::record::HEADER_SIZE;
        let _ = writeln!(out, "Record{}: {what}, {bytes} bytes and the text in it", at(source, site.span));
    }
    if !compiled.manifest.sites.is_empty() {
        out.push('\n');
    }
}

/// ` (line 3)`
fn at(source: &SourceFile, span: Span) -> String {
    if span.is_empty() { String::new() } else { format!(" (line {})", source.position(span.start).line) }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..10_485_760 => format!("{} KB", bytes >> 10),
        _ => format!("{} MB", bytes >> 20),
    }
}
