//! The examples of the records: documentation that compiles.

use super::{kernel, said_by};
use crate::builtins;
use crate::options::{CompileOptions, Purpose};
use crate::probes;
use crate::source::SourceFile;

#[test]
fn the_example_of_every_builtin_compiles() {
    let options = CompileOptions { has_child: true, allow_unsafe: true, ..CompileOptions::default() };
    for builtin in builtins::ALL {
        assert_eq!(said_by(builtin.example, &kernel(), &options), "", "{}: {}", builtin.name, builtin.example);
    }
}

#[test]
fn the_example_of_every_probe_type_compiles() {
    for kind in probes::ALL {
        let script = format!("{} {{ @ = count(); }}", kind.example);
        let purpose = match kind.name {
            "test" => Purpose::Test,
            "bench" => Purpose::Bench,
            _ => Purpose::Trace,
        };
        let said = said_by(&script, &kernel(), &CompileOptions { purpose, ..CompileOptions::default() });
        assert_eq!(said, "", "{script}");
    }
}

#[test]
fn code_is_generated_for_the_example_of_every_builtin() {
    let options = CompileOptions { has_child: true, allow_unsafe: true, ..CompileOptions::default() };
    for builtin in builtins::ALL {
        let file = SourceFile::new("test", builtin.example);
        match crate::compile(&file, &kernel(), &options) {
            Ok((compiled, _)) => assert!(!compiled.object.is_empty(), "{}", builtin.name),
            Err(errors) => panic!("{}: {errors:?}", builtin.example),
        }
    }
}
