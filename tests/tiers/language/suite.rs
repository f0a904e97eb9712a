//! Every case of `tests/suite`: its diagnostics, its stages, and an object that agrees with its manifest.

use std::collections::HashMap;
use std::sync::OnceLock;

use tracedeck_compiler::diagnostic::Diagnostic;
use tracedeck_compiler::hir::dump;
use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::{Compiled, analyze, check, compile, syntax};
use tracedeck_tests::case::{self, Case};
use tracedeck_tests::{captured, golden, manifest_text};

use super::{KERNEL, object};

/// A case and what the compiler says about it.
pub struct Outcome {
    pub case: Case,
    options: CompileOptions,
    kernel: FixtureKernel,
    pub diagnostics: Vec<Diagnostic>,
    pub compiled: Option<Compiled>,
}

/// Every case, compiled once for all tests.
pub fn outcomes() -> &'static [Outcome] {
    static OUTCOMES: OnceLock<Vec<Outcome>> = OnceLock::new();
    OUTCOMES.get_or_init(|| {
        let kernel = captured::kernel(KERNEL);
        case::all().into_iter().map(|case| outcome(case, kernel.clone())).collect()
    })
}

fn outcome(case: Case, kernel: FixtureKernel) -> Outcome {
    let (options, kernel) = case.setting(kernel);
    let (compiled, diagnostics) = match compile(&case.source(), &kernel, &options) {
        Ok((compiled, warnings)) => (Some(compiled), warnings),
        Err(diagnostics) => (None, diagnostics),
    };
    Outcome { case, options, kernel, diagnostics, compiled }
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_script_is_told_what_its_case_expects() {
    let mut problems: Vec<String> = outcomes().iter().filter_map(|it| it.case.compare(&it.diagnostics).err()).collect();
    if golden::is_update() && !problems.is_empty() {
        let said: HashMap<&str, &Outcome> = outcomes().iter().map(|it| (it.case.name.as_str(), it)).collect();
        for path in captured::files(&captured::home().join("suite"), "bt") {
            let text = captured::read(&path);
            let updated = case::rewrite(&case::stem(&path), &text, &|name| {
                said.get(name).map(|it| it.diagnostics.clone()).unwrap_or_default()
            });
            if updated != text {
                std::fs::write(&path, updated).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
        }
        problems.push("the expectations were written anew: read them".to_owned());
    }
    assert_none(&problems);
}

#[test]
fn a_script_compiles_exactly_if_no_error_is_expected() {
    let wrong = |it: &&Outcome| it.compiled.is_some() == it.case.expects_errors();
    assert_none(&outcomes().iter().filter(wrong).map(|it| it.case.name.clone()).collect::<Vec<_>>());
}

#[test]
fn checking_says_what_compiling_says_up_to_code_generation() {
    let differs = |it: &&Outcome| {
        let checked = check(&it.case.source(), &it.kernel, &it.options).diagnostics;
        !it.diagnostics.starts_with(&checked)
    };
    assert_none(&outcomes().iter().filter(differs).map(|it| it.case.name.clone()).collect::<Vec<_>>());
}

#[test]
fn every_object_agrees_with_its_manifest() {
    let disagreement = |it: &Outcome| {
        let problems = object::disagreements(it.compiled.as_ref()?);
        (!problems.is_empty()).then(|| format!("{}: {}", it.case.name, problems.join("; ")))
    };
    assert_none(&outcomes().iter().filter_map(disagreement).collect::<Vec<_>>());
}

#[test]
fn a_script_compiles_to_the_same_bytes_every_time() {
    let plain = |compiled: &Compiled| (compiled.objects.clone(), serde_json::to_string(&compiled.manifest).ok());
    let differs = |it: &&Outcome| {
        let again = compile(&it.case.source(), &it.kernel, &it.options).ok().map(|(compiled, _)| plain(&compiled));
        again != it.compiled.as_ref().map(plain)
    };
    assert_none(&outcomes().iter().filter(differs).map(|it| it.case.name.clone()).collect::<Vec<_>>());
}

#[test]
fn a_printed_script_means_the_same() {
    let typed = |it: &Outcome, text: String| {
        analyze(&SourceFile::new("printed", text), &it.kernel, &it.options).map(|(program, _)| dump::dump(&program))
    };
    let difference = |it: &Outcome| {
        let Ok(before) = typed(it, it.case.script.clone()) else { return None };
        let script = syntax::parse(&it.case.source(), &syntax::Limits::default()).ok()?;
        let printed = syntax::print::print(&script);
        match typed(it, printed.clone()) {
            Ok(after) if after == before => None,
            Ok(_) => Some(format!("{}: means something else as\n{printed}", it.case.name)),
            Err(errors) => Some(format!("{}: {}\n{printed}", it.case.name, errors[0].message)),
        }
    };
    assert_none(&outcomes().iter().filter_map(difference).collect::<Vec<_>>());
}

#[test]
fn a_formatted_script_is_the_same_script_and_formatting_it_again_changes_nothing() {
    let format = |text: &str| {
        let file = SourceFile::new("formatted", text);
        let script = syntax::parse(&file, &syntax::Limits::default()).ok()?;
        Some((syntax::print::format(&file, &script), syntax::dump::dump(&script)))
    };
    let difference = |it: &Outcome| {
        let (once, tree) = format(&it.case.script)?;
        match format(&once) {
            Some((twice, tree_again)) if twice == once && tree_again == tree => None,
            Some((twice, _)) => Some(format!("{}:\n{once}\nthen\n{twice}", it.case.name)),
            None => Some(format!("{}: cannot be read as\n{once}", it.case.name)),
        }
    };
    assert_none(&outcomes().iter().filter_map(difference).collect::<Vec<_>>());
}

#[test]
fn the_text_of_every_stage_is_the_golden_one() {
    let mut problems = Vec::new();
    let mut known = std::collections::HashSet::new();
    for it in outcomes() {
        for stage in &it.case.stages {
            known.insert(golden::path(stage, &it.case.name));
            let compared = text(it, stage).and_then(|text| golden::compare(stage, &it.case.name, &text));
            problems.extend(compared.err());
        }
    }
    for stage in ["ast", "hir", "probes", "manifest", "ir"] {
        for path in captured::files(&captured::home().join("golden").join(stage), "txt") {
            if !known.contains(&path) {
                problems.push(format!("{}: no case has this golden file; remove it", path.display()));
            }
        }
    }
    assert_none(&problems);
}

fn text(it: &Outcome, stage: &str) -> Result<String, String> {
    let failed = |errors: Vec<Diagnostic>| {
        format!("{}: {}", it.case.name, errors.first().map_or("?", |error| error.message.as_str()))
    };
    let source = it.case.source();
    match stage {
        "ast" => syntax::parse(&source, &syntax::Limits::default())
            .map(|script| syntax::dump::dump(&script))
            .map_err(|error| failed(vec![error])),
        "hir" => analyze(&source, &it.kernel, &it.options).map(|(program, _)| dump::dump(&program)).map_err(failed),
        "probes" => {
            let probes = check(&source, &it.kernel, &it.options).probes;
            Ok(probes.iter().map(|probe| format!("{}\n", probe.name)).collect())
        }
        "manifest" => it
            .compiled
            .as_ref()
            .map(|it| manifest_text::text(&it.manifest))
            .ok_or_else(|| failed(it.diagnostics.clone())),
        "ir" => tracedeck_compiler::dump(&source, &it.kernel, &it.options)
            .map(|dump| instructions(&dump.optimized))
            .map_err(failed),
        other => Err(format!("{}: unknown stage: {other}", it.case.name)),
    }
}

/// What an event may cost: instructions that must be there, or not.
#[test]
fn the_optimised_program_has_and_lacks_what_its_case_says() {
    let mut looked_at = 0;
    let mut problems = Vec::new();
    for it in outcomes() {
        for directive in &it.case.directives {
            let (has, wanted) = match directive.split_once(' ') {
                Some(("ir-has", text)) => (true, text),
                Some(("ir-lacks", text)) => (false, text),
                _ => continue,
            };
            looked_at += 1;
            match text(it, "ir") {
                Ok(ir) if ir.contains(wanted) == has => {}
                Ok(_) => problems.push(format!("{}: {directive}", it.case.name)),
                Err(error) => problems.push(error),
            }
        }
    }
    assert!(looked_at > 0, "no case says anything about its program");
    assert_none(&problems);
}

/// The functions of a module, without debug information: what the program does.
fn instructions(module: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in module.lines() {
        inside |= line.starts_with("define ");
        if inside && !line.trim_start().starts_with("#dbg_") && !line.contains("@llvm.dbg.") {
            let line = line.split(", !").next().unwrap_or(line).split(" !dbg").next().unwrap_or(line);
            out.push_str(line);
            if line.ends_with('{') || !line.is_empty() {
                out.push('\n');
            }
        }
        inside &= line != "}";
    }
    out
}
