//! Scripts that people meet first, in the documents and on the start page: they compile.

use tracedeck::examples;
use tracedeck_compiler::compile;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_tests::binary::source_path;
use tracedeck_tests::captured::{self, files, read};

use super::KERNEL;

/// A kernel with every tracepoint that a tool uses, and nothing else.
const TOOLS: &str = "linux-6.18-tools";

/// What is said about a script that does not compile.
fn refusal(kernel: &str, name: &str, script: &str) -> Option<String> {
    refusal_with(&CompileOptions::default(), kernel, name, script)
}

fn refusal_with(options: &CompileOptions, kernel: &str, name: &str, script: &str) -> Option<String> {
    let file = SourceFile::new(name, script);
    let errors = compile(&file, &captured::kernel(kernel), options).err()?;
    Some(errors.iter().map(|error| render(&file, error)).collect())
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Each on one of the known machines: the larger one has no locks, the other no functions of the kernel.
#[test]
fn the_tools_compile() {
    let refused = examples::by_subject().filter_map(|tool| {
        let mut options = tool.sample();
        // The one binary that the known machines have.
        let stand_in = |it: String| if it.starts_with("libc:") { "/bin/bash:readline".to_owned() } else { it };
        options.positional = options.positional.into_iter().map(stand_in).collect();
        refusal_with(&options, TOOLS, tool.id, tool.script)?;
        refusal_with(&options, KERNEL, tool.id, tool.script)
    });
    assert_none(&refused.collect::<Vec<_>>());
}

/// As the tools.
#[test]
fn the_scripts_of_the_course_compile() {
    let scripts = files(&source_path("../server/course"), "bt");
    assert!(scripts.len() >= 15, "only {} scripts", scripts.len());
    let refused = scripts.iter().filter_map(|path| {
        let (name, script) = (path.display().to_string(), read(path));
        refusal(TOOLS, &name, &script)?;
        refusal(KERNEL, &name, &script)
    });
    assert_none(&refused.collect::<Vec<_>>());
}

/// The scripts in README.md's shell blocks, which people type first.
#[test]
fn the_scripts_of_the_readme_compile() {
    let readme = read(&source_path("../README.md"));
    let scripts: Vec<&str> = readme
        .split("tracedeck run")
        .skip(1)
        .filter_map(|rest| rest.split("-e '").nth(1)?.split('\'').next())
        .collect();
    assert!(scripts.len() >= 5, "only {} scripts were found", scripts.len());
    assert_none(&scripts.iter().filter_map(|script| refusal(KERNEL, "README.md", script)).collect::<Vec<_>>());
}
