//! The script and what stands at its root.

use pest::iterators::Pair;

use super::expression::ident;
use super::{Converter, Parsed, Rule, broken, literal, parts, span_of, tight_span};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{
    AttachPoint, CDefinition, ConfigBlock, Function, Import, Macro, MacroParameter, MapDeclaration, PreprocessorLine,
    Probe, Root, Script, Setting, SettingValue,
};

impl Converter<'_> {
    pub(super) fn script(&mut self, pair: Pair<'_, Rule>) -> Parsed<Script> {
        let mut script = Script::default();
        for part in parts(pair) {
            let span = span_of(&part);
            self.node(span)?;
            match part.as_rule() {
                Rule::preprocessor_line => {
                    let text = part.as_str().trim_end_matches('\r');
                    let span = Span::new(span.start as usize, span.start as usize + text.len());
                    script.preprocessor.push(PreprocessorLine { text: text.to_owned(), span });
                }
                Rule::c_definition => script.c_definitions.push(c_definition(part)?),
                Rule::config => {
                    let config = self.config(part)?;
                    if let Some(first) = &script.config {
                        let message = "Only one config block is allowed";
                        let diagnostic = Diagnostic::error("duplicate-config", config.span, message)
                            .with_label(first.span, "The first one is here");
                        return Err(Box::new(diagnostic));
                    }
                    script.config = Some(config);
                }
                Rule::import => script.imports.push(import(part)?),
                Rule::macro_definition => script.roots.push(Root::Macro(self.macro_definition(part)?)),
                Rule::function => script.roots.push(Root::Function(self.function(part)?)),
                Rule::map_declaration => script.roots.push(Root::MapDeclaration(map_declaration(part)?)),
                Rule::probe => script.roots.push(Root::Probe(self.probe(part)?)),
                _ => return Err(broken(span)),
            }
        }
        Ok(script)
    }

    fn config(&mut self, pair: Pair<'_, Rule>) -> Parsed<ConfigBlock> {
        let span = span_of(&pair);
        let mut settings = Vec::new();
        for setting in parts(pair) {
            let span = span_of(&setting);
            self.node(span)?;
            let mut inner = parts(setting);
            let (Some(key), Some(value)) = (inner.next(), inner.next()) else { return Err(broken(span)) };
            let value_span = span_of(&value);
            let value = match value.as_rule() {
                Rule::string => SettingValue::String(literal::string(value.as_str(), value_span)?),
                Rule::integer => SettingValue::Integer(literal::integer(value.as_str(), value_span)?),
                _ => SettingValue::Word(value.as_str().to_owned()),
            };
            settings.push(Setting { key: ident(&key), value, span });
        }
        Ok(ConfigBlock { settings, span })
    }

    fn macro_definition(&mut self, pair: Pair<'_, Rule>) -> Parsed<Macro> {
        let span = span_of(&pair);
        let mut inner = parts(pair);
        let name = ident(&inner.next().ok_or_else(|| broken(span))?);
        let mut parameters = Vec::new();
        for part in inner {
            match part.as_rule() {
                Rule::variable => parameters.push(MacroParameter::Variable(ident(&part))),
                Rule::map => parameters.push(MacroParameter::Map(ident(&part))),
                Rule::ident => parameters.push(MacroParameter::Expression(ident(&part))),
                _ => {
                    let names = parameters.iter().map(|it: &MacroParameter| it.name().name.clone()).collect();
                    self.macro_around = Some((name.name.clone(), names));
                    let body = *self.block(part)?;
                    self.macro_around = None;
                    return Ok(Macro { name, parameters, body, span });
                }
            }
        }
        Err(broken(span))
    }

    fn function(&mut self, pair: Pair<'_, Rule>) -> Parsed<Function> {
        let span = span_of(&pair);
        let mut inner = parts(pair);
        let name = ident(&inner.next().ok_or_else(|| broken(span))?);
        let mut parameters = Vec::new();
        let mut returns = None;
        for part in inner {
            match part.as_rule() {
                Rule::function_parameter => {
                    let mut inner = parts(part);
                    let (Some(variable), Some(ty)) = (inner.next(), inner.next()) else { return Err(broken(span)) };
                    parameters.push((ident(&variable), self.type_name(ty)?));
                }
                Rule::type_name | Rule::tuple_type => returns = Some(self.type_name(part)?),
                _ => {
                    let returns = returns.ok_or_else(|| broken(span))?;
                    return Ok(Function { name, parameters, returns, body: *self.block(part)?, span });
                }
            }
        }
        Err(broken(span))
    }

    fn probe(&mut self, pair: Pair<'_, Rule>) -> Parsed<Probe> {
        let span = span_of(&pair);
        let mut attach_points = Vec::new();
        let mut predicate = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::attach_point => attach_points.push(attach_point(part)?),
                Rule::predicate => {
                    let expr = parts(part).next().ok_or_else(|| broken(span))?;
                    predicate = Some(*self.expr(expr)?);
                }
                _ => return Ok(Probe { attach_points, predicate, body: *self.block(part)?, span, expanded: 0 }),
            }
        }
        Err(broken(span))
    }
}

fn attach_point(pair: Pair<'_, Rule>) -> Parsed<AttachPoint> {
    let span = span_of(&pair);
    let (mut label, mut text) = (None, None);
    for part in parts(pair) {
        match part.as_rule() {
            Rule::attach_label => label = Some(ident(&part)),
            _ => text = Some(part.as_str().to_owned()),
        }
    }
    Ok(AttachPoint { label, text: text.ok_or_else(|| broken(span))?, span })
}

fn c_definition(pair: Pair<'_, Rule>) -> Parsed<CDefinition> {
    let span = tight_span(&pair);
    let text = pair.as_str().get(..(span.end - span.start) as usize).unwrap_or_default().to_owned();
    let mut inner = pair.into_inner();
    let keyword = ident(&inner.next().ok_or_else(|| broken(span))?);
    let name = inner.find(|part| part.as_rule() == Rule::field_name).map(|name| ident(&name));
    Ok(CDefinition { keyword, name, text, span })
}

fn import(pair: Pair<'_, Rule>) -> Parsed<Import> {
    let span = span_of(&pair);
    let path = parts(pair).next().ok_or_else(|| broken(span))?;
    Ok(Import { path: literal::string(path.as_str(), span_of(&path))?, span })
}

fn map_declaration(pair: Pair<'_, Rule>) -> Parsed<MapDeclaration> {
    let span = tight_span(&pair);
    let mut inner = parts(pair);
    let (Some(map), Some(kind), Some(entries)) = (inner.next(), inner.next(), inner.next()) else {
        return Err(broken(span));
    };
    let entries = literal::integer(entries.as_str(), span_of(&entries))?;
    Ok(MapDeclaration { map: ident(&map), kind: ident(&kind), entries, span })
}
