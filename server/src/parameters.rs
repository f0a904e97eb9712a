//! What a script takes: `$1`, `$2`, … and what `getopt` reads, as fields of a form and lines of help.

use tracedeck_compiler::Checked;
use tracedeck_compiler::sema::parameters::{NamedParameter, Value};

use crate::examples::Parameter;
use crate::http::protocol::{ParameterKind, ScriptParameter};

/// The parameters of a script that was checked. `known` says what the positional ones are, where somebody does.
pub fn of_script(source: &str, checked: &Checked, known: &[Parameter]) -> Vec<ScriptParameter> {
    let positional = (1..=most_positional(source).max(known.len())).map(|number| match known.get(number - 1) {
        Some(parameter) => ScriptParameter {
            name: parameter.name.to_owned(),
            kind: ParameterKind::Positional,
            default: parameter.default.to_owned(),
            example: parameter.example.map(str::to_owned),
            doc: parameter.doc.to_owned(),
        },
        None => ScriptParameter {
            name: format!("${number}"),
            kind: ParameterKind::Positional,
            default: String::new(),
            example: None,
            doc: String::new(),
        },
    });
    positional.chain(checked.parameters.iter().map(named)).collect()
}

fn named(parameter: &NamedParameter) -> ScriptParameter {
    let (kind, default) = match &parameter.default {
        _ if parameter.is_flag => (ParameterKind::Flag, String::new()),
        Value::Bool(value) => (ParameterKind::Bool, value.to_string()),
        Value::Signed(value) => (ParameterKind::Number, value.to_string()),
        Value::Unsigned(value) => (ParameterKind::Number, value.to_string()),
        Value::Text(text) => (ParameterKind::Text, text.clone()),
    };
    let doc = parameter.help.clone().unwrap_or_default();
    ScriptParameter { name: parameter.name.clone(), kind, default, example: None, doc }
}

/// The largest number of a `$1` outside of comments and strings; at most 64, as a run takes no more.
fn most_positional(source: &str) -> usize {
    let bytes = source.as_bytes();
    let (mut at, mut most) = (0, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += match rest {
            [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => {
                rest.windows(2).skip(2).position(|pair| pair == b"*/").map_or(rest.len(), |end| end + 4)
            }
            [b'"', tail @ ..] => string_length(tail) + 1,
            [b'$', tail @ ..] => {
                let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = source[at + 1..=at + digits].parse::<usize>().unwrap_or(0);
                most = most.max(if number <= 64 { number } else { 0 });
                digits + 1
            }
            _ => 1,
        };
    }
    most
}

/// Bytes up to and with the quote that ends a string.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// How a parameter stands in a usage line, and what it is.
pub fn help_line(parameter: &ScriptParameter) -> (String, String) {
    let usage = match parameter.kind {
        ParameterKind::Positional => parameter.name.to_uppercase(),
        ParameterKind::Flag => format!("--{}", parameter.name),
        ParameterKind::Bool => format!("--{}=BOOL", parameter.name),
        ParameterKind::Number => format!("--{}=NUMBER", parameter.name),
        ParameterKind::Text => format!("--{}=TEXT", parameter.name),
    };
    let default = match (parameter.kind, parameter.default.as_str()) {
        _ if parameter.example.is_some() => format!(" (such as {})", parameter.example.as_deref().unwrap_or_default()),
        (ParameterKind::Flag, _) | (_, "") => String::new(),
        (_, default) => format!(" (default: {default})"),
    };
    (usage, format!("{}{default}", parameter.doc))
}

#[cfg(test)]
mod tests {
    use super::most_positional;

    #[test]
    fn positional_parameters_are_found_where_they_mean_something() {
        assert_eq!(most_positional("begin { printf(\"%d $9\", $2) } // $3\n/* $4 */ end { print($1) }"), 2);
        assert_eq!(most_positional("uprobe:$1:main { $x = 1; $12 }"), 12);
        for text in ["", "$", "\"open $3", "/* $3", "\"\\", "$99999999999999999999", "/*/ $1"] {
            assert_eq!(most_positional(text), 0, "{text}");
        }
    }
}
