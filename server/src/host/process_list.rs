//! The processes of this machine, to choose one from: number, name, program.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tracedeck_compiler::abi::escape;

/// A process that maps a program: threads of the kernel are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// Escaped: it may be any bytes.
    pub name: String,
    /// The program's file, where it is valid UTF-8 and still there: others cannot be written in a script.
    pub program: PathBuf,
}

/// By number. What ends while it is looked at is left out.
pub fn list() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<Process> = pids.filter_map(process).collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn process(pid: u32) -> Option<Process> {
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let is_there = program.to_str().is_some_and(|path| !path.ends_with(" (deleted)"));
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let mut escaped = String::new();
    escape::escape_into(&mut escaped, name.strip_suffix(b"\n").unwrap_or(&name));
    (is_there && !program.as_os_str().as_bytes().is_empty()).then_some(Process { pid, name: escaped, program })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_the_list() {
        let own = list().into_iter().find(|process| process.pid == std::process::id()).unwrap();
        assert_eq!(own.program, std::env::current_exe().unwrap());
        assert!(!own.name.is_empty() && !own.name.contains('\n'));
    }
}
