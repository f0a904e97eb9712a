//! `--emit-elf`, `--emit-llvm`: what the compiler makes, as files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tracedeck_compiler::compile_to_one_object;
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use super::super::FAILURE;
use super::super::emit::{Stage, emit};
use super::options::Artefacts;
use crate::host::LiveKernel;

pub fn are_wanted(artefacts: &Artefacts) -> bool {
    artefacts.emit_elf.is_some() || artefacts.emit_llvm.is_some()
}

/// Writes the files; status 1 after telling what is wrong with the script.
pub fn write(artefacts: &Artefacts, source: &SourceFile, options: &CompileOptions) -> Result<u8> {
    let kernel = LiveKernel::shared();
    if let Some(path) = &artefacts.emit_elf {
        match compile_to_one_object(source, kernel.as_ref(), options) {
            Ok((compiled, warnings)) => {
                tell(source, &warnings);
                save(path, compiled.objects.first().map_or(&[][..], Vec::as_slice))?;
            }
            Err(errors) => return Ok(failed(source, &errors)),
        }
    }
    if let Some(path) = &artefacts.emit_llvm {
        for (stage, ending) in [(Stage::Ir, "original.ll"), (Stage::Optimized, "optimized.ll")] {
            match emit(stage, source, &kernel, options) {
                Ok(text) => save(&with_ending(path, ending), text.as_bytes())?,
                Err(errors) => return Ok(failed(source, &errors)),
            }
        }
    }
    Ok(0)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("'{}' cannot be written", path.display()))
}

fn failed(source: &SourceFile, errors: &[Diagnostic]) -> u8 {
    tell(source, errors);
    FAILURE
}

fn tell(source: &SourceFile, diagnostics: &[Diagnostic]) {
    diagnostics.iter().for_each(|diagnostic| eprint!("{}", render(source, diagnostic)));
}
