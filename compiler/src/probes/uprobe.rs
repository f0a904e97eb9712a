//! `uprobe` and `uretprobe`: functions of programs and libraries, when they are entered and when they return.

use std::path::Path;

use super::{Data, Expanded, Expander, ProbeKind, Support, has_wildcard};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hir::Context;
use crate::kernel::UserSymbol;
use crate::manifest::{AttachSpec, ProgramKind, UprobePlace, UprobeSpec};
use crate::sema::unsupported;
use crate::types::AddressSpace;

pub static UPROBE: ProbeKind = ProbeKind {
    name: "uprobe",
    aliases: &["u"],
    syntax: "uprobe:BINARY:FUNCTION[+OFFSET] or uprobe:BINARY:0xADDRESS",
    doc: "A function of a program or library is entered. Arguments are `arg0`, `arg1`, ...",
    since: "4.3",
    example: "uprobe:/bin/bash:readline",
    support: Support::Yes(|expander, parts| expand(expander, parts, false)),
};

pub static URETPROBE: ProbeKind = ProbeKind {
    name: "uretprobe",
    aliases: &["ur"],
    syntax: "uretprobe:BINARY:FUNCTION",
    doc: "A function of a program or library returns. What it returned is `retval`.",
    since: "4.3",
    example: "uretprobe:/bin/bash:readline",
    support: Support::Yes(|expander, parts| expand(expander, parts, true)),
};

fn expand(expander: &mut Expander<'_>, parts: &[String], is_return: bool) {
    let (binary, target) = match parts {
        // FUNCTION@FILE:LINE and BINARY@FILE:LINE; a versioned symbol has an @ as well, but no line behind it.
        [located, line] | [_, located, line] if located.contains('@') && line.parse::<u32>().is_ok() => {
            return expander.error(unsupported::not_yet(expander.span, unsupported::SOURCE_LOCATIONS));
        }
        [binary, target] => (binary, target),
        [_, language, _] if language == "cpp" => {
            return expander.error(unsupported::not_yet(expander.span, unsupported::CPP_SIGNATURES));
        }
        [_] | [] => return expander.malformed("Both a binary and a function are needed"),
        _ => return expander.at_most(parts, 2).unwrap_or_default(),
    };
    if binary.is_empty() || target.is_empty() {
        return expander.malformed("Both a binary and a function are needed");
    }
    if binary == "*" {
        return expander.error(unsupported::not_yet(expander.span, unsupported::WHOLE_PROCESS_UPROBES));
    }
    let path = match expander.kernel.binary(binary, expander.options.processes.first()) {
        Ok(path) => path,
        Err(error) => {
            let diagnostic = Diagnostic::error("no-such-binary", expander.span, error.to_string());
            return expander.missing(diagnostic);
        }
    };
    let Some(places) = places(expander, &path, target, is_return) else { return };
    let path = path.to_string_lossy().into_owned();
    if expander.split {
        for place in places {
            let name = format!("{}:{path}:{}", expander.kind.name, place.symbol);
            push(expander, name, &path, vec![place], is_return);
        }
    } else {
        push(expander, format!("{}:{path}:{target}", expander.kind.name), &path, places, is_return);
    }
}

fn push(expander: &mut Expander<'_>, name: String, path: &str, places: Vec<UprobePlace>, is_return: bool) {
    let count = places.len();
    let pids = expander.options.processes.for_uprobes();
    expander.push(Expanded {
        name,
        names: Vec::new(),
        program: ProgramKind::Kprobe { multi: count > 1 },
        context: Context::Registers { is_return },
        data: if is_return { Data::FunctionReturn } else { Data::FunctionEntry },
        spec: AttachSpec::Uprobe(UprobeSpec { path: path.to_owned(), places, is_return, pids }),
        space: AddressSpace::User,
        places: count,
    });
}

/// Where a target stands for in a file: every match of a pattern, one function, or one address.
fn places(expander: &mut Expander<'_>, path: &Path, target: &str, is_return: bool) -> Option<Vec<UprobePlace>> {
    if let Some(address) = number(target) {
        return at_address(expander, path, target, address).map(|place| vec![place]);
    }
    let (function, offset) = match target.rsplit_once('+') {
        Some((function, offset)) => {
            let Some(offset) = number(offset).or_else(|| offset.parse().ok()) else {
                expander.malformed(format!("Invalid offset: '{offset}'"));
                return None;
            };
            (function, offset)
        }
        None => (target, 0),
    };
    if is_return && offset != 0 {
        expander.malformed("uretprobe cannot be attached at an offset: a function returns as a whole");
        return None;
    }
    if has_wildcard(function) && offset != 0 {
        expander.malformed("An offset needs the name of one function, not a pattern");
        return None;
    }
    let symbols = symbols(expander, path, function)?;
    if symbols.is_empty() {
        let diagnostic = no_symbol(expander, path, function);
        expander.missing(diagnostic);
        return None;
    }
    if let Some(symbol) = symbols.iter().find(|symbol| symbol.size != 0 && offset >= symbol.size) {
        let message = format!("Offset {offset} is outside of '{}', which has {} bytes", symbol.name, symbol.size);
        expander.error(Diagnostic::error("offset-outside-function", expander.span, message));
        return None;
    }
    let mut places: Vec<UprobePlace> = Vec::new();
    for symbol in symbols {
        let file_offset = symbol.file_offset + offset;
        // Several names of one address would fire several times.
        if !places.iter().any(|place| place.file_offset == file_offset) {
            let symbol = if offset == 0 { symbol.name } else { format!("{}+{offset}", symbol.name) };
            places.push(UprobePlace { symbol, file_offset, semaphore: 0 });
        }
    }
    Some(places)
}

/// An address in the file, in hexadecimal, as a place; it must lie in a function.
fn at_address(expander: &mut Expander<'_>, path: &Path, text: &str, address: u64) -> Option<UprobePlace> {
    let symbols = symbols(expander, path, "*")?;
    let within = symbols
        .iter()
        .filter(|symbol| symbol.address <= address && address - symbol.address < symbol.size.max(1))
        .max_by_key(|symbol| symbol.address);
    match within {
        Some(symbol) => {
            let offset = address - symbol.address;
            Some(UprobePlace { symbol: text.to_owned(), file_offset: symbol.file_offset + offset, semaphore: 0 })
        }
        None => {
            let message = format!("No function of '{}' covers the address {text}", path.display());
            expander.error(Diagnostic::error("no-such-probe", expander.span, message));
            None
        }
    }
}

fn symbols(expander: &mut Expander<'_>, path: &Path, pattern: &str) -> Option<Vec<UserSymbol>> {
    match expander.kernel.user_symbols(path, pattern) {
        Ok(symbols) => Some(symbols),
        Err(error) => {
            let diagnostic = Diagnostic::error("no-such-binary", expander.span, error.to_string());
            expander.missing(diagnostic);
            None
        }
    }
}

fn no_symbol(expander: &Expander<'_>, path: &Path, function: &str) -> Diagnostic {
    let message = if has_wildcard(function) {
        format!("No function of '{}' matches '{function}'", path.display())
    } else {
        format!("Function not found in '{}': '{function}'", path.display())
    };
    let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
    let all = expander.kernel.user_symbols(path, "*").unwrap_or_default();
    if all.is_empty() {
        return diagnostic.with_help("The file has no symbols: it was stripped");
    }
    match nearest(function, all.iter().map(|symbol| symbol.name.as_str())) {
        Some(best) => diagnostic.with_help(format!("Did you mean '{best}'?")),
        None => diagnostic,
    }
}

/// A hexadecimal number with its prefix.
fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16).ok()
}
