//! The tools.

use tracedeck::examples;
use tracedeck::host::LiveKernel;
use tracedeck_compiler::source::SourceFile;

#[test]
fn every_tool_compiles_on_this_machine_or_says_what_it_needs() {
    let kernel = LiveKernel::shared();
    for example in examples::by_subject() {
        let file = SourceFile::new(example.id, example.script);
        match tracedeck_compiler::compile(&file, &*kernel, &example.sample()) {
            Ok(_) => assert_eq!(examples::problem(&examples::check(example, &*kernel)), None, "{}", example.id),
            Err(diagnostics) => {
                let needs = example.needs.unwrap_or_else(|| panic!("{}: {diagnostics:?}", example.id));
                let problem = examples::problem(&examples::check(example, &*kernel)).unwrap_or_default();
                assert!(problem.contains("need"), "{} needs {needs}, and says: {problem}", example.id);
            }
        }
    }
}
