//! `usdt`: places that a program's author marked, with arguments described in a note of its file.

use std::path::Path;
use std::sync::Arc;

use super::{Data, Expanded, Expander, ProbeKind, Shown, Support, Tested, has_wildcard};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hir::Context;
use crate::kernel::{BinaryError, Feature, UsdtLocation, matches_pattern};
use crate::manifest::{AttachSpec, ProgramKind, UprobePlace, UprobeSpec};
use crate::types::AddressSpace;

pub mod arguments;

pub use arguments::Argument;

pub static USDT: ProbeKind = ProbeKind {
    name: "usdt",
    aliases: &["U"],
    syntax: "usdt:BINARY:[PROVIDER:]NAME",
    doc: "A place that the program's author marked (user statically defined tracing). Arguments are `arg0`, `arg1`, \
          ... With `-p`, the binary may be left out or `*`, which stands for all files of the process.",
    since: "4.20",
    mechanism: "a uprobe with the counter of its users, or one multi link for many (6.6)",
    arguments: "`arg0` ...",
    tested: Tested {
        count: Shown::By(&["kernel/usdt::every_place_of_a_probe_fires_with_its_own_arguments"]),
        values: Shown::By(&["kernel/usdt::arguments_are_read_from_wherever_they_are"]),
        wildcard: Shown::By(&["kernel/usdt::patterns_match_providers_and_names"]),
        predicate: Shown::By(&["kernel/usdt::conditions_and_stacks_of_probes"]),
        stack: Shown::By(&["kernel/usdt::conditions_and_stacks_of_probes"]),
        further: &[
            "kernel/usdt::a_semaphore_is_raised_while_the_probe_is_traced",
            "vm/one_liners::the_argument_of_a_usdt_probe_is_printed",
        ],
    },
    example: "usdt:/lib/libc.so.6:libc:memory_heap_new",
    support: Support::Yes(expand),
};

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let process = expander.options.processes.first();
    let (binary, provider, name) = match parts {
        [name] if process.is_some() => ("", "*", name.as_str()),
        [binary, name] => (binary.as_str(), "*", name.as_str()),
        [binary, provider, name] => {
            (binary.as_str(), if provider.is_empty() { "*" } else { provider.as_str() }, name.as_str())
        }
        [_] | [] => return expander.malformed("Both a binary and a probe are needed"),
        _ => return expander.at_most(parts, 3).unwrap_or_default(),
    };
    if name.is_empty() {
        return expander.malformed("The name of the probe is missing");
    }
    let paths = match (binary, process) {
        ("", None) => return expander.malformed("A binary is needed: only with -p it may be left out"),
        ("", Some(pid)) => expander.kernel.binary(&format!("/proc/{pid}/exe"), None).map(|path| vec![path]),
        (binary, pid) => expander.kernel.binaries(binary, pid),
    };
    let paths = match paths {
        Ok(paths) => paths,
        Err(error) => {
            let diagnostic = Diagnostic::error("no-such-binary", expander.span, error.to_string());
            return expander.missing(diagnostic);
        }
    };
    let mut found = false;
    for path in &paths {
        match expander.kernel.usdt_locations(path) {
            Ok(all) => {
                let wanted: Vec<&UsdtLocation> = all
                    .iter()
                    .filter(|it| matches_pattern(provider, &it.provider) && matches_pattern(name, &it.name))
                    .collect();
                found |= !wanted.is_empty();
                attach(expander, path, (provider, name), &wanted);
            }
            // Among many files some are no programs.
            Err(error) if paths.len() == 1 => {
                let diagnostic = Diagnostic::error("no-such-binary", expander.span, error.to_string());
                return expander.missing(diagnostic);
            }
            Err(BinaryError::NotFound(_) | BinaryError::NotElf(_) | BinaryError::Unreadable { .. }) => {}
        }
    }
    if !found {
        let diagnostic = no_probe(expander, &paths, provider, name);
        expander.missing(diagnostic);
    }
}

/// Locations of one file that one program serves.
struct Share {
    name: String,
    arguments: Arc<Vec<Argument>>,
    places: Vec<UprobePlace>,
}

/// Hands on the matches in one file: together where the body reads the same from them, else apart.
fn attach(expander: &mut Expander<'_>, path: &Path, (provider, name): (&str, &str), wanted: &[&UsdtLocation]) {
    let text = path.to_string_lossy();
    let mut shares: Vec<Share> = Vec::new();
    for location in wanted {
        let name = match expander.split {
            true => format!("usdt:{text}:{}:{}", location.provider, location.name),
            // The only provider is named even where the script leaves it open.
            false if !has_wildcard(name) && wanted.iter().all(|it| it.provider == location.provider) => {
                format!("usdt:{text}:{}:{name}", location.provider)
            }
            false => format!("usdt:{text}:{provider}:{name}"),
        };
        let arguments = if expander.reads_positions {
            arguments::parse(location, &|symbol| expander.kernel.user_object(path, symbol).map(|it| it.address))
        } else {
            Vec::new()
        };
        let place = UprobePlace {
            symbol: format!("{}:{}", location.provider, location.name),
            file_offset: location.file_offset,
            semaphore: location.semaphore,
        };
        match shares.iter_mut().find(|share| share.name == name && *share.arguments == arguments) {
            // A probe in an inlined function may be described twice.
            Some(share) if share.places.iter().any(|known| known.file_offset == place.file_offset) => {}
            Some(share) => share.places.push(place),
            None => shares.push(Share { name, arguments: Arc::new(arguments), places: vec![place] }),
        }
    }
    let pids = expander.options.processes.for_uprobes();
    for share in shares {
        let count = share.places.len();
        expander.push(Expanded {
            name: share.name,
            names: Vec::new(),
            program: ProgramKind::Kprobe { multi: count > 1 && expander.kernel.has(Feature::UprobeMulti) },
            context: Context::Registers { is_return: false },
            data: Data::Usdt(share.arguments),
            spec: AttachSpec::Uprobe(UprobeSpec {
                path: text.clone().into_owned(),
                places: share.places,
                is_return: false,
                pids: pids.clone(),
            }),
            space: AddressSpace::User,
            places: count,
        });
    }
}

fn no_probe(expander: &Expander<'_>, paths: &[std::path::PathBuf], provider: &str, name: &str) -> Diagnostic {
    let [path] = paths else {
        let message = format!("None of {} files has a USDT probe '{provider}:{name}'", paths.len());
        return Diagnostic::error("no-such-probe", expander.span, message);
    };
    let message = format!("USDT probe not found in '{}': '{provider}:{name}'", path.display());
    let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
    let all = expander.kernel.usdt_locations(path).map(|all| all.to_vec()).unwrap_or_default();
    if all.is_empty() {
        return diagnostic.with_help("The file has no USDT probes: it was built without them");
    }
    match nearest(name, all.iter().map(|it| it.name.as_str())) {
        Some(best) => diagnostic.with_help(format!("Did you mean '{best}'?")),
        None => diagnostic,
    }
}
