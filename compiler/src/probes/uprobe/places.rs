//! What a target stands for in a file: every match of a pattern, one function, one address.

use std::path::Path;

use super::{demangle, instructions};
use crate::diagnostic::{Diagnostic, nearest};
use crate::kernel::{UserSymbol, matches_pattern};
use crate::manifest::UprobePlace;
use crate::probes::{Expander, has_wildcard};

/// A function, or a place in one.
pub struct Found {
    pub symbol: UserSymbol,
    pub offset: u64,
    /// As the attach point of this one is written, without the file.
    pub target: String,
}

impl Found {
    pub fn place(self) -> UprobePlace {
        let file_offset = self.symbol.file_offset + self.offset;
        let symbol = if self.target.starts_with("cpp:") { self.symbol.name } else { self.target };
        UprobePlace { symbol, file_offset, semaphore: 0 }
    }
}

/// Every match of a target; None where that was reported. `quiet`: a file without a match is no mistake.
pub fn find(
    expander: &mut Expander<'_>,
    path: &Path,
    target: &str,
    is_return: bool,
    quiet: bool,
) -> Option<Vec<Found>> {
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
    let symbols = symbols(expander, path, function, quiet)?;
    if symbols.is_empty() {
        if !quiet {
            let diagnostic = no_symbol(expander, path, function);
            expander.missing(diagnostic);
        }
        return None;
    }
    if let Some(symbol) = symbols.iter().find(|symbol| symbol.size != 0 && offset >= symbol.size) {
        let message = format!("Offset {offset} is outside of '{}', which has {} bytes", symbol.name, symbol.size);
        expander.error(Diagnostic::error("offset-outside-function", expander.span, message));
        return None;
    }
    for symbol in &symbols {
        instructions::check(expander, path, symbol, offset)?;
    }
    let found = symbols.into_iter().map(|symbol| {
        let target = if offset == 0 { symbol.name.clone() } else { format!("{}+{offset}", symbol.name) };
        Found { symbol, offset, target }
    });
    Some(once_each(found))
}

/// Every function whose name in the source matches: with its parameters, or without them all of its overloads.
pub fn find_demangled(expander: &mut Expander<'_>, path: &Path, pattern: &str, quiet: bool) -> Option<Vec<Found>> {
    let all = symbols(expander, path, "*", quiet)?;
    let named = all.into_iter().filter_map(|symbol| Some((demangle::demangle(&symbol.name)?, symbol)));
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for (name, symbol) in named {
        if demangle::is_meant(pattern, &name) {
            found.push(Found { symbol, offset: 0, target: format!("cpp:\"{name}\"") });
        } else {
            others.push(name);
        }
    }
    if !found.is_empty() {
        return Some(once_each(found.into_iter()));
    }
    if !quiet {
        let message = format!("No C++ or Rust function of '{}' matches '{pattern}'", path.display());
        let diagnostic = Diagnostic::error("no-such-probe", expander.span, message);
        let near = |candidates: &mut dyn Iterator<Item = &str>| nearest(pattern, candidates).map(str::to_owned);
        let best = near(&mut others.iter().map(|it| demangle::without_parameters(it)));
        let best = best.or_else(|| near(&mut others.iter().map(String::as_str)));
        // The name is right and the parameters are not.
        let overloads: Vec<&String> = others
            .iter()
            .filter(|it| demangle::without_parameters(it) == demangle::without_parameters(pattern))
            .take(4)
            .collect();
        expander.missing(match (overloads.as_slice(), best) {
            ([], Some(best)) => diagnostic.with_help(format!("Did you mean '{best}'?")),
            ([], None) if others.is_empty() => diagnostic.with_help("The file has no names of C++ or Rust"),
            ([], None) => diagnostic,
            (overloads, _) => {
                let list = overloads.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
                diagnostic.with_help(format!("Of that name there are: {list}"))
            }
        });
    }
    None
}

/// Several names of one address would fire several times.
fn once_each(found: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut known = std::collections::HashSet::new();
    found.filter(|it| known.insert(it.symbol.file_offset + it.offset)).collect()
}

/// An address in the file, in hexadecimal, as a place; it must lie in a function.
fn at_address(expander: &mut Expander<'_>, path: &Path, text: &str, address: u64) -> Option<Found> {
    let symbols = symbols(expander, path, "*", false)?;
    let within = symbols
        .into_iter()
        .filter(|symbol| symbol.address <= address && address - symbol.address < symbol.size.max(1))
        .max_by_key(|symbol| symbol.address);
    match within {
        Some(symbol) => {
            let offset = address - symbol.address;
            instructions::check(expander, path, &symbol, offset)?;
            Some(Found { symbol, offset, target: text.to_owned() })
        }
        None => {
            let message = format!("No function of '{}' covers the address {text}", path.display());
            expander.error(Diagnostic::error("no-such-probe", expander.span, message));
            None
        }
    }
}

fn symbols(expander: &mut Expander<'_>, path: &Path, pattern: &str, quiet: bool) -> Option<Vec<UserSymbol>> {
    match expander.kernel.user_symbols(path, pattern) {
        Ok(symbols) => Some(symbols),
        Err(_) if quiet => None,
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
    // The last part of a name of C++ is what people remember.
    let last = |name: &str| name.rsplit("::").next().is_some_and(|last| matches_pattern(function, last));
    let cpp = all.iter().filter_map(|symbol| demangle::demangle(&symbol.name));
    if let Some(name) = cpp.map(|it| demangle::without_parameters(&it).to_owned()).find(|name| last(name)) {
        let help = format!("'{name}' is a name of C++ or Rust: write {}:BINARY:cpp:\"{name}\"", expander.kind.name);
        return diagnostic.with_help(help);
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
