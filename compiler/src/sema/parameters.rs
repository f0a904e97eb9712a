//! The named parameters that a script knows, and those that it was given.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::typer::Typer;

/// What a parameter is or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(String),
}

/// What `getopt` said about a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedParameter {
    pub name: String,
    pub default: Value,
    /// It was given no default: it is there or not.
    pub is_flag: bool,
    pub help: Option<String>,
    /// Where it is first read.
    pub span: Span,
}

impl NamedParameter {
    /// How it is written on the command line.
    pub fn usage(&self) -> String {
        let value = match &self.default {
            _ if self.is_flag => return format!("--{}", self.name),
            Value::Bool(_) => "BOOL",
            Value::Signed(_) | Value::Unsigned(_) => "NUMBER",
            Value::Text(_) => "TEXT",
        };
        format!("--{}={value}", self.name)
    }

    /// One line of help.
    pub fn line(&self) -> String {
        let default = match &self.default {
            _ if self.is_flag => String::new(),
            Value::Bool(value) => format!(" (default: {value})"),
            Value::Signed(value) => format!(" (default: {value})"),
            Value::Unsigned(value) => format!(" (default: {value})"),
            Value::Text(text) => format!(" (default: \"{text}\")"),
        };
        let help = self.help.as_ref().map_or(String::new(), |help| format!("  {help}"));
        format!("{}{help}{default}", self.usage())
    }
}

impl Typer<'_> {
    /// Notes a parameter; reports one that is read differently elsewhere.
    pub fn named_parameter(&mut self, parameter: NamedParameter) -> Option<()> {
        match self.parameters.iter_mut().find(|known| known.name == parameter.name) {
            None => self.parameters.push(parameter),
            Some(known) if (&known.default, known.is_flag) != (&parameter.default, parameter.is_flag) => {
                let first = known.span;
                let message = format!("Parameter '{}' is read with another default elsewhere", parameter.name);
                let diagnostic = Diagnostic::error("parameter-default", parameter.span, message)
                    .with_label(first, "it is first read here");
                return self.fail(diagnostic);
            }
            Some(known) => {
                if known.help.is_none() {
                    known.help = parameter.help;
                }
            }
        }
        Some(())
    }

    /// Reports parameters that the script does not know.
    pub fn check_named_parameters(&mut self) {
        let known = |name: &str| name == "help" || self.parameters.iter().any(|parameter| parameter.name == name);
        let unknown: Vec<&str> =
            self.options.named.iter().map(|(name, _)| name.as_str()).filter(|name| !known(name)).collect();
        let Some(first) = unknown.first() else { return };
        let list = unknown.iter().map(|name| format!("--{name}")).collect::<Vec<_>>().join(", ");
        let plural = if unknown.len() == 1 { "" } else { "s" };
        let message = format!("The script has no parameter{plural} {list}");
        let mut diagnostic = Diagnostic::error("unknown-parameter", Span::default(), message)
            .with_suggestion(first, self.parameters.iter().map(|parameter| parameter.name.as_str()));
        for parameter in &self.parameters {
            diagnostic = diagnostic.with_help(format!("It knows {}", parameter.line()));
        }
        self.report(diagnostic);
    }
}
