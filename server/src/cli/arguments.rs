//! What stands behind a script on the command line: its parameters; and the environment that configures it.

use std::ffi::OsString;

use anyhow::{Result, anyhow};

/// Set to 1, scripts are always compiled anew, as with `--no-cache`; a server hands it on to its workers.
const NO_CACHE: &str = "TRACEDECK_NO_CACHE";

/// The parameters of a script: `$1`, … and those that `getopt` reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScriptParameters {
    pub positional: Vec<String>,
    /// `--name=value`, `--flag`
    pub named: Vec<(String, Option<String>)>,
}

impl ScriptParameters {
    /// Sorts arguments; named ones begin with `--`, a bare `--` only separates.
    pub fn from_arguments(arguments: &[OsString]) -> Result<Self> {
        let mut parameters = Self::default();
        for argument in arguments {
            let text = argument
                .to_str()
                .ok_or_else(|| anyhow!("the parameter '{}' is not UTF-8", argument.to_string_lossy()))?;
            match text.strip_prefix("--") {
                Some("") => {}
                Some(named) => parameters.named.push(match named.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (named.to_owned(), None),
                }),
                None => parameters.positional.push(text.to_owned()),
            }
        }
        Ok(parameters)
    }
}

/// The `BPFTRACE_*` variables, which win over a script's config block.
pub fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("BPFTRACE_"))
        .collect();
    found.sort();
    found
}

/// Whether the environment forbids the cache of compiled scripts.
pub fn no_cache() -> bool {
    std::env::var_os(NO_CACHE).is_some_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(texts: &[&str]) -> Vec<OsString> {
        texts.iter().map(OsString::from).collect()
    }

    #[test]
    fn named_and_positional_parameters_may_be_mixed() {
        let parameters = ScriptParameters::from_arguments(&os(&["a", "--", "-5", "--hz=99", "b", "--fast", "--x="]));
        assert_eq!(
            parameters.expect("UTF-8"),
            ScriptParameters {
                positional: vec!["a".into(), "-5".into(), "b".into()],
                named: vec![("hz".into(), Some("99".into())), ("fast".into(), None), ("x".into(), Some(String::new())),],
            }
        );
    }

    #[test]
    fn only_our_variables_are_collected() {
        let variables = [("PATH", "/bin"), ("BPFTRACE_MAX_STRLEN", "64"), ("BPFTRACE_COLOR", "never")];
        let found = environment(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(found, [("BPFTRACE_COLOR".into(), "never".into()), ("BPFTRACE_MAX_STRLEN".into(), "64".into())]);
    }
}
