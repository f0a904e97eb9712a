//! Functions of the BPF programs that are loaded, by the names that their type information has: the kernel itself keeps
//! only fifteen bytes of a program's name.

use std::os::fd::AsFd as _;

use tracedeck_compiler::kernel::{ProgramFunction, matches_pattern};

use super::btf::{Btf, Kind};
use crate::live::bpf::inspect;

/// Those of one program, or of all, whose names match, in alphabetical order. Programs that come and go meanwhile may
/// be missing.
pub fn functions(program: Option<u32>, pattern: &str) -> Vec<ProgramFunction> {
    let ids = program.map_or_else(inspect::programs, |id| vec![id]);
    let mut found: Vec<ProgramFunction> = ids.into_iter().flat_map(of_program).collect();
    found.retain(|function| matches_pattern(pattern, &function.name));
    found.sort();
    found
}

fn of_program(id: u32) -> Vec<ProgramFunction> {
    let name = |name: String| ProgramFunction { name, program: id };
    names(id).unwrap_or_default().into_iter().map(|(found, _)| name(found)).collect()
}

/// The functions of a program with their BTF ids.
pub fn names(id: u32) -> std::io::Result<Vec<(String, u32)>> {
    let program = inspect::program(id)?;
    let described = inspect::describe(program.as_fd())?;
    if !described.can_be_traced || described.btf == 0 || described.functions.is_empty() {
        return Ok(Vec::new());
    }
    let btf = Btf::parse(inspect::btf(described.btf)?).map_err(std::io::Error::other)?;
    let functions =
        described.functions.iter().filter_map(|ty| Some((btf.name_of(Kind::Function, *ty)?.to_owned(), *ty)));
    Ok(functions.collect())
}
