//! Object-like `#define`s: a use becomes the expression that the definition is.

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Expr, ExprKind, Root, Stmt, StmtKind, TypeBase, TypeName};
use crate::syntax::transform::{Shift, Transform};
use crate::syntax::{self, Limits};

use super::{Active, Expander};

/// What stands before the text of a definition to parse it as an expression.
const BEFORE: &str = "begin { return (";

impl Expander<'_> {
    /// What a definition stands for; None where it is no expression.
    pub(super) fn definition(&mut self, name: &str, call: Span) -> Option<Expr> {
        // A header may define what is a builtin here, or a name as itself; the script does that only on purpose.
        let is_meant = |text: &str| text != name && crate::builtins::find(name).is_none();
        let define = self.c.defines.get(name).filter(|it| it.own || is_meant(&it.text))?;
        let limits = self.limits;
        let parsed = self.parsed.entry(name.to_owned()).or_insert_with(|| parse(&define.text, limits));
        let mut expr = parsed.clone()?;
        let active = Active::Define(name.to_owned());
        self.may_begin(&active, name, call)?;
        let Some(shift) = self.expansions.add(define.span, call, name, self.text_end) else {
            self.stop(Diagnostic::error("too-many-nodes", call, "The definitions of this script become too large"));
            return None;
        };
        self.text = self.text.saturating_add(define.text.len() as u32);
        Shift(shift + i64::from(define.span.start) - BEFORE.len() as i64).expr(&mut expr);
        self.chain.push(active);
        self.expr(&mut expr);
        self.chain.pop();
        Some(expr)
    }

    /// A call of a name that is defined as another name; reports a call of a definition with parameters.
    pub(super) fn rename_function(&mut self, expr: &mut Expr) {
        let ExprKind::Call { function, .. } = &mut expr.kind else { return };
        for _ in 0..self.c.defines.len() {
            let Some(define) = self.c.defines.get(&function.name) else { break };
            let is_name = define.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name || define.text == function.name || define.text.is_empty() {
                break;
            }
            function.name.clone_from(&define.text);
        }
        let name = &function.name;
        let is_taken = self.by_name.contains_key(name.as_str()) || crate::builtins::find(name).is_some();
        if self.c.with_parameters.contains(name) && !is_taken && !self.refused.contains(name) {
            let message = format!("'{name}' is a #define with parameters, which cannot be used");
            let diagnostic = Diagnostic::error("unknown-function", function.span, message)
                .with_help(format!("Write it as a macro: macro {name}(x) {{ ... }}"));
            self.refused.insert(name.clone());
            self.report(diagnostic);
        }
    }

    /// The value that a bare word in the place of a type is, if it is defined.
    pub(super) fn value_of_type(&mut self, ty: &TypeName) -> Option<Expr> {
        let TypeBase::Name(word) = &ty.base else { return None };
        if !ty.suffixes.is_empty() || !self.c.defines.contains_key(word) {
            return None;
        }
        let word = word.clone();
        self.definition(&word, ty.span)
    }
}

/// The expression that a text is, with spans that begin behind [`BEFORE`].
fn parse(text: &str, limits: &Limits) -> Option<Expr> {
    let file = SourceFile::new("define", format!("{BEFORE}{text}\n); }}"));
    let mut script = syntax::parse(&file, limits).ok()?;
    let (Some(Root::Probe(probe)), true) = (script.roots.pop(), script.roots.is_empty()) else { return None };
    match <[Stmt; 1]>::try_from(probe.body.statements).ok()? {
        [Stmt { kind: StmtKind::Return(Some(value)), .. }] => Some(value),
        _ => None,
    }
}
