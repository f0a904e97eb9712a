//! What must hold for any text at all. The fuzz targets ask it of what they invent, a test of what they found before.

use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{analyze, check, syntax};

/// Nothing panics; a script that parses means the same in the layout of `tracedeck fmt`.
pub fn parser(data: &[u8]) {
    let Some(file) = source(data) else { return };
    let limits = syntax::Limits::default();
    let script = match syntax::parse(&file, &limits) {
        Ok(script) => script,
        Err(error) => return inside(&file, &error),
    };
    let text = syntax::print::format(&file, &script);
    if text.len() > limits.max_source_bytes {
        return;
    }
    let laid_out = SourceFile::new("fuzz", text.as_str());
    let again = match syntax::parse(&laid_out, &limits) {
        Ok(again) => again,
        Err(error) => panic!("{}", render(&laid_out, &error)),
    };
    assert_eq!(syntax::dump::dump(&again), syntax::dump::dump(&script), "{text}");
    assert_eq!(syntax::print::format(&laid_out, &again), text, "the layout of its own output");
}

/// Nothing panics, and a script without a program has an error.
pub fn sema(kernel: &FixtureKernel, data: &[u8]) {
    let Some(file) = source(data) else { return };
    let options = CompileOptions {
        has_child: true,
        allow_unsafe: true,
        positional: vec!["7".to_owned(), "text".to_owned()],
        ..CompileOptions::default()
    };
    let checked = check(&file, kernel, &options);
    checked.diagnostics.iter().for_each(|found| inside(&file, found));
    if let Err(found) = analyze(&file, kernel, &options) {
        assert!(found.iter().any(Diagnostic::is_error), "refused without an error");
    }
}

fn source(data: &[u8]) -> Option<SourceFile> {
    std::str::from_utf8(data).ok().map(|text| SourceFile::new("fuzz", text))
}

/// What is said points into the script and can be shown.
fn inside(file: &SourceFile, diagnostic: &Diagnostic) {
    let (start, end) = (diagnostic.span.start as usize, diagnostic.span.end as usize);
    assert!(file.text().get(start..end).is_some(), "{start}..{end}: {}", diagnostic.message);
    assert!(!render(file, diagnostic).is_empty());
}
