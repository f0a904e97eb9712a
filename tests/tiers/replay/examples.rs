//! The ready scripts.

use tracedeck::examples::ALL;
use tracedeck::host::LiveKernel;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

#[test]
fn every_example_compiles_on_this_machine() {
    let kernel = LiveKernel::shared();
    for example in ALL {
        let file = SourceFile::new(example.id, example.script);
        if let Err(diagnostics) = tracedeck_compiler::compile(&file, &*kernel, &CompileOptions::default()) {
            panic!("{}: {diagnostics:?}", example.id);
        }
    }
}
