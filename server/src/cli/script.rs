//! Where a script comes from: a file, the standard input, the command line.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};

use anyhow::{Context, Result, anyhow, bail};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use super::arguments::{ScriptParameters, environment};
use super::sources::{self, FileSources};

/// Scripts longer than the compiler's own limit are not read to their end.
const MOST_BYTES: u64 = 16 << 20;

/// Reads a script and returns what is left of the arguments: the script's parameters.
///
/// `program` is the text of `-e`; without it the first argument is a file, or `-` for the standard input.
pub fn read<'a>(program: Option<&str>, arguments: &'a [OsString]) -> Result<(SourceFile, &'a [OsString])> {
    if let Some(program) = program {
        return Ok((SourceFile::new("stdin", program), arguments));
    }
    let Some((file, rest)) = arguments.split_first() else {
        bail!("there is no script: name a file, `-` for the standard input, or give its text with -e");
    };
    let (name, bytes) = if file == OsStr::new("-") {
        ("stdin".to_owned(), read_limited(io::stdin().lock()).context("the standard input cannot be read")?)
    } else {
        let name = file.to_string_lossy().into_owned();
        let opened = File::open(file).with_context(|| match name.contains('{') {
            true => format!("'{name}' cannot be opened; a script's text is given with -e"),
            false => format!("'{name}' cannot be opened"),
        })?;
        let bytes = read_limited(opened).with_context(|| format!("'{name}' cannot be read"))?;
        (name, bytes)
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        anyhow!("'{name}' is not UTF-8 text (line {})", line + 1)
    })?;
    Ok((SourceFile::new(name, text), rest))
}

/// Reads a script with what it imports, and the options for looking at it without running it. None when an import
/// failed, which has been told.
pub fn prepare(
    program: Option<&str>,
    arguments: &[OsString],
    allow_unsafe: bool,
) -> Result<Option<(SourceFile, CompileOptions)>> {
    let (source, rest) = read(program, arguments)?;
    let parameters = ScriptParameters::from_arguments(rest)?;
    let options = CompileOptions {
        positional: parameters.positional,
        named: parameters.named,
        allow_unsafe,
        environment: environment(std::env::vars_os()),
        ..CompileOptions::default()
    };
    let include_directories = sources::kernel_headers(&options.environment);
    match sources::load(source, &FileSources { include_directories, ..FileSources::default() }) {
        Ok(source) => Ok(Some((source, options))),
        Err(message) => {
            eprint!("{message}");
            Ok(None)
        }
    }
}

fn read_limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_program_leaves_all_arguments_to_it() {
        let arguments = [OsString::from("x")];
        let (source, rest) = read(Some("begin { }"), &arguments).expect("a script");
        assert_eq!((source.name(), source.text(), rest.len()), ("stdin", "begin { }", 1));
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let error = read(None, &[OsString::from("/nonexistent/x.bt")]).expect_err("no such file");
        assert!(format!("{error:#}").starts_with("'/nonexistent/x.bt' cannot be opened: No such file"), "{error:#}");
        let error = read(None, &[OsString::from("begin { }")]).expect_err("no such file");
        assert!(error.to_string().ends_with("a script's text is given with -e"), "{error:#}");
    }

    #[test]
    fn without_any_script_the_ways_to_give_one_are_told() {
        assert!(read(None, &[]).expect_err("no script").to_string().contains("-e"));
    }
}
