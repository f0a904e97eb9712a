//! The source tree keeps its rules: small files that say what they are for, documents that tell the truth.

use std::path::{Path, PathBuf};

/// Lines of one source file.
const LINE_LIMIT: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository").to_owned()
}

/// Files below a directory of the repository with one of these endings, without what is generated or installed.
fn files(directory: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | "dist" | ".git") {
                    open.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) && !name.contains(".gen.") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<PathBuf> {
    let found: Vec<_> =
        ["compiler", "server", "tests", "xtask"].iter().flat_map(|part| files(part, &[".rs"])).collect();
    assert!(found.len() > 50, "the source tree was not found");
    found
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[track_caller]
fn assert_none(what: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what}:\n{}", offenders.join("\n"));
}

#[test]
fn every_rust_file_opens_with_what_it_is_for() {
    let silent: Vec<_> =
        rust_files().iter().filter(|path| !text(path).starts_with("//!")).map(|path| shown(path)).collect();
    assert_none("files that do not start with `//!`", &silent);
}

#[test]
fn no_source_file_is_too_long_to_hold_in_mind() {
    let page = files("frontend/src", &[".ts", ".svelte"]).into_iter().chain(files("static", &[".css"]));
    let long: Vec<_> = rust_files()
        .into_iter()
        .chain(page)
        .filter_map(|path| {
            let lines = text(&path).lines().count();
            (lines > LINE_LIMIT).then(|| format!("{}: {lines} lines", shown(&path)))
        })
        .collect();
    assert_none("files over the limit", &long);
}

/// The part of a file that ships: what stands before its tests.
fn shipped(source: &str) -> &str {
    &source[..source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len())]
}

/// Whether a file holds tests only: named so, or included by its parent under `cfg(test)`.
fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if stem == "tests" || path.components().any(|part| part.as_os_str() == "tests") {
        return true;
    }
    let parent = path.parent().map(|parent| parent.with_extension("rs"));
    let siblings = parent.and_then(|parent| std::fs::read_to_string(parent).ok()).unwrap_or_default();
    siblings.contains(&format!("#[cfg(test)]\nmod {stem};"))
        || siblings.contains(&format!("#[cfg(test)]\npub mod {stem};"))
}

#[test]
fn nothing_that_ships_unwraps() {
    let mut found = Vec::new();
    for path in files("compiler/src", &[".rs"]).into_iter().chain(files("server/src", &[".rs"])) {
        if is_test_file(&path) {
            continue;
        }
        let source = text(&path);
        for (number, line) in shipped(&source).lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//")
                && (code.contains(".unwrap()") || code.contains("todo!(") || code.contains("unimplemented!("))
            {
                found.push(format!("{}:{}: {code}", shown(&path), number + 1));
            }
        }
    }
    assert_none("unwraps and unfinished code", &found);
}

/// Words in backticks of a document that look like paths of this repository.
fn named_paths(document: &str) -> Vec<String> {
    let quoted = document.split('`').skip(1).step_by(2);
    let tops = ["compiler/", "server/", "frontend/", "static/", "tests/", "xtask/", "docs/", ".ci/", ".cargo/"];
    quoted
        .filter(|word| tops.iter().any(|top| word.starts_with(top)))
        .filter(|word| !word.contains([' ', '*', '<']) && !word.contains("NAME") && !word.contains("TOPIC"))
        .map(|word| word.trim_end_matches('/').to_owned())
        .collect()
}

/// The code map of ARCHITECTURE.md is a block of `PATH   what it is`, indented below directories.
fn mapped_paths(document: &str) -> Vec<String> {
    let Some(start) = document.find("```text\n") else { return Vec::new() };
    let block = &document[start + 8..];
    let block = &block[..block.find("```").unwrap_or(block.len())];
    let mut directories: Vec<(usize, String)> = Vec::new();
    let mut paths = Vec::new();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = line.split_whitespace().next() else { continue };
        directories.retain(|(depth, _)| *depth < indent);
        let base = directories.last().map_or(String::new(), |(_, path)| path.clone());
        let path = format!("{base}{name}");
        if name.ends_with('/') {
            directories.push((indent, path.clone()));
        }
        paths.push(path.trim_end_matches('/').to_owned());
    }
    paths
}

#[test]
fn the_code_map_names_only_what_exists() {
    let document = text(&root().join("ARCHITECTURE.md"));
    let mapped = mapped_paths(&document);
    assert!(mapped.len() > 40, "ARCHITECTURE.md has no code map");
    let missing: Vec<_> =
        mapped.into_iter().chain(named_paths(&document)).filter(|path| !root().join(path).exists()).collect();
    assert_none("paths in ARCHITECTURE.md that do not exist", &missing);
}

#[test]
fn the_code_map_leaves_no_module_out() {
    let document = text(&root().join("ARCHITECTURE.md"));
    let mapped = mapped_paths(&document);
    // `kernel.rs` and the folder `kernel` beside it are one module.
    let module = |path: &str| path.trim_end_matches(".rs").to_owned();
    let is_mapped = |path: &Path| mapped.iter().any(|known| module(known) == module(&shown(path)));
    let missing: Vec<_> = ["compiler/src", "server/src"]
        .iter()
        .flat_map(|top| std::fs::read_dir(root().join(top)).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| !is_mapped(path))
        .map(|path| shown(&path))
        .collect();
    assert_none("modules that ARCHITECTURE.md does not mention", &missing);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let document = text(&root().join(name));
        let links = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = document
            .split("src")
            .skip(1)
            .filter_map(|rest| rest.trim_start_matches("set").strip_prefix("=\"")?.split('"').next());
        for target in links.chain(pictures) {
            let path = target.split('#').next().unwrap_or(target);
            if !path.is_empty() && !path.contains("://") && !root().join(path).exists() {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert_none("links to files that do not exist", &broken);
}

#[test]
fn no_document_or_source_names_a_private_path() {
    // Written in two parts, or this file would find itself.
    let private = [concat!("/wo", "rk/"), concat!("/ro", "ot/.cargo")];
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name));
    let page = files("frontend/src", &[".ts", ".svelte"]);
    let found: Vec<_> = documents
        .into_iter()
        .chain(rust_files())
        .chain(page)
        .filter(|path| private.iter().any(|word| text(path).contains(word)))
        .map(|path| shown(&path))
        .collect();
    assert_none("files that name a directory of somebody's machine", &found);
}

#[test]
fn the_map_is_read_with_its_indentation() {
    let document =
        "x\n```text\na/          top\n  b.rs      one\n  c/        two\n    d.rs    three\ne.toml      four\n```\n";
    assert_eq!(mapped_paths(document), ["a", "a/b.rs", "a/c", "a/c/d.rs", "e.toml"]);
}
