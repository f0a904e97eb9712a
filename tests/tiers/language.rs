//! Scripts through the compiler, without a kernel: what they become, and what is said about them.
//!
//! The cases stand in `tests/suite`. `UPDATE=1 cargo test -p tracedeck-tests --test language` writes the sections anew;
//! read the difference before you commit it.

use std::fmt::Write;

use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{Compiled, check, codegen, compile, syntax};
use tracedeck_tests::case::{Case, CaseFile};
use tracedeck_tests::machine::linux_6_18;

fn source(case: &Case) -> SourceFile {
    SourceFile::new("stdin", case.script.as_str())
}

/// What a terminal would show on standard error; empty when there is nothing to say.
fn says(file: &SourceFile, kernel: &FixtureKernel) -> String {
    check(file, kernel, &CompileOptions::default()).diagnostics.iter().map(|found| render(file, found)).collect()
}

/// What a section of this kind holds now.
fn actual(kind: &str, expected: &str, case: &Case, kernel: &FixtureKernel) -> String {
    let (file, options) = (source(case), CompileOptions::default());
    let mut text = String::new();
    match kind {
        "says" => text = says(&file, kernel),
        "tree" => match syntax::parse(&file, &syntax::Limits::default()) {
            Ok(script) => text = syntax::dump::dump(&script),
            Err(error) => text = render(&file, &error),
        },
        "maps" => {
            for map in check(&file, kernel, &options).maps {
                let key = map.key.map(|key| format!("[{key}]")).unwrap_or_default();
                let _ = writeln!(text, "{}{key}: {}", map.name, map.value);
            }
        }
        "probes" => {
            for probe in check(&file, kernel, &options).probes {
                let _ = writeln!(text, "{}", probe.name);
            }
        }
        // Lines that occur in the optimised IR, whatever stands around them.
        "ir has" | "ir lacks" => {
            let ir = match tracedeck_compiler::analyze(&file, kernel, &options) {
                Ok((program, _)) => codegen::dump(&program, kernel, &file, &options).map(|dump| dump.optimized),
                Err(errors) => Err(errors),
            };
            let ir = ir.unwrap_or_else(|errors| panic!("{}: {errors:?}", case.title));
            let wanted = kind == "ir has";
            let kept = expected.lines().filter(|line| ir.contains(line.trim()) == wanted);
            text = kept.map(|line| format!("{line}\n")).collect();
        }
        _ => panic!("{}: no section is called '{kind}'", case.title),
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[test]
fn cases_become_what_their_files_say() {
    let kernel = linux_6_18();
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for mut file in CaseFile::all() {
        let name = file.name();
        for case in &mut file.cases {
            let current = case.clone();
            for (kind, expected) in &mut case.sections {
                let found = actual(kind, expected, &current, &kernel);
                let same = found.trim_end() == expected.trim_end();
                if update && !kind.starts_with("ir ") {
                    *expected = format!("{found}\n");
                } else if !same {
                    let _ =
                        writeln!(wrong, "{name}: {}: {kind}\n--- expected\n{expected}--- found\n{found}", case.title);
                }
            }
        }
        if update {
            std::fs::write(&file.path, file.text()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A case that expects nothing to be said must not be refused later either.
#[test]
fn scripts_without_errors_compile_to_the_same_bytes_twice() {
    let kernel = linux_6_18();
    let mut compiled = 0;
    for file in CaseFile::all() {
        for case in &file.cases {
            let source = source(case);
            let checked = check(&source, &kernel, &CompileOptions::default());
            if checked.diagnostics.iter().any(|found| found.is_error()) {
                let expected = case.sections.iter().any(|(kind, text)| kind == "says" && text.contains("ERROR"));
                assert!(expected, "{}: {}: {}", file.name(), case.title, says(&source, &kernel));
                continue;
            }
            let once = || match compile(&source, &kernel, &CompileOptions::default()) {
                Ok((compiled, _)) => compiled,
                Err(errors) => panic!("{}: {}: {errors:?}", file.name(), case.title),
            };
            let (first, second) = (once(), once());
            assert!(!first.object.is_empty(), "{}: {}: no object", file.name(), case.title);
            assert_eq!(first.object, second.object, "{}: {}", file.name(), case.title);
            let manifest = |compiled: &Compiled| serde_json::to_string(&compiled.manifest).unwrap();
            assert_eq!(manifest(&first), manifest(&second), "{}: {}", file.name(), case.title);
            compiled += 1;
        }
    }
    assert!(compiled > 20, "only {compiled} cases compile");
}

#[test]
fn a_printed_script_reads_as_the_same_tree() {
    for file in CaseFile::all() {
        for case in &file.cases {
            let Ok(script) = syntax::parse(&source(case), &syntax::Limits::default()) else { continue };
            let printed = syntax::print::print(&script);
            let again = syntax::parse(&SourceFile::new("printed", printed.as_str()), &syntax::Limits::default());
            let again = again.unwrap_or_else(|error| panic!("{}: {}\n{printed}\n{error:?}", file.name(), case.title));
            assert_eq!(syntax::dump::dump(&again), syntax::dump::dump(&script), "{}: {}", file.name(), case.title);
        }
    }
}

#[test]
fn the_ready_scripts_of_the_start_page_compile() {
    let directory = tracedeck_tests::binary::source_path("../server/examples");
    let kernel = linux_6_18();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "bt") {
            continue;
        }
        let file = SourceFile::new(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        if let Err(errors) = compile(&file, &kernel, &CompileOptions::default()) {
            panic!("{}", errors.iter().map(|error| render(&file, error)).collect::<String>());
        }
        count += 1;
    }
    assert!(count >= 8, "only {count} scripts");
}

/// The scripts in README.md's shell blocks, which people type first.
#[test]
fn the_scripts_of_the_readme_compile() {
    let readme = std::fs::read_to_string(tracedeck_tests::binary::source_path("../README.md")).unwrap();
    let kernel = linux_6_18();
    let scripts: Vec<_> = readme
        .split("tracedeck run")
        .skip(1)
        .filter_map(|rest| rest.split("-e '").nth(1)?.split('\'').next())
        .collect();
    assert!(scripts.len() >= 5, "only {} scripts were found", scripts.len());
    for script in scripts {
        let file = SourceFile::new("README.md", script);
        if let Err(errors) = compile(&file, &kernel, &CompileOptions::default()) {
            panic!("{script}\n{}", errors.iter().map(|error| render(&file, error)).collect::<String>());
        }
    }
}
