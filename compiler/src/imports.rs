//! `import` and `#include` of files: which ones a script needs, in which order, and what they all are together.
//!
//! The texts come from whoever runs the compiler, through [`Sources`]; a script from a browser gets none.

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::source::{Part, PartKind, SourceFile, Span};
use crate::syntax::ast::{Script, WordInParentheses};
use crate::syntax::transform::{Shift, walk_script};
use crate::syntax::{self, Limits};

/// The most files of one script, and the most bytes of all together.
const MAX_FILES: usize = 256;
const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 32;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The same for the same file, however it is named.
    pub identity: String,
    pub part: Part,
}

/// Gives the texts of files.
pub trait Sources {
    /// The files that `import "path"` in the file `importer` means: several for a directory.
    ///
    /// # Errors
    ///
    /// A sentence that says why there are none.
    fn import(&self, path: &str, importer: &str) -> Result<Vec<Found>, String>;

    /// The header that `#include` names, if it is there.
    ///
    /// # Errors
    ///
    /// A sentence that says why it is not used although it is there.
    fn include(&self, path: &str, quoted: bool, importer: &str) -> Result<Option<Found>, String>;
}

/// Finds all that a script imports. Mistakes of the script itself are left to its compilation.
///
/// # Errors
///
/// What cannot be imported, with the text that its span is about.
pub fn load(
    main: SourceFile,
    sources: &dyn Sources,
    limits: &Limits,
) -> Result<SourceFile, Box<(SourceFile, Diagnostic)>> {
    let mut loader = Loader { sources, limits, parts: Vec::new(), known: HashSet::new(), bytes: 0 };
    let root = Part { name: main.name().to_owned(), kind: PartKind::Script, text: main.script().to_owned() };
    match loader.imports_of(&root, 0) {
        Ok(()) => Ok(main.with_parts(loader.parts)),
        Err(failure) => {
            let Failure { part, span, message } = *failure;
            if part == root {
                return Err(Box::new((main.with_parts(Vec::new()), Diagnostic::error("import", span, message))));
            }
            // The file that is at fault may not be among the loaded ones yet.
            let file = SourceFile::new(part.name, part.text);
            Err(Box::new((file, Diagnostic::error("import", span, message))))
        }
    }
}

struct Loader<'a> {
    sources: &'a dyn Sources,
    limits: &'a Limits,
    parts: Vec<Part>,
    known: HashSet<String>,
    bytes: usize,
}

struct Failure {
    part: Part,
    span: Span,
    message: String,
}

impl Loader<'_> {
    /// Adds what a file imports, each file behind what it imports itself.
    fn imports_of(&mut self, part: &Part, depth: usize) -> Result<(), Box<Failure>> {
        let fail = |span: Span, message: String| Box::new(Failure { part: part.clone(), span, message });
        if depth > MAX_DEPTH {
            return Err(fail(Span::default(), format!("Files import each other more than {MAX_DEPTH} deep")));
        }
        let mut wanted: Vec<(Span, Vec<Found>)> = Vec::new();
        for (span, path, quoted) in includes(&part.text) {
            let found = self.sources.include(&path, quoted, &part.name).map_err(|message| fail(span, message))?;
            // Headers include each other without end; what is left out is not known, which is told where it matters.
            let has_room = self.parts.len() < MAX_FILES / 2 && self.bytes < MAX_BYTES / 2 && depth < MAX_DEPTH;
            wanted.extend(found.filter(|_| has_room).map(|found| (span, vec![found])));
        }
        if part.kind == PartKind::Script {
            // A script that cannot be parsed imports nothing: that is told when it is compiled.
            let file = SourceFile::new(part.name.clone(), part.text.clone());
            let script = syntax::parse(&file, self.limits).unwrap_or_default();
            for import in script.imports {
                let path = String::from_utf8_lossy(&import.path).into_owned();
                // What bpftrace keeps there is built in here.
                if path == "stdlib" || path.starts_with("stdlib/") {
                    continue;
                }
                let found = self.sources.import(&path, &part.name).map_err(|message| fail(import.span, message))?;
                wanted.push((import.span, found));
            }
        }
        for (span, files) in wanted {
            for found in files {
                if !self.known.insert(found.identity) {
                    continue;
                }
                self.bytes += found.part.text.len();
                if self.parts.len() >= MAX_FILES || self.bytes > MAX_BYTES {
                    let message = format!("The script imports more than {MAX_FILES} files or {} MiB", MAX_BYTES >> 20);
                    return Err(fail(span, message));
                }
                self.imports_of(&found.part, depth + 1)?;
                self.parts.push(found.part);
            }
        }
        Ok(())
    }
}

/// The `#include`s of a text: the line, the path, and whether it is in quotes.
pub fn includes(text: &str) -> Vec<(Span, String, bool)> {
    let mut found = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(offset, offset + line.trim_end().len());
        offset += line.len();
        found.extend(include_of(line).map(|(path, quoted)| (span, path.to_owned(), quoted)));
    }
    found
}

/// The path of a line that is an `#include`.
pub fn include_of(line: &str) -> Option<(&str, bool)> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("include")?.trim_start();
    let (end, quoted) = match rest.chars().next()? {
        '"' => ('"', true),
        '<' => ('>', false),
        _ => return None,
    };
    Some((rest[1..].split_once(end)?.0, quoted))
}

/// The script with all that it imports as one tree. `values` are words that are no types.
///
/// # Errors
///
/// The first mistake in any of the files.
pub fn parse_all(
    file: &SourceFile,
    limits: &Limits,
    values: &HashSet<WordInParentheses>,
) -> Result<Script, Diagnostic> {
    let mut whole = Script::default();
    let mut is_empty = None;
    for (name, kind, start, text) in file.texts() {
        let shift = i64::from(start);
        let moved = |mut diagnostic: Diagnostic| {
            let to = |span: Span| Span::new(span.start as usize + start as usize, span.end as usize + start as usize);
            diagnostic.span = to(diagnostic.span);
            diagnostic.labels.iter_mut().for_each(|label| label.span = to(label.span));
            diagnostic
        };
        if kind == PartKind::Header {
            let span = Span::new(start as usize, start as usize + text.len());
            whole.headers.push(crate::syntax::ast::Header { name: name.to_owned(), text: text.to_owned(), span });
            continue;
        }
        let mut script = match syntax::parse_with(&SourceFile::new(name, text), limits, values) {
            Ok(script) => script,
            // All may be in what was imported.
            Err(error) if error.code == "empty-script" && !(whole.roots.is_empty() && start == 0) => {
                is_empty.get_or_insert(moved(error));
                continue;
            }
            Err(error) => return Err(moved(error)),
        };
        Shift(shift).run(&mut script);
        if let (Some(config), true) = (&script.config, start > 0) {
            let message = "An imported file cannot have a config block: that belongs to the script";
            return Err(Diagnostic::error("section-order", config.span, message));
        }
        whole.preprocessor.append(&mut script.preprocessor);
        whole.c_definitions.append(&mut script.c_definitions);
        whole.imports.append(&mut script.imports);
        whole.roots.append(&mut script.roots);
        whole.words_in_parentheses.append(&mut script.words_in_parentheses);
        whole.config = script.config;
    }
    match is_empty {
        Some(error) if whole.roots.is_empty() => Err(error),
        _ => Ok(whole),
    }
}

impl Shift {
    fn run(mut self, script: &mut Script) {
        if self.0 != 0 {
            walk_script(&mut self, script);
        }
    }
}

#[cfg(test)]
mod tests;
