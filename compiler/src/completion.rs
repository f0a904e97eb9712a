//! What can stand at the cursor of an editor: the fields of the value before a dot, the variables that are visible.
//!
//! The script is typed with a name at the cursor that no script has. Where the typer meets it, it tells what it knows.

use crate::diagnostic::Diagnostics;
use crate::kernel::Kernel;
use crate::options::CompileOptions;
use crate::source::SourceFile;
use crate::syntax::unfinished::{ending, last_word};
use crate::{Front, sema, syntax};

/// The name that is looked up; as a variable it has a `$`.
pub const CURSOR: &str = "__tracedeck_cursor__";

/// Something that has a name and a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    /// As C declares it where it is the kernel's, else as messages write types.
    pub declaration: String,
}

/// What could be written at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// Whose members they are: a type, or a probe for `args`; empty for variables.
    pub of: String,
    pub members: Vec<Member>,
}

/// The members of what stands before the cursor, a byte offset. None where nothing is known, or where a name of
/// another kind stands.
pub fn members(file: &SourceFile, offset: usize, kernel: &dyn Kernel, options: &CompileOptions) -> Option<Members> {
    let text = file.script();
    let before = text.get(..offset)?;
    let word = last_word(before);
    let start = offset - word.len();
    let before = &text[..start];
    let variable = before.ends_with('$');
    if !variable && !before.ends_with('.') && !before.ends_with("->") {
        return None;
    }
    let rest = &text[offset..];
    let after = rest.trim_start_matches(|it: char| it.is_ascii_alphanumeric() || it == '_');
    let limits = syntax::Limits { max_source_bytes: options.limits.max_source_bytes, ..syntax::Limits::default() };
    let cut = format!("{before}{CURSOR}");
    let cut = ending(&cut, &limits).map(|ending| format!("{cut}{ending}"));
    // The whole script knows more about maps; only what comes before the cursor need not make sense as yet.
    [Some(format!("{before}{CURSOR}{after}")), cut].into_iter().flatten().find_map(|text| {
        let mut found = Diagnostics::default();
        let file = SourceFile::new(file.name(), text);
        let front = Front::new(&file, kernel, options, &mut found).ok()?;
        sema::analyze(&front.expanded, &front.kernel, options, found).members
    })
}

#[cfg(test)]
mod tests;
