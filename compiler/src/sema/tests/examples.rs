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
        let said = said_by(builtin.example, &kernel(), &options);
        // What only some probe types have waits for them.
        if !builtin.rules.probes.is_empty() && said.starts_with("error probe-not-supported") {
            continue;
        }
        // A note that the call is for debugging is no mistake of the example.
        let said = if said.starts_with("warning debug-output") { "" } else { &said };
        assert_eq!(said, "", "{}: {}", builtin.name, builtin.example);
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
            Ok((compiled, _)) => assert!(!compiled.objects[0].is_empty(), "{}", builtin.name),
            Err(errors) if errors.iter().any(|error| error.code == "probe-not-supported") => {
                assert!(!builtin.rules.probes.is_empty(), "{}", builtin.example);
            }
            Err(errors) => panic!("{}: {errors:?}", builtin.example),
        }
    }
}
