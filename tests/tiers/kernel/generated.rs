//! Random scripts: each passes sema, so the kernel must take it, and it must print what the language says.

use tracedeck::host::LiveKernel;
use tracedeck::live::verify_load;
use tracedeck_compiler::compile;
use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_tests::binary::run;
use tracedeck_tests::{generate, require_tracing, target};

/// Statements of one script.
const STATEMENTS: usize = 14;

/// How a script failed, if it did.
fn failure(seed: u64) -> Option<String> {
    let script = generate::script(seed, STATEMENTS);
    let run = run(&["-q", "-e", &script.text]);
    // Every run ends with two newlines.
    let printed: Vec<&str> = run.stdout.strip_suffix("\n\n").unwrap_or(&run.stdout).lines().collect();
    let expected: Vec<&str> = script.lines.iter().map(String::as_str).collect();
    if run.code == Some(0) && printed == expected {
        return None;
    }
    let differs = (0..expected.len().max(printed.len())).find(|at| expected.get(*at) != printed.get(*at));
    let difference =
        differs.map(|at| format!("line {at}: expected {:?}, got {:?}\n", expected.get(at), printed.get(at)));
    Some(format!("seed {seed}\n{}{}{}", script.text, difference.unwrap_or_default(), run.stderr))
}

#[test]
fn random_scripts_load_and_print_what_the_language_says() {
    require_tracing!();
    // More of them while something is looked for: TRACEDECK_SEEDS=1000-1500.
    let (first, last) = seeds("TRACEDECK_SEEDS").unwrap_or((1, 24));
    let failures: Vec<String> = (first..=last).filter_map(failure).collect();
    assert!(failures.is_empty(), "{} scripts\n{}", failures.len(), failures.join("\n\n"));
}

/// How a script of several probes failed, if it did: one that is accepted must compile and the kernel must take it.
fn refusal(seed: u64) -> Option<String> {
    let text = generate::program(seed, &target::target().display().to_string());
    let source = SourceFile::new("generated", text.as_str());
    let told = |diagnostics: &[Diagnostic]| {
        let shown: String =
            diagnostics.iter().filter(|it| it.is_error()).map(|diagnostic| render(&source, diagnostic)).collect();
        Some(format!("seed {seed}\n{text}{shown}"))
    };
    // A panic is told with the script that caused it.
    let kernel = LiveKernel::shared();
    let compiled = std::panic::catch_unwind(|| compile(&source, kernel.as_ref(), &CompileOptions::default()));
    match compiled {
        Err(_) => Some(format!("seed {seed} panics\n{text}")),
        Ok(Err(diagnostics)) if diagnostics.iter().any(|it| PREDICTED.contains(&it.code)) => None,
        Ok(Err(diagnostics)) => told(&diagnostics),
        Ok(Ok((compiled, _))) => verify_load(&compiled).err().map(|refused| format!("seed {seed}\n{text}{refused}")),
    }
}

/// Limits of the target that are told before loading.
const PREDICTED: &[&str] = &["stack-too-large", "key-too-large"];

#[test]
fn random_programs_of_all_kinds_of_probes_load() {
    require_tracing!();
    // `cargo xtask fuzz programs` asks for more: TRACEDECK_PROGRAMS=1-10000.
    let (first, last) = seeds("TRACEDECK_PROGRAMS").unwrap_or((1, 40));
    let mut failures = Vec::new();
    for seed in first..=last {
        if let Some(failure) = refusal(seed) {
            eprintln!("    {failure}");
            failures.push(failure);
        }
        if seed % 1000 == 0 {
            eprintln!("    {seed} programs, {} failures", failures.len());
        }
    }
    assert!(failures.is_empty(), "{} programs\n{}", failures.len(), failures.join("\n\n"));
}

/// A range of seeds in the environment.
fn seeds(name: &str) -> Option<(u64, u64)> {
    let text = std::env::var(name).ok()?;
    let (first, last) = text.split_once('-').expect("FIRST-LAST");
    Some((first.parse().expect("a seed"), last.parse().expect("a seed")))
}
