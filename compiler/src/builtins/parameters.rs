//! Named parameters of a script: `-- --name=value`.

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Expr, ExprKind};
use crate::sema::evidence::literal;
use crate::sema::parameters::{NamedParameter, Value};
use crate::sema::{CallSite, Typer, build, parse_number};
use crate::types::Type;

pub static GETOPT: Builtin = Builtin {
    name: "getopt",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    rules: Rules::NONE,
    signature: "getopt(name[, default[, help]])",
    doc: "The value of the parameter `--name=value` behind `--`. The default decides its type: bool, integer or string; \
          without one it is a flag.",
    example: r#"profile:hz:99 /getopt("all", false, "also the idle ones") || pid != 0/ { @[comm] = count(); }"#,
    analyze: Analysis::Call(getopt),
    lower: crate::codegen::unfinished,
};

fn getopt(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=3)?;
    let (name, name_span) = site.text(typer, 0)?;
    let name = String::from_utf8_lossy(&name).into_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(is_name) {
        let message = format!("'{name}' cannot be the name of a parameter: it has letters, digits, '-', '_' and '.'");
        return typer.error("argument-type", name_span, message);
    }
    let default = match site.arguments.len() {
        1 => Value::Bool(false),
        _ => default(typer, site)?,
    };
    let help = match site.arguments.len() {
        3 => Some(String::from_utf8_lossy(&site.text(typer, 2)?.0).into_owned()),
        _ => None,
    };
    let is_flag = site.arguments.len() == 1;
    let written = typer.options.named.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.clone());
    let value = match written {
        None => default.clone(),
        Some(text) => match read(&default, text.as_deref()) {
            Some(value) => value,
            None => {
                let expected = match &default {
                    Value::Bool(_) => "true or false",
                    Value::Signed(_) => "an integer",
                    Value::Unsigned(_) => "an integer that is not negative",
                    Value::Text(_) => "a text",
                };
                let given = text.map_or(String::new(), |text| format!(", not '{text}'"));
                let message = format!("The parameter --{name} needs {expected}{given}");
                return typer.error("parameter-value", site.span, message);
            }
        },
    };
    typer.named_parameter(NamedParameter { name, default, is_flag, help, span: site.span })?;
    let span = site.span;
    Some(match value {
        Value::Bool(value) => build::boolean(value, span),
        Value::Signed(value) => build::constant(value as u64, Type::INT64, span),
        Value::Unsigned(value) => build::constant(value, Type::UINT64, span),
        Value::Text(text) => {
            let capacity = typer.config.max_strlen;
            if text.len() >= capacity as usize {
                let message = format!("The text of this parameter does not fit {capacity} bytes");
                return typer.error("string-too-long", span, message);
            }
            build::cast(build::string(text.into_bytes(), span), Type::String { capacity })
        }
    })
}

/// The default, a literal.
fn default(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Value> {
    let value = site.value(typer, 1)?;
    // `(uint64)5` is a literal with a type.
    let number = match &value.kind {
        ExprKind::Cast(inner) => literal(inner),
        _ => literal(&value),
    };
    let found = match (&value.kind, &value.ty, number) {
        (ExprKind::Integer(bits), Type::Bool, _) => Some(Value::Bool(*bits != 0)),
        (ExprKind::String(text), ..) => Some(Value::Text(String::from_utf8_lossy(text).into_owned())),
        (_, Type::Int { signed: false, .. }, Some(number)) => u64::try_from(number).ok().map(Value::Unsigned),
        (_, _, Some(number)) => match i64::try_from(number) {
            Ok(number) => Some(Value::Signed(number)),
            Err(_) => u64::try_from(number).ok().map(Value::Unsigned),
        },
        _ => None,
    };
    match found {
        Some(found) => Some(found),
        None => {
            let message = "The default of a parameter must be a literal: a number, a string, true or false";
            typer.error("literal-required", value.span, message)
        }
    }
}

/// The text of a parameter as a value of its default's type.
fn read(default: &Value, text: Option<&str>) -> Option<Value> {
    match (default, text) {
        (Value::Bool(_), None) => Some(Value::Bool(true)),
        (Value::Bool(_), Some(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(Value::Bool(true)),
            "false" | "0" | "off" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        (Value::Signed(_), Some(text)) => i64::try_from(parse_number(text)?).ok().map(Value::Signed),
        (Value::Unsigned(_), Some(text)) => u64::try_from(parse_number(text)?).ok().map(Value::Unsigned),
        (Value::Text(_), Some(text)) => Some(Value::Text(text.to_owned())),
        (_, None) => None,
    }
}
