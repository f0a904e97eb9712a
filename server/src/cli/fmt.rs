//! `tracedeck fmt`: scripts in one layout, comments kept.

use std::ffi::OsString;
use std::io::Write;

use anyhow::{Context, Result, bail};
use clap::Args;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::syntax;

use super::check::with_deep_stack;
use super::{FAILURE, script};

#[derive(Debug, Args)]
#[command(
    long_about = "Lay scripts out: two spaces of indentation, a statement a line, one space around operators. Comments \
                  and single empty lines stay. A statement with a comment in its middle is left as it is. What a script \
                  means never changes: the result is parsed and compared before it is written.",
    after_help = "EXAMPLES:\n  \
                  tracedeck fmt script.bt                      prints it\n  \
                  tracedeck fmt --write *.bt                   rewrites the files\n  \
                  tracedeck fmt --check *.bt                   status 1 if one of them is laid out otherwise\n  \
                  tracedeck fmt -e 'begin{@=1}'"
)]
pub struct FmtArguments {
    /// The script's text
    #[arg(short = 'e', value_name = "PROGRAM", conflicts_with_all = ["write", "files"])]
    program: Option<String>,
    /// Rewrite the files
    #[arg(short, long)]
    write: bool,
    /// Only tell which files would change
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Scripts; `-` or none for the standard input
    #[arg(value_name = "FILE")]
    files: Vec<OsString>,
}

pub fn run(arguments: &FmtArguments) -> Result<u8> {
    if let Some(program) = &arguments.program {
        let source = SourceFile::new("stdin", program.as_str());
        return with_deep_stack(|| print(&source));
    }
    let standard_input = [OsString::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let mut code = 0;
    for file in files {
        let (source, _) = script::read(None, std::slice::from_ref(file))?;
        code = code.max(with_deep_stack(|| one(arguments, file, &source))?);
    }
    Ok(code)
}

/// Prints a script in the layout.
pub fn print(source: &SourceFile) -> Result<u8> {
    let Some(text) = formatted(source)? else { return Ok(FAILURE) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(0)
}

fn one(arguments: &FmtArguments, file: &OsString, source: &SourceFile) -> Result<u8> {
    let Some(text) = formatted(source)? else { return Ok(FAILURE) };
    let is_same = text == source.text();
    match (arguments.check, arguments.write) {
        (true, _) if is_same => {}
        (true, _) => {
            println!("{}", source.name());
            return Ok(FAILURE);
        }
        (_, true) if file == "-" => bail!("--write needs files: the standard input cannot be rewritten"),
        (_, true) if is_same => {}
        (_, true) => std::fs::write(file, text).with_context(|| format!("'{}' cannot be written", source.name()))?,
        _ => std::io::stdout().lock().write_all(text.as_bytes())?,
    }
    Ok(0)
}

/// The script's new text; None after telling what is wrong with it.
fn formatted(source: &SourceFile) -> Result<Option<String>> {
    match syntax::print::formatted(source, &syntax::Limits::default()) {
        Ok(Some(text)) => Ok(Some(text)),
        Ok(None) => bail!(
            "'{}' was left as it is: its new layout would mean something else. This is a mistake in tracedeck",
            source.name()
        ),
        Err(error) => {
            eprint!("{}", render(source, &error));
            Ok(None)
        }
    }
}
