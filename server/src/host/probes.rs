//! Listing: which attach points a pattern matches on this machine, and what their probes can read.
//!
//! A pattern is `PROVIDER:TARGET`, a list of those separated by commas, or a bare word that is looked for in all
//! providers. Providers that are named are listed in any case; a wildcard stands for those whose probes can be
//! attached here, so that the list of a machine without kprobes is not full of functions nobody can trace.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use tracedeck_compiler::kernel::{BinaryError, Kernel, KernelFunction, TracepointField, VMLINUX, matches_pattern};
use tracedeck_compiler::probes;
use tracedeck_compiler::probes::counters::Event;
use tracedeck_compiler::probes::uprobe::demangle;
use tracedeck_compiler::types::Type;

use super::LiveKernel;
use super::btf::{Btf, Kind};

/// One attach point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As a script would write it: `tracepoint:sched:sched_switch`.
    pub attach_point: String,
    /// C declarations of what it can read; empty unless asked for.
    pub arguments: Vec<String>,
}

/// Finds the attach points of one provider.
type Lister = fn(&mut Search<'_>, &str) -> Result<(), BinaryError>;

/// Providers whose attach points can be listed, in alphabetical order. What else has targets (watchpoint, timers) has no
/// list.
const LISTERS: [(&str, Lister); 12] = [
    ("fentry", fentry),
    ("fexit", fexit),
    ("hardware", hardware),
    ("iter", iterators),
    ("kprobe", kprobe),
    ("kretprobe", kretprobe),
    ("rawtracepoint", raw_tracepoints),
    ("software", software),
    ("tracepoint", tracepoints),
    ("uprobe", uprobe),
    ("uretprobe", uretprobe),
    ("usdt", usdt),
];

struct Search<'a> {
    kernel: &'a LiveKernel,
    /// Empty: this process and those that it shares files with.
    pids: &'a [u32],
    verbose: bool,
    found: Vec<Listed>,
}

/// The attach points that a pattern matches, provider by provider, each in alphabetical order. An empty pattern lists
/// all that can be attached, functions and USDT probes of `pids` among it. `verbose` adds arguments. Paths and names of
/// libraries are looked up in each of the processes `pids`.
pub fn list(kernel: &LiveKernel, pattern: &str, pids: &[u32], verbose: bool) -> Result<Vec<Listed>, BinaryError> {
    let mut search = Search { kernel, pids, verbose, found: Vec::new() };
    let pattern = match pattern.trim() {
        "" if pids.is_empty() => "*",
        "" => "*,uprobe:*,usdt:*",
        pattern => pattern,
    };
    for part in pattern.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("struct ") || part.starts_with("union ") || part.starts_with("enum ") {
            search.types(part);
            continue;
        }
        let (provider, target) = match part.split_once(':') {
            Some(split) => split,
            None if probes::find(part).is_some() => (part, "*"),
            None => ("*", part),
        };
        let target = if target.is_empty() { "*" } else { target };
        let named = probes::find(provider).map(|kind| kind.name);
        for (name, lister) in &LISTERS {
            if named.is_some_and(|named| named == *name) || (named.is_none() && is_included(kernel, provider, name)) {
                lister(&mut search, target)?;
            }
        }
    }
    Ok(search.found)
}

/// Whether a wildcard in the provider's place stands for this provider: its probes can be attached, and its targets are
/// the machine's own rather than those of a file.
fn is_included(kernel: &LiveKernel, pattern: &str, name: &str) -> bool {
    let kind = probes::find(name);
    matches_pattern(pattern, name)
        && !matches!(name, "uprobe" | "uretprobe" | "usdt")
        && kind.is_some_and(|kind| kind.support.missing(kernel).is_none())
}

impl Search<'_> {
    fn add(&mut self, attach_point: String, arguments: impl FnOnce(&LiveKernel) -> Vec<String>) {
        let arguments = if self.verbose { arguments(self.kernel) } else { Vec::new() };
        self.found.push(Listed { attach_point, arguments });
    }

    /// Functions by a pattern for their names, or for modules and names; `shows_home`: modules always are in the name.
    fn functions(
        &mut self,
        provider: &str,
        target: &str,
        shows_home: bool,
        arguments: fn(&LiveKernel, &KernelFunction) -> Vec<String>,
    ) {
        let (wanted, pattern) = target.split_once(':').map_or((None, target), |(module, name)| (Some(module), name));
        let kernel = self.kernel;
        for function in kernel.functions().iter().filter(|it| matches_pattern(pattern, &it.name)) {
            let home = function.module.as_deref().unwrap_or(VMLINUX);
            if wanted.is_some_and(|wanted| !matches_pattern(wanted, home)) {
                continue;
            }
            let is_shown = shows_home || wanted.is_some() && function.module.is_some();
            let shown = if is_shown { format!("{home}:{}", function.name) } else { function.name.clone() };
            let attach_point = format!("{provider}:{shown}");
            // Functions of the kernel and of modules may have the same name.
            if self.found.last().is_none_or(|last| last.attach_point != attach_point) {
                self.add(attach_point, |kernel| arguments(kernel, function));
            }
        }
    }

    /// The files that a pattern stands for, in all processes that were named; one that several of them see is there once.
    fn binaries(&self, pattern: &str) -> Result<Vec<PathBuf>, BinaryError> {
        if self.pids.is_empty() {
            return self.kernel.binaries(pattern, None);
        }
        let (mut found, mut known, mut missing) = (Vec::new(), HashSet::new(), None);
        for pid in self.pids {
            match self.kernel.binaries(pattern, Some(*pid)) {
                Ok(paths) => found.extend(paths.into_iter().filter(|path| {
                    let file = std::fs::metadata(path).map(|it| (it.dev(), it.ino()));
                    file.is_ok_and(|file| known.insert(file))
                })),
                Err(error) => missing = Some(error),
            }
        }
        match missing {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    fn user_functions(&mut self, provider: &str, target: &str) -> Result<(), BinaryError> {
        // A name of C++ has colons of its own; it may stand in quotes.
        let (binary, pattern) = target.split_once(':').unwrap_or((target, "*"));
        if binary.is_empty() || (binary == "*" && self.pids.is_empty()) {
            return Ok(());
        }
        let cpp = pattern.strip_prefix("cpp:").map(|name| name.trim_matches('"'));
        for path in self.binaries(binary)? {
            let symbols = match self.kernel.all_user_symbols(&path) {
                Ok(symbols) => symbols,
                Err(_) if binary.contains('*') => continue,
                Err(error) => return Err(error),
            };
            let mut last = String::new();
            for symbol in symbols.iter().filter(|symbol| cpp.is_some() || matches_pattern(pattern, &symbol.name)) {
                let name = match cpp {
                    Some(wanted) => match demangle::demangle(&symbol.name) {
                        Some(name) if demangle::is_meant(wanted, &name) => format!("cpp:\"{name}\""),
                        _ => continue,
                    },
                    None => symbol.name.clone(),
                };
                if name != last {
                    let returns = provider == "uretprobe";
                    self.add(format!("{provider}:{}:{name}", path.display()), |kernel| {
                        user_arguments(kernel, &path, symbol.address, returns)
                    });
                    last = name;
                }
            }
        }
        Ok(())
    }

    /// `struct NAME` with wildcards: the name, and its members when asked for more.
    fn types(&mut self, pattern: &str) {
        let kernel = self.kernel;
        // A type that only a module has is listed while the module is loaded.
        let modules = Btf::modules().into_iter().filter_map(|module| kernel.module_btf(&module));
        let all: Vec<Arc<Btf>> = kernel.btf().cloned().into_iter().chain(modules).collect();
        let kinds: &[(Kind, &str)] = match pattern.split_once(' ') {
            Some(("struct", _)) => &[(Kind::Struct, "struct")],
            Some(("union", _)) => &[(Kind::Union, "union")],
            _ => &[(Kind::Enum, "enum"), (Kind::Enum64, "enum")],
        };
        let wanted = pattern.split_once(' ').map_or("", |(_, name)| name);
        let mut names: Vec<String> = all
            .iter()
            .flat_map(|btf| kinds.iter().map(move |(kind, keyword)| (btf, *kind, *keyword)))
            .flat_map(|(btf, kind, keyword)| btf.names(kind).map(move |(_, name)| (keyword, name)))
            .filter(|(_, name)| matches_pattern(wanted, name))
            .map(|(keyword, name)| format!("{keyword} {name}"))
            .collect();
        names.sort();
        names.dedup();
        for name in names {
            self.add(name.clone(), |kernel| members(kernel, &name));
        }
    }
}

/// Members of a struct or union with their offsets, or constants of an enum.
fn members(kernel: &LiveKernel, name: &str) -> Vec<String> {
    if let Some(found) = kernel.struct_type(name) {
        return found.fields.iter().map(|field| format!("{}; // {}", field.declaration, field.offset)).collect();
    }
    match kernel.named_type(name) {
        Some(Type::Enum { symbols, .. }) => symbols.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
        _ => Vec::new(),
    }
}

fn tracepoints(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    let kernel = search.kernel;
    let Ok(tracefs) = kernel.tracefs() else { return Ok(()) };
    // A bare word is looked for in the event's name; `*` before the colon has not been written then.
    let (category, event) = target.split_once(':').unwrap_or(("*", target));
    for (found_category, found_event) in tracefs.events() {
        if matches_pattern(category, found_category) && matches_pattern(event, found_event) {
            search.add(format!("tracepoint:{found_category}:{found_event}"), |kernel| {
                let format = kernel.tracepoint_format(found_category, found_event);
                let declaration = |field: &TracepointField| field.field.declaration.clone();
                format.map_or_else(Vec::new, |format| format.fields.iter().map(declaration).collect())
            });
        }
    }
    Ok(())
}

fn raw_tracepoints(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    let kernel = search.kernel;
    let pattern = target.strip_prefix("vmlinux:").unwrap_or(target);
    for name in kernel.raw_tracepoint_names().iter().filter(|name| matches_pattern(pattern, name)) {
        search.add(format!("rawtracepoint:{name}"), |kernel| {
            let arguments = kernel.raw_tracepoint_arguments(name);
            arguments
                .map_or_else(Vec::new, |found| found.fields.iter().map(|field| field.declaration.clone()).collect())
        });
    }
    Ok(())
}

fn kprobe(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    search.functions("kprobe", target, false, |kernel, function| {
        let Some((parameters, _)) = kernel.declaration(function) else { return Vec::new() };
        let typed = |(index, field): (usize, &tracedeck_compiler::kernel::Field)| {
            let ty = field.declaration.strip_suffix(&field.name).unwrap_or(&field.declaration);
            format!("{} arg{index}", ty.trim_end())
        };
        parameters.fields.iter().enumerate().map(typed).collect()
    });
    Ok(())
}

fn kretprobe(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    search.functions("kretprobe", target, false, |kernel, function| {
        kernel.declaration(function).map(|found| format!("{} retval", found.1)).into_iter().collect()
    });
    Ok(())
}

/// `bpf:[ID:]NAME`: functions of BPF programs. They are asked for by name: what is loaded changes by the minute.
fn programs(search: &mut Search<'_>, provider: &str, target: &str) -> bool {
    let Some(pattern) = target.strip_prefix("bpf:") else { return false };
    let (id, pattern) = match pattern.split_once(':') {
        Some((id, rest)) => (id, rest),
        None => ("*", pattern),
    };
    for function in search.kernel.program_functions(id.parse().ok(), pattern) {
        if matches_pattern(id, &function.program.to_string()) {
            search.add(format!("{provider}:bpf:{}:{}", function.program, function.name), |_| Vec::new());
        }
    }
    true
}

fn fentry(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    if programs(search, "fentry", target) {
        return Ok(());
    }
    search.functions("fentry", target, true, |kernel, function| parameters(kernel, function, false));
    Ok(())
}

fn fexit(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    if programs(search, "fexit", target) {
        return Ok(());
    }
    search.functions("fexit", target, true, |kernel, function| parameters(kernel, function, true));
    Ok(())
}

fn parameters(kernel: &LiveKernel, function: &KernelFunction, with_result: bool) -> Vec<String> {
    let Some((parameters, result)) = kernel.declaration(function) else { return Vec::new() };
    let mut lines: Vec<_> = parameters.fields.iter().map(|field| field.declaration.clone()).collect();
    if with_result && result != "void" {
        lines.push(format!("{result} retval"));
    }
    lines
}

/// What debug information says that a function of a program takes, or returns.
fn user_arguments(kernel: &LiveKernel, path: &std::path::Path, address: u64, returns: bool) -> Vec<String> {
    let Some(function) = kernel.user_function_type(path, address) else { return Vec::new() };
    if returns {
        let result = (function.result != Type::Void).then(|| format!("{} retval", function.result));
        return result.into_iter().collect();
    }
    function.parameters.fields.iter().map(|field| field.declaration.clone()).collect()
}

/// `BINARY`, `BINARY:NAME` or `BINARY:PROVIDER:NAME`; all files of the process with `*` for the binary.
fn usdt(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    let mut parts = target.splitn(3, ':');
    let binary = parts.next().unwrap_or_default();
    let (provider, name) = match (parts.next(), parts.next()) {
        (Some(provider), Some(name)) => (provider, name),
        (Some(name), None) => ("*", name),
        _ => ("*", "*"),
    };
    if binary == "*" && search.pids.is_empty() && name == "*" {
        // All of all processes is not what the list of all probe types is for.
        return Ok(());
    }
    let paths = search.binaries(binary)?;
    for path in paths {
        let Ok(locations) = search.kernel.usdt_locations(&path) else { continue };
        let mut names: Vec<(&str, &str)> = locations
            .iter()
            .filter(|it| matches_pattern(provider, &it.provider) && matches_pattern(name, &it.name))
            .map(|it| (it.provider.as_str(), it.name.as_str()))
            .collect();
        names.dedup();
        for (provider, name) in names {
            search.add(format!("usdt:{}:{provider}:{name}", path.display()), |_| Vec::new());
        }
    }
    Ok(())
}

fn iterators(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    let kernel = search.kernel;
    let names = kernel.iterators(target);
    for name in names {
        search.add(format!("iter:{name}"), |kernel| {
            let context = kernel.struct_type(&format!("struct bpf_iter__{name}"));
            context.map_or_else(Vec::new, |found| {
                found
                    .fields
                    .iter()
                    .filter(|field| field.name != "meta")
                    .map(|field| field.declaration.clone())
                    .collect()
            })
        });
    }
    Ok(())
}

fn software(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    counters(search, "software", probes::software::EVENTS, target);
    Ok(())
}

fn hardware(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    counters(search, "hardware", probes::hardware::EVENTS, target);
    Ok(())
}

/// A count may follow the event, hence the colon behind it.
fn counters(search: &mut Search<'_>, provider: &str, events: &'static [Event], target: &str) {
    let mut names: Vec<_> = probes::counters::names(events).collect();
    names.sort_unstable();
    let pattern = target.split(':').next().unwrap_or(target);
    for name in names.iter().filter(|name| matches_pattern(pattern, name)) {
        search.add(format!("{provider}:{name}:"), |_| Vec::new());
    }
}

fn uprobe(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    search.user_functions("uprobe", target)
}

fn uretprobe(search: &mut Search<'_>, target: &str) -> Result<(), BinaryError> {
    search.user_functions("uretprobe", target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> Vec<String> {
        let found = list(&LiveKernel::shared(), pattern, &[], false).unwrap();
        found.into_iter().map(|listed| listed.attach_point).collect()
    }

    #[test]
    fn short_names_and_any_case_name_a_provider() {
        assert_eq!(names("s:faults"), ["software:faults:"]);
        assert_eq!(names("SOFTWARE:page-*"), ["software:page-faults:"]);
        assert!(names("U:/bin/sh:*").is_empty(), "usdt is not uprobe");
    }

    #[test]
    fn a_list_of_patterns_lists_each() {
        assert_eq!(names("software:cs, h:cycles"), ["software:cs:", "hardware:cycles:"]);
        assert!(names("nosuchprovider:x").is_empty());
    }

    #[test]
    fn a_bare_word_is_looked_for_everywhere() {
        let found = names("sched_switch");
        if LiveKernel::shared().tracefs().is_err() || LiveKernel::shared().btf().is_none() {
            println!("skipped: a_bare_word_is_looked_for_everywhere: tracefs or BTF cannot be read");
            return;
        }
        assert_eq!(found, ["rawtracepoint:sched_switch", "tracepoint:sched:sched_switch"]);
    }

    #[test]
    fn a_binary_lists_its_functions_once_each() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(names(&format!("uprobe:{}:main", own.display())), [format!("uprobe:{}:main", own.display())]);
        assert!(list(&LiveKernel::shared(), "uprobe:/no/such/file:*", &[], false).is_err());
    }

    #[test]
    fn a_process_adds_its_functions_and_several_share_a_file() {
        let kernel = LiveKernel::shared();
        let own = std::process::id();
        let listed = |pattern: &str, pids: &[u32]| -> Vec<String> {
            let found = list(&kernel, pattern, pids, false).unwrap();
            found.into_iter().map(|listed| listed.attach_point).collect()
        };
        let mains = listed("uprobe:*:main", &[own]);
        assert_eq!(mains.iter().filter(|name| name.ends_with(":main")).count(), mains.len());
        assert!(!mains.is_empty());
        assert_eq!(listed("uprobe:*:main", &[own, own]), mains);
        let all = listed("", &[own]);
        assert!(all.contains(&mains[0]) && all.contains(&"software:faults:".to_owned()));
    }

    #[test]
    fn arguments_are_c_declarations() {
        let kernel = LiveKernel::shared();
        if kernel.tracefs().is_err() || kernel.btf().is_none() {
            println!("skipped: arguments_are_c_declarations: tracefs or BTF cannot be read");
            return;
        }
        let arguments = |pattern: &str| list(&kernel, pattern, &[], true).unwrap().remove(0).arguments;
        let exec = arguments("tracepoint:sched:sched_process_exec");
        assert_eq!(exec, ["__data_loc char[] filename", "pid_t pid", "pid_t old_pid"]);
        assert!(arguments("rt:sched_switch").contains(&"struct task_struct * prev".to_owned()));
        assert!(arguments("fexit:vfs_read").ends_with(&["loff_t * pos".to_owned(), "ssize_t retval".to_owned()]));
        assert!(arguments("kprobe:vfs_read").contains(&"struct file * arg0".to_owned()));
        assert_eq!(arguments("struct list_head")[0], "struct list_head * next; // 0");
    }
}
