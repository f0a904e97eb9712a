//! `#define`s: a use becomes the expression that the definition is.

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::preprocess::FunctionDefine;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Argument, Expr, ExprKind, Ident, MacroParameter, Root, Stmt, StmtKind, TypeBase, TypeName};
use crate::syntax::transform::{Shift, Transform};
use crate::syntax::{self, Limits};

use super::substitute::Bindings;
use super::{Active, Expander};

/// What stands before the text of a definition to parse it as an expression.
const BEFORE: &str = "begin { return (";

impl<'a> Expander<'a> {
    /// What a definition stands for; None where it is no expression.
    pub(super) fn definition(&mut self, name: &str, call: Span) -> Option<Expr> {
        // A header may define what is a builtin here, or a name as itself; the script does that only on purpose.
        let is_meant = |text: &str| text != name && crate::builtins::find(name).is_none();
        let define = self.c.defines.get(name).filter(|it| it.own || is_meant(&it.text))?;
        let limits = self.limits;
        let is_value = |word: &str| self.c.defines.contains_key(word);
        let parsed = self.parsed.entry(name.to_owned()).or_insert_with(|| parse(&define.text, limits, &is_value));
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

    /// A call of a name that is defined as another name.
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
    }

    /// The definition with parameters that a name stands for, unless a macro or a builtin is called like that.
    pub(super) fn function_define(&self, name: &str) -> Option<&'a FunctionDefine> {
        let is_taken = self.by_name.contains_key(name) || crate::builtins::find(name).is_some();
        self.c.functions.get(name).filter(|_| !is_taken && !self.refused.contains(name))
    }

    /// What a use of a definition with parameters stands for. As with macros, arguments are expressions, not text.
    pub(super) fn call_define(&mut self, name: &str, arguments: &[Argument], call: Span) -> Option<Expr> {
        let it = self.function_define(name)?;
        let refuse = |message: String, help: String| {
            Diagnostic::error("unknown-function", call, message)
                .with_label(it.body.span, "it is defined here")
                .with_help(help)
        };
        let signature = format!("{name}({})", it.parameters.join(", "));
        if it.is_variadic {
            let message = format!("'{name}' is a #define with any number of arguments, which cannot be used");
            self.refused.insert(name.to_owned());
            self.report(refuse(message, format!("Write a macro for each number: macro {name}(a, b) {{ ... }}")));
            return None;
        }
        if arguments.len() != it.parameters.len() {
            let plural = if arguments.len() == 1 { "" } else { "s" };
            let message = format!("'{name}' does not take {} argument{plural}", arguments.len());
            self.refused.insert(name.to_owned());
            self.report(refuse(message, format!("It is defined as {signature}")));
            return None;
        }
        let is_given_a_type = |word: &str| {
            let given = it.parameters.iter().zip(arguments);
            given.into_iter().any(|(parameter, argument)| parameter == word && matches!(argument, Argument::Type(_)))
        };
        let is_value = |word: &str| {
            let is_parameter = it.parameters.iter().any(|parameter| parameter == word);
            if is_parameter { !is_given_a_type(word) } else { self.c.defines.contains_key(word) }
        };
        let Some(mut expr) = parse(&it.body.text, self.limits, &is_value) else {
            let message = format!("'{name}' is a #define that is no expression: {}", it.body.text);
            self.refused.insert(name.to_owned());
            self.report(refuse(message, format!("Write it as a macro: macro {signature} {{ ... }}")));
            return None;
        };
        let active = Active::Define(name.to_owned());
        self.may_begin(&active, name, call)?;
        let Some(shift) = self.expansions.add(it.body.span, call, name, self.text_end) else {
            self.stop(Diagnostic::error("too-many-nodes", call, "The definitions of this script become too large"));
            return None;
        };
        self.text = self.text.saturating_add(it.body.text.len() as u32);
        Shift(shift + i64::from(it.body.span.start) - BEFORE.len() as i64).expr(&mut expr);
        let ident = |parameter: &String| Ident { name: parameter.clone(), span: it.body.span };
        let parameters: Vec<_> = it.parameters.iter().map(|it| MacroParameter::Expression(ident(it))).collect();
        self.renamed += 1;
        let mut bindings = Bindings::new(&parameters, arguments, self.renamed);
        bindings.expr(&mut expr);
        let Bindings { text, nodes, problems, .. } = bindings;
        self.text = self.text.saturating_add(text);
        self.count(nodes, call);
        problems.into_iter().for_each(|problem| self.report(problem));
        self.chain.push(active);
        self.expr(&mut expr);
        self.chain.pop();
        Some(expr)
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

/// The expression that a text is, with spans that begin behind [`BEFORE`]. `is_value` tells words that are no types.
fn parse(text: &str, limits: &Limits, is_value: &dyn Fn(&str) -> bool) -> Option<Expr> {
    // Nothing between the parentheses would be an empty tuple.
    if text.is_empty() {
        return None;
    }
    let file = SourceFile::new("define", format!("{BEFORE}{text}\n); }}"));
    let mut script = syntax::parse(&file, limits).ok()?;
    let words = std::mem::take(&mut script.words_in_parentheses);
    let values: HashSet<_> = words.into_iter().filter(|it| is_value(&it.word)).collect();
    if !values.is_empty() {
        script = syntax::parse_with(&file, limits, &values).ok()?;
    }
    let (Some(Root::Probe(probe)), true) = (script.roots.pop(), script.roots.is_empty()) else { return None };
    match <[Stmt; 1]>::try_from(probe.body.statements).ok()? {
        // The parentheses are not the definition's: with them it would reach into the expansion before its own.
        [Stmt { kind: StmtKind::Return(Some(value)), .. }] => {
            Some(Expr { span: Span::new(BEFORE.len(), BEFORE.len() + text.len()), ..value })
        }
        _ => None,
    }
}
