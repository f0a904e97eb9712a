//! `(word) - 1`: a cast where the word is a type, a subtraction where it is a value. Which it is follows from the whole
//! script, so it is read a second time where the first reading was wrong.

use std::collections::{BTreeSet, HashSet};

use crate::builtins::{self, Kind};
use crate::kernel::Kernel;
use crate::preprocess::Preprocessed;
use crate::syntax::ast::{Argument, Expr, ExprKind, Macro, MacroParameter, Root, Script, WordInParentheses};
use crate::syntax::transform::{Transform, walk_expr};

/// The words in parentheses that are values, where it was not sure whether they are types.
pub fn values_in_parentheses(script: &Script, c: &Preprocessed, kernel: &dyn Kernel) -> HashSet<WordInParentheses> {
    if script.words_in_parentheses.is_empty() {
        return HashSet::new();
    }
    let types = TypeParameters::of(script);
    let is_macro = |word: &str| macros(script).any(|it| it.parameters.is_empty() && it.name.name == word);
    let is_builtin = |word: &str| builtins::find(word).is_some_and(|builtin| builtin.kind == Kind::Value);
    let is_type = |word: &str| kernel.named_type(word).is_some() || crate::sema::is_language_type(word);
    let is_value = |it: &WordInParentheses| {
        let word = it.word.as_str();
        match &it.parameter_of {
            Some(name) => !types.0.contains(&(name.clone(), it.word.clone())),
            None if c.defines.contains_key(word) || is_macro(word) => true,
            None => (is_builtin(word) || kernel.enum_constant(word).is_some()) && !is_type(word),
        }
    };
    script.words_in_parentheses.iter().filter(|it| is_value(it)).cloned().collect()
}

fn macros(script: &Script) -> impl Iterator<Item = &Macro> {
    script.roots.iter().filter_map(|root| match root {
        Root::Macro(it) => Some(it),
        _ => None,
    })
}

/// Macros and those of their parameters that are given types: by `typeof()`, or by a macro that was given one itself.
struct TypeParameters(BTreeSet<(String, String)>);

impl TypeParameters {
    fn of(script: &Script) -> Self {
        let mut found = Self(BTreeSet::new());
        loop {
            let before = found.0.len();
            for root in &script.roots {
                let around = match root {
                    Root::Macro(it) => Some(it.name.name.as_str()),
                    _ => None,
                };
                let mut root = root.clone();
                let mut calls = Calls { script, found: &mut found, around };
                match &mut root {
                    Root::Probe(it) => {
                        it.predicate.iter_mut().for_each(|predicate| calls.expr(predicate));
                        calls.block(&mut it.body);
                    }
                    Root::Macro(it) => calls.block(&mut it.body),
                    Root::Function(it) => calls.block(&mut it.body),
                    Root::MapDeclaration(_) => {}
                }
            }
            if found.0.len() == before {
                return found;
            }
        }
    }
}

struct Calls<'a> {
    script: &'a Script,
    found: &'a mut TypeParameters,
    around: Option<&'a str>,
}

impl Transform for Calls<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Call { function, arguments } = &expr.kind {
            for called in macros(self.script).filter(|it| it.name.name == function.name) {
                for (parameter, argument) in called.parameters.iter().zip(arguments) {
                    if let (MacroParameter::Expression(name), true) = (parameter, self.is_type(argument)) {
                        self.found.0.insert((called.name.name.clone(), name.name.clone()));
                    }
                }
            }
        }
        walk_expr(self, expr);
    }
}

impl Calls<'_> {
    fn is_type(&self, argument: &Argument) -> bool {
        match (argument, self.around) {
            (Argument::Type(_), _) => true,
            (Argument::Expr(Expr { kind: ExprKind::Identifier(word), .. }), Some(around)) => {
                self.found.0.contains(&(around.to_owned(), word.clone()))
            }
            _ => false,
        }
    }
}
