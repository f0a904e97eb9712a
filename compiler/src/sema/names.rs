//! Names that the script defines at its top: object-like `#define`s.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostics;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{self, ExprKind, UnaryOp};
use crate::syntax::{self, Limits};

use super::unsupported;

/// What a `#define` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Define {
    Number(i128),
    Text(Vec<u8>),
    Bool(bool),
    /// Another name.
    Alias(String),
}

#[derive(Debug, Clone, Default)]
pub struct Names {
    defines: HashMap<String, Define>,
    /// Macros and functions of the script, which were refused already.
    reported: HashSet<String>,
    /// What the script defines that can be called.
    pub functions: Vec<String>,
}

impl Names {
    /// Reads the preprocessor lines of a script.
    pub fn read(lines: &[ast::PreprocessorLine], diagnostics: &mut Diagnostics) -> Self {
        let mut names = Self::default();
        for line in lines {
            let text = line.text.replace("\\\n", " ");
            let text = text.trim_start_matches('#').trim_start();
            let (directive, rest) = text.split_at(text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len()));
            match directive {
                "define" => names.define(rest.trim(), line.span, diagnostics),
                "undef" => {
                    names.defines.remove(rest.trim());
                }
                "include" => diagnostics.push(
                    unsupported::not_yet(line.span, unsupported::INCLUDES)
                        .with_help("Types of the kernel are known without headers"),
                ),
                "pragma" | "" => {}
                _ => diagnostics.push(unsupported::not_yet(line.span, unsupported::PREPROCESSOR_CONDITIONS)),
            }
        }
        names
    }

    fn define(&mut self, text: &str, span: Span, diagnostics: &mut Diagnostics) {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, value) = text.split_at(end);
        if value.starts_with('(') {
            diagnostics.push(unsupported::not_yet(span, unsupported::FUNCTION_LIKE_DEFINES));
            return;
        }
        // A definition that is not a simple constant is no mistake until something uses it.
        if let Some(value) = literal(value.trim()) {
            self.defines.insert(name.to_owned(), value);
        }
    }

    /// Notes a name that was refused: its uses are no further mistakes.
    pub fn refuse(&mut self, name: &str) {
        self.reported.insert(name.to_owned());
    }

    pub fn is_reported(&self, name: &str) -> bool {
        self.reported.contains(name)
    }

    /// What a name stands for, aliases followed.
    pub fn find(&self, name: &str) -> Option<&Define> {
        let mut found = self.defines.get(name)?;
        for _ in 0..self.defines.len() {
            match found {
                Define::Alias(other) => found = self.defines.get(other)?,
                value => return Some(value),
            }
        }
        None
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.defines.keys().map(String::as_str)
    }
}

/// The constant that a text is, by the rules of the language.
fn literal(text: &str) -> Option<Define> {
    let file = SourceFile::new("define", format!("begin {{ return {text}; }}"));
    let script = syntax::parse(&file, &Limits::default()).ok()?;
    let [ast::Root::Probe(probe)] = script.roots.as_slice() else { return None };
    let [ast::Stmt { kind: ast::StmtKind::Return(Some(value)), .. }] = probe.body.statements.as_slice() else {
        return None;
    };
    Some(match &value.kind {
        ExprKind::Integer { value, .. } => Define::Number(i128::from(*value)),
        ExprKind::Unary { operator: UnaryOp::Neg, operand } => match operand.kind {
            ExprKind::Integer { value, .. } => Define::Number(-i128::from(value)),
            _ => return None,
        },
        ExprKind::String(bytes) => Define::Text(bytes.clone()),
        ExprKind::Bool(value) => Define::Bool(*value),
        ExprKind::Identifier(name) => Define::Alias(name.clone()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[&str]) -> Names {
        let lines: Vec<_> = lines
            .iter()
            .map(|text| ast::PreprocessorLine { text: (*text).to_owned(), span: Span::default() })
            .collect();
        Names::read(&lines, &mut Diagnostics::default())
    }

    #[test]
    fn literals_of_all_kinds_can_be_defined() {
        let names = names(&["#define SLOW 5ms", "# define WORD \"a b\"", "#define LOW (-7)", "#define SAME SLOW"]);
        assert_eq!(names.find("SLOW"), Some(&Define::Number(5_000_000)));
        assert_eq!(names.find("WORD"), Some(&Define::Text(b"a b".to_vec())));
        assert_eq!(names.find("LOW"), Some(&Define::Number(-7)));
        assert_eq!(names.find("SAME"), Some(&Define::Number(5_000_000)));
    }

    #[test]
    fn definitions_in_a_circle_stand_for_nothing() {
        assert_eq!(names(&["#define A B", "#define B A"]).find("A"), None);
    }
}
