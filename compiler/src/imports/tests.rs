//! Scripts of several files, from a directory that exists in the test only.

use std::collections::BTreeMap;

use super::*;
use crate::options::CompileOptions;
use crate::sema::tests::kernel;

/// Files by path; a directory is what its files begin with.
struct Files(BTreeMap<&'static str, &'static str>);

impl Sources for Files {
    fn import(&self, path: &str, _: &str) -> Result<Vec<Found>, String> {
        let inside = format!("{path}/");
        let found: Vec<Found> = self
            .0
            .iter()
            .filter(|(name, _)| **name == path || name.starts_with(&inside))
            .map(|(name, text)| found(name, text))
            .collect();
        if found.is_empty() { Err(format!("There is no file '{path}'")) } else { Ok(found) }
    }

    fn include(&self, path: &str, _: bool, _: &str) -> Result<Option<Found>, String> {
        Ok(self.0.get(path).map(|text| found(path, text)))
    }
}

fn found(name: &str, text: &str) -> Found {
    let kind = if name.ends_with(".h") { PartKind::Header } else { PartKind::Script };
    Found { identity: name.to_owned(), part: Part { name: name.to_owned(), kind, text: text.to_owned() } }
}

fn loaded(main: &str, files: &[(&'static str, &'static str)]) -> SourceFile {
    let files = Files(files.iter().copied().collect());
    match load(SourceFile::new("main.bt", main), &files, &Limits::default()) {
        Ok(file) => file,
        Err(failure) => panic!("{:?}", failure.1),
    }
}

fn failure(main: &str, files: &[(&'static str, &'static str)]) -> String {
    let files = Files(files.iter().copied().collect());
    match load(SourceFile::new("main.bt", main), &files, &Limits::default()) {
        Ok(file) => panic!("{file:?}"),
        Err(failure) => {
            let (file, diagnostic) = *failure;
            format!("{}: {}: {}", file.name(), file.slice(diagnostic.span), diagnostic.message)
        }
    }
}

fn messages(file: &SourceFile) -> Vec<String> {
    crate::check(file, &kernel(), &CompileOptions::default())
        .diagnostics
        .iter()
        .map(|it| {
            let place = file.position(it.span.start);
            format!("{}:{}:{} {}", file.name_at(it.span.start), place.line, place.column, it.message)
        })
        .collect()
}

#[test]
fn macros_probes_and_maps_of_imported_files_are_the_scripts_own() {
    let file = loaded(
        "import \"lib.bt\"; begin { print(us(5000)); @m[1] = 2; }",
        &[("lib.bt", "let @m = lruhash(7); macro us(n) { n / 1000 } begin { print(\"first\"); }")],
    );
    let (program, warnings) = crate::analyze(&file, &kernel(), &CompileOptions::default()).expect("a script");
    assert!(warnings.is_empty(), "{warnings:?}");
    let text = crate::hir::dump::dump(&program);
    assert!(text.starts_with("map @m[int8]: int8 x7 lru\nbegin {\n  print(\"first\""), "{text}");
    assert!(text.contains("print((5000:int16 / 1000") || text.contains("print(5:int8"), "{text}");
}

#[test]
fn each_file_is_loaded_once_and_before_those_that_import_it() {
    let file = loaded(
        "import \"a.bt\"; import \"b.bt\"; begin { }",
        &[("a.bt", "import \"b.bt\"; macro a() { b }"), ("b.bt", "import \"a.bt\"; macro b() { 1 }")],
    );
    let names: Vec<&str> = file.texts().map(|it| it.0).collect();
    assert_eq!(names, ["b.bt", "a.bt", "main.bt"]);
}

#[test]
fn a_directory_is_all_its_files() {
    let file = loaded(
        "import \"lib\"; begin { print(one + two); $p = (struct pair *)0; print($p.left); }",
        &[
            ("lib/one.bt", "macro one() { 1 }"),
            ("lib/two.bt", "macro two() { 2 }"),
            ("lib/pair.h", "struct pair { int left; int right; };"),
        ],
    );
    assert_eq!(messages(&file), Vec::<String>::new());
}

#[test]
fn mistakes_in_an_imported_file_name_that_file() {
    let file = loaded("import \"lib.bt\"; begin { bad(1); }", &[("lib.bt", "macro bad(x) {\n  print(nothing);\n}")]);
    assert_eq!(messages(&file), ["lib.bt:2:9 Unknown identifier: 'nothing'"]);
    let file = loaded("import \"lib.bt\"; begin { }", &[("lib.bt", "\nbegin {")]);
    assert!(messages(&file)[0].starts_with("lib.bt:2:"), "{:?}", messages(&file));
    let file = loaded("import \"lib.bt\"; begin { }", &[("lib.bt", "config = { max_strlen = 9 } begin { }")]);
    assert!(messages(&file)[0].contains("cannot have a config block"), "{:?}", messages(&file));
}

#[test]
fn what_is_not_there_is_told_where_it_is_imported() {
    assert_eq!(
        failure("import \"nope.bt\"; begin { }", &[]),
        "main.bt: import \"nope.bt\";: There is no file 'nope.bt'"
    );
    assert_eq!(
        failure("import \"a.bt\"; begin { }", &[("a.bt", "import \"b.bt\"; macro a() { 1 }")]),
        "a.bt: import \"b.bt\";: There is no file 'b.bt'"
    );
}

#[test]
fn a_script_of_imports_only_has_the_probes_of_its_files() {
    let file = loaded("import \"a.bt\";", &[("a.bt", "begin { print(1); }")]);
    assert_eq!(messages(&file), Vec::<String>::new());
}

#[test]
fn without_anybody_who_gives_files_imports_are_refused() {
    let file = SourceFile::new("script.bt", "import \"/etc/passwd\"; begin { }");
    assert_eq!(messages(&file), ["script.bt:1:1 A script here cannot import files"]);
}

#[test]
fn includes_are_found_in_any_spelling() {
    assert_eq!(include_of("  #  include <linux/sched.h> // x"), Some(("linux/sched.h", false)));
    assert_eq!(include_of("#include \"a b.h\""), Some(("a b.h", true)));
    assert_eq!(include_of("#include \"open"), None);
    assert_eq!(includes("x\n#include <a.h>\ny").first().map(|it| it.0), Some(Span::new(2, 16)));
}
