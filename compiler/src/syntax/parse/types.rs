//! Types as written, and the arguments of `sizeof`, `offsetof`, `typeinfo` and `typeof`.

use pest::iterators::Pair;

use super::{Converter, Parsed, Rule, broken, literal, parts, span_of};
use crate::syntax::ast::{TypeArgument, TypeBase, TypeName, TypeSuffix};

impl Converter<'_> {
    pub(super) fn type_name(&mut self, pair: Pair<'_, Rule>) -> Parsed<TypeName> {
        let whole = span_of(&pair);
        self.node(whole)?;
        if pair.as_rule() == Rule::tuple_type {
            self.enter(1, whole)?;
            let types = parts(pair).map(|part| self.type_name(part)).collect::<Parsed<_>>()?;
            self.leave(1);
            return Ok(TypeName { base: TypeBase::Tuple(types), suffixes: Vec::new(), span: whole });
        }
        let mut inner = pair.into_inner();
        let first = inner.next().ok_or_else(|| broken(whole))?;
        let mut span = span_of(&first);
        let base = match first.as_rule() {
            Rule::typeof_type => {
                let argument = parts(first).next().ok_or_else(|| broken(span))?;
                TypeBase::TypeOf(Box::new(self.type_argument(argument)?))
            }
            Rule::tagged => {
                let mut words = first.into_inner().map(|word| word.as_str().to_owned());
                let (Some(keyword), Some(name)) = (words.next(), words.next()) else { return Err(broken(span)) };
                TypeBase::Tagged { keyword, name }
            }
            Rule::c_words => {
                let words: Vec<_> = first.into_inner().map(|word| word.as_str()).collect();
                TypeBase::Name(words.join(" "))
            }
            _ => TypeBase::Name(first.as_str().to_owned()),
        };
        let mut suffixes = Vec::new();
        for suffix in inner {
            span = span.to(span_of(&suffix));
            suffixes.push(match suffix.as_rule() {
                Rule::pointer => TypeSuffix::Pointer,
                _ => {
                    let length = parts(suffix).next();
                    TypeSuffix::Array(length.map(|n| literal::integer(n.as_str(), span_of(&n))).transpose()?)
                }
            });
        }
        Ok(TypeName { base, suffixes, span })
    }

    pub(super) fn type_argument(&mut self, pair: Pair<'_, Rule>) -> Parsed<TypeArgument> {
        let span = span_of(&pair);
        self.enter(1, span)?;
        let argument = match pair.as_rule() {
            Rule::type_name => TypeArgument::Type(self.type_name(pair)?),
            _ => TypeArgument::Expr(*self.expr(pair)?),
        };
        self.leave(1);
        Ok(argument)
    }
}
