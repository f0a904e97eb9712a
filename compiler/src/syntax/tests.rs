//! What holds for the parser, the dump and the printer together, over scripts that use every construct.

use super::dump::{dump, dump_with_spans};
use super::print::print;
use super::{Limits, ast::Script, parse};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::render;
use crate::source::SourceFile;

mod errors;
mod format;
mod limits;
mod mutations;
mod trees;

const CORPUS: [(&str, &str); 3] = [
    ("sections", include_str!("corpus/sections.bt")),
    ("expressions", include_str!("corpus/expressions.bt")),
    ("statements", include_str!("corpus/statements.bt")),
];

fn try_parse(text: &str) -> Result<Script, Diagnostic> {
    parse(&SourceFile::new("test", text), &Limits::default())
}

fn must_parse(text: &str) -> Script {
    let file = SourceFile::new("test", text);
    parse(&file, &Limits::default()).unwrap_or_else(|error| panic!("{text}\n{}", render(&file, &error)))
}

#[test]
fn printed_scripts_parse_to_the_same_tree() {
    for (name, text) in CORPUS {
        let script = must_parse(text);
        let printed = print(&script);
        assert_eq!(dump(&must_parse(&printed)), dump(&script), "{name} printed as\n{printed}");
    }
}

#[test]
fn printing_twice_changes_nothing() {
    for (name, text) in CORPUS {
        let once = print(&must_parse(text));
        assert_eq!(print(&must_parse(&once)), once, "{name}");
    }
}
