//! `BINARY@FILE:LINE[:COLUMN]`: where statements of a source file begin.

use std::path::Path;

use super::push;
use crate::diagnostic::Diagnostic;
use crate::kernel::SourcePlace;
use crate::manifest::UprobePlace;
use crate::probes::Expander;

/// How an attach point names a place in a source file.
pub struct Location<'p> {
    pub binary: &'p str,
    pub file: &'p str,
    /// Line, and column if any, as written.
    pub numbers: &'p [String],
}

/// Takes the parts of such an attach point apart; None where they are of another form.
pub fn location(parts: &[String]) -> Option<Location<'_>> {
    let (first, numbers) = parts.split_first()?;
    let (binary, file) = first.rsplit_once('@')?;
    // A file may have an @ in its name: what follows it then is a function.
    let is_number = |text: &String| text.starts_with(|first: char| first.is_ascii_digit()) && !text.starts_with("0x");
    (numbers.is_empty() || numbers.iter().all(is_number)).then_some(Location { binary, file, numbers })
}

pub fn expand(expander: &mut Expander<'_>, path: &Path, at: &Location<'_>, is_return: bool) {
    if is_return {
        return expander.malformed("uretprobe cannot be attached at a line: a function returns as a whole");
    }
    let numbers: Option<Vec<u32>> = at.numbers.iter().map(|text| text.parse().ok().filter(|it| *it > 0)).collect();
    let (line, column) = match numbers.as_deref() {
        Some([line]) => (*line, None),
        Some([line, column]) => (*line, Some(*column)),
        _ => {
            let wrong = at.numbers.join(":");
            return expander
                .malformed(format!("A line, and at most a column, is needed behind the file, not '{wrong}'"));
        }
    };
    let Some(places) = expander.kernel.source_places(path, at.file) else {
        let message = format!("'{}' has no debug information, which says where the lines are", path.display());
        let diagnostic = Diagnostic::error("no-debug-information", expander.span, message)
            .with_help("Compile it with -g, or install its separate debug information");
        return expander.missing(diagnostic);
    };
    let fits = |it: &&SourcePlace| it.line == line && column.is_none_or(|column| it.column == column);
    let mut found: Vec<UprobePlace> = Vec::new();
    let mut scopes = Vec::new();
    let mut matching: Vec<&SourcePlace> = places.iter().filter(fits).collect();
    matching.sort_by_key(|it| it.address);
    for place in matching {
        // The code of a line may be in pieces; it is entered through the first.
        if !scopes.contains(&place.scope) {
            scopes.push(place.scope);
            let symbol = format!("{}:{line}", place.source);
            found.push(UprobePlace { symbol, file_offset: place.file_offset, semaphore: 0 });
        }
    }
    if found.is_empty() {
        let diagnostic = nothing_there(expander, path, at, &places, (line, column));
        return expander.missing(diagnostic);
    }
    let path = path.to_string_lossy().into_owned();
    let name = format!("{}:{path}@{}:{}", expander.kind.name, at.file, at.numbers.join(":"));
    push(expander, name, &path, found, super::Where::Inside);
}

fn nothing_there(
    expander: &Expander<'_>,
    path: &Path,
    at: &Location<'_>,
    places: &[SourcePlace],
    (line, column): (u32, Option<u32>),
) -> Diagnostic {
    let path = path.display();
    if places.is_empty() {
        let message = format!("No source file '{}' is in the debug information of '{path}'", at.file);
        let help = "Write the last parts of its path as the compiler was given it: file.c or dir/file.c";
        return Diagnostic::error("no-such-line", expander.span, message).with_help(help);
    }
    if let Some(column) = column
        && places.iter().any(|it| it.line == line)
    {
        let mut columns: Vec<u32> = places.iter().filter(|it| it.line == line).map(|it| it.column).collect();
        columns.dedup();
        let columns = columns.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("No statement begins at column {column} of line {line} of '{}'", at.file);
        let help = format!("Statements of this line begin at column {columns}");
        return Diagnostic::error("no-such-line", expander.span, message).with_help(help);
    }
    let message = format!("No statement begins at line {line} of '{}' in '{path}'", at.file);
    let before = places.iter().map(|it| it.line).filter(|it| *it < line).max();
    let after = places.iter().map(|it| it.line).filter(|it| *it > line).min();
    let help = match (before, after) {
        (Some(before), Some(after)) => format!("The nearest lines with code are {before} and {after}"),
        (Some(near), None) | (None, Some(near)) => format!("The nearest line with code is {near}"),
        (None, None) => return Diagnostic::error("no-such-line", expander.span, message),
    };
    Diagnostic::error("no-such-line", expander.span, message).with_help(help)
}
