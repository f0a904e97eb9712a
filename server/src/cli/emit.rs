//! What the stages of the compiler made of a script, as text.

use anyhow::{Result, anyhow, bail};
use clap::ValueEnum;
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{analyze, compile, dump, hir, syntax};

use crate::host::LiveKernel;
use crate::live::describe;

/// A stage to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The script as it was read
    #[value(alias = "parse")]
    Ast,
    /// With types, names resolved, wildcards expanded
    #[value(alias = "types")]
    Hir,
    /// LLVM IR as it is generated
    #[value(alias = "codegen")]
    Ir,
    /// LLVM IR after the optimizer
    #[value(name = "ir-opt", alias = "codegen-opt")]
    Optimized,
    /// BPF assembly
    #[value(aliases = ["dis", "libbpf"])]
    Bytecode,
    /// What the loader and the decoder get to know, as JSON
    Manifest,
    /// What the kernel's verifier says about the programs (needs the privileges of a run)
    Verifier,
}

impl Stage {
    /// The stage of a name that bpftrace's `-d` knows.
    pub fn parse_list(names: &str) -> Result<Vec<Self>> {
        // `-dd` reads as the stage 'd'.
        if !names.is_empty() && names.bytes().all(|byte| byte == b'd') {
            bail!("-{} is gone: -d all shows what every stage makes of the script", "d".repeat(names.len() + 1));
        }
        if names == "all" {
            return Ok(vec![Self::Ast, Self::Hir, Self::Ir, Self::Optimized, Self::Bytecode, Self::Verifier]);
        }
        names
            .split(',')
            .map(|name| {
                Self::from_str(name, true).map_err(|_| {
                    let known: Vec<String> = Self::value_variants()
                        .iter()
                        .filter_map(|stage| Some(stage.to_possible_value()?.get_name().to_owned()))
                        .collect();
                    anyhow!("'{name}' is not a stage: choose among {}, all", known.join(", "))
                })
            })
            .collect()
    }
}

/// A stage's text, or what is wrong with the script.
pub fn emit(
    stage: Stage,
    source: &SourceFile,
    kernel: &LiveKernel,
    options: &CompileOptions,
) -> Result<String, Vec<Diagnostic>> {
    let dump = || dump(source, kernel, options);
    let mut text = match stage {
        Stage::Ast => {
            let script = syntax::parse(source, &syntax::Limits::default()).map_err(|error| vec![error])?;
            syntax::dump::dump(&script)
        }
        Stage::Hir => hir::dump::dump(&analyze(source, kernel, options)?.0),
        Stage::Ir => dump()?.ir,
        Stage::Optimized => dump()?.optimized,
        Stage::Bytecode => dump()?.bytecode,
        Stage::Manifest => {
            let (compiled, _) = compile(source, kernel, options)?;
            serde_json::to_string_pretty(&compiled.manifest).unwrap_or_else(|error| error.to_string())
        }
        Stage::Verifier => verifier(source, kernel, options)?,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn verifier(source: &SourceFile, kernel: &LiveKernel, options: &CompileOptions) -> Result<String, Vec<Diagnostic>> {
    let (compiled, _) = compile(source, kernel, options)?;
    let logs = describe::verifier_logs(&compiled, source).map_err(|failure| vec![failure])?;
    let names = compiled.manifest.programs.iter().map(|program| {
        let first = program.attach.first().and_then(|point| compiled.manifest.probes.get(point.probe.index()));
        first.map_or(program.section.as_str(), |probe| probe.name.as_str())
    });
    Ok(names.zip(logs).map(|(name, log)| format!("; {name}\n{log}")).collect())
}
