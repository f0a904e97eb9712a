//! The engine: a compiled script runs in this machine's kernel and becomes events.

use tracedeck_compiler::Compiled;
use tracedeck_compiler::source::SourceFile;

mod attach;
pub mod bpf;
mod btf_id;
mod control;
mod counters;
mod failure;
mod limits;
mod line_info;
mod load;
mod maps;
mod object;
mod processes;
mod ring;
mod symbolize;
mod verifier;

/// Whether this kernel takes a compiled script: creates its maps, loads its programs, drops all.
pub fn verify_load(compiled: &Compiled) -> Result<(), String> {
    let source = SourceFile::new("script", "");
    load::load(compiled, &source, compiled.manifest.globals.cpus)
        .map(drop)
        .map_err(|failure| std::iter::once(failure.message).chain(failure.help).collect::<Vec<_>>().join("\n"))
}
