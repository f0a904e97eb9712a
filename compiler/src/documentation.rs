//! The language as a document, made from the tables that the compiler itself reads.

use std::fmt::Write as _;

use crate::builtins::{self, Builtin, Kind, Timing};
use crate::probes::ProbeKind;
use crate::sema::config;
use crate::{aggregations, probes};

pub mod constructs;
pub mod probe_types;
pub mod settings;

/// A command line option: how it is written, what it does, and a command that uses it.
pub type CommandOption = (String, String, String);

/// The whole document, in Markdown. The command's options come from whoever parses them.
pub fn language(options: &[CommandOption]) -> String {
    let mut out = String::from(
        "# The language\n\n\
         Scripts are those of bpftrace 0.26; what is different on purpose is in [differences.md](differences.md).\n\
         This file is generated from the compiler's tables by `cargo xtask codegen`, and a test compiles every example\n\
         in it.\n",
    );
    constructs_of(&mut out);
    out.push_str("\n## Probes\n");
    probes::ALL.iter().for_each(|kind| probe(&mut out, kind));
    out.push_str("\n## Values\n\nA value may also be written as a call: `pid` and `pid()` are the same.\n");
    builtins_of(&mut out, Kind::Value);
    out.push_str("\n## Functions\n");
    builtins_of(&mut out, Kind::Function);
    out.push_str(
        "\n## Aggregations\n\nThe right side of an assignment to a map. Every processor has a cell of its own, and they are \
         added up when\nthe map is read.\n",
    );
    for it in aggregations::ALL {
        let _ = write!(out, "\n### {}\n\n`@map = {}`\n\n{}\n", it.name, it.signature, it.doc);
        example(&mut out, it.example);
    }
    settings_of(&mut out);
    out.push_str(
        "\nOnly the environment sets `BPFTRACE_BTF`, the file with the kernel's types, and `BPFTRACE_COLOR`: `always`, `never`, \
         `auto`.\n",
    );
    out.push_str("\n## Options of `tracedeck run`\n\n| option | effect | example |\n|---|---|---|\n");
    for (option, doc, example) in options {
        let _ = writeln!(out, "| `{}` | {} | `{}` |", cell(option), cell(doc), cell(example));
    }
    out
}

fn constructs_of(out: &mut String) {
    let mut group = "";
    for it in constructs::ALL {
        if it.group != group {
            group = it.group;
            let _ = writeln!(out, "\n## {group}");
        }
        let _ = write!(out, "\n### `{}`\n\n{}\n", it.syntax, it.doc);
        example(out, it.example);
    }
}

fn probe(out: &mut String, kind: &ProbeKind) {
    let _ = write!(out, "\n### {}\n\n`{}`", kind.name, kind.syntax);
    if !kind.aliases.is_empty() {
        let aliases: Vec<String> = kind.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = write!(out, ", also {}", aliases.join(", "));
    }
    let _ = write!(out, "\n\n{} Since Linux {}.", kind.doc, kind.since);
    out.push('\n');
    example(out, &format!("{} {{ @ = count(); }}", kind.example));
}

fn builtins_of(out: &mut String, kind: Kind) {
    for it in builtins::ALL.iter().filter(|it| it.kind == kind) {
        let _ = write!(out, "\n### {}\n\n`{}`\n\n{}{}\n", it.name, it.signature, it.doc, remarks(it));
        example(out, it.example);
    }
}

/// When a builtin works, where, and with which permission, as far as that is not plain.
fn remarks(builtin: &Builtin) -> String {
    let mut remarks = String::new();
    match builtin.timing {
        Timing::Kernel => {}
        Timing::Asynchronous => remarks.push_str(" *Asynchronous: user space does it a moment later.*"),
        Timing::CompileTime => remarks.push_str(" *Known when the script is compiled.*"),
    }
    if builtin.rules.needs_unsafe {
        remarks.push_str(" *Needs `--unsafe`.*");
    }
    if !builtin.rules.probes.is_empty() {
        let _ = write!(remarks, " *Only in {} probes.*", builtin.rules.probes.join(", "));
    }
    remarks
}

fn settings_of(out: &mut String) {
    out.push_str(
        "\n## Settings\n\nKeys of the `config` block; `BPFTRACE_` and the key in capitals is the environment variable that \
         wins over it.\n\n| key | values | effect | example |\n|---|---|---|---|\n",
    );
    for (name, values) in config::keys() {
        let (doc, value) = setting(name);
        let example = format!("{name} = {value}");
        let _ = writeln!(out, "| `{name}` | {} | {} | `{}` |", cell(&values), cell(doc), cell(&example));
    }
}

/// What a key does, and a value for it.
fn setting(name: &str) -> (&'static str, &'static str) {
    let known = settings::ALL.iter().find(|(known, ..)| *known == name);
    known.map_or(("Accepted; nothing to choose here.", "1"), |(_, doc, value)| (doc, value))
}

fn example(out: &mut String, script: &str) {
    let _ = write!(out, "\n```bpftrace\n{script}\n```\n");
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::imports::{Found, Sources, load};
    use crate::options::CompileOptions;
    use crate::sema::tests::{kernel, said_by};
    use crate::source::{Part, PartKind, SourceFile};
    use crate::syntax::Limits;

    /// The file that the example of `import` names.
    struct Helpers;

    impl Sources for Helpers {
        fn import(&self, path: &str, _: &str) -> Result<Vec<Found>, String> {
            let text = "macro twice(x) { x * 2 }".to_owned();
            let part = Part { name: path.to_owned(), kind: PartKind::Script, text };
            Ok(vec![Found { identity: path.to_owned(), part }])
        }

        fn include(&self, _: &str, _: bool, _: &str) -> Result<Option<Found>, String> {
            Ok(None)
        }
    }

    #[test]
    fn the_example_of_every_construct_compiles_without_a_word() {
        let options = CompileOptions { positional: vec!["5".to_owned()], has_child: true, ..CompileOptions::default() };
        let wrong = |it: &constructs::Construct| {
            let script =
                load(SourceFile::new("example", it.example), &Helpers, &Limits::default()).expect("its imports");
            let said = check(&script, &kernel(), &options).diagnostics;
            let said: Vec<String> = said.iter().map(|it| format!("{} {}", it.code, it.message)).collect();
            let said = said.join("; ");
            // What is deprecated is explained with the warning that says so.
            let is_fine = said.is_empty() || said.starts_with("deprecated-while");
            (!is_fine).then(|| format!("{}\n  {said}", it.example))
        };
        let wrong: Vec<String> = constructs::ALL.iter().filter_map(wrong).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_setting_that_is_explained_exists_and_takes_its_example() {
        let known: Vec<&str> = config::keys().map(|(name, _)| name).collect();
        for (name, doc, _) in settings::ALL {
            assert!(known.contains(name) && doc.ends_with('.'), "{name}");
        }
        for name in known {
            let script = format!("config = {{ {name} = {} }} begin {{ print(1); }}", setting(name).1);
            let said = said_by(&script, &kernel(), &CompileOptions::default());
            assert!(!said.lines().any(|line| line.starts_with("error")), "{script}\n{said}");
        }
    }

    #[test]
    fn the_document_has_a_heading_for_every_record() {
        let text = language(&[("-q".to_owned(), "Says | less".to_owned(), "run -q x".to_owned())]);
        for name in builtins::ALL.iter().map(|it| it.name).chain(probes::ALL.iter().map(|it| it.name)) {
            assert!(text.contains(&format!("\n### {name}\n")), "{name}");
        }
        assert!(text.contains("| `-q` | Says \\| less | `run -q x` |"));
    }
}
