//! From an LLVM module to an object: the target, the optimizer, the back end.

use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple};

use super::constructors;
use crate::kernel::{Feature, Kernel};

const TRIPLE: &str = "bpfel";
/// Enough for registers and folded constants. LLVM's own pipelines also copy code into branches and join addresses:
/// the verifier then walks many times as many paths, up to refusing programs of forty statements, and compiling takes
/// twice as long, for the same number of instructions per event.
/// What looks for dead code and dead stores finds nothing after these in any of the ready scripts.
const PASSES: &str = "function(bpf-preserve-static-offset<allow-partial>,sroa,early-cse<memssa>,\
                      instcombine<no-verify-fixpoint>,simplifycfg,early-cse<memssa>),globaldce";

/// Prepares LLVM for the first compilation of the process; a later call costs nothing.
pub fn warm_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        constructors::run();
        Target::initialize_bpf(&InitializationConfig::default());
        // The first machine loads tables that all later ones share.
        let _ = machine("v3");
    });
}

/// The back end for a kernel: instruction set v4 where it is known.
pub fn machine_for(kernel: &dyn Kernel) -> Result<TargetMachine, String> {
    warm_up();
    machine(if kernel.has(Feature::InstructionsV4) { "v4" } else { "v3" })
}

fn machine(cpu: &str) -> Result<TargetMachine, String> {
    let triple = TargetTriple::create(TRIPLE);
    let target = Target::from_triple(&triple).map_err(|error| error.to_string())?;
    target
        .create_target_machine(&triple, cpu, "", OptimizationLevel::Aggressive, RelocMode::Default, CodeModel::Default)
        .ok_or_else(|| "LLVM has no BPF target".to_owned())
}

/// Sets what a module must agree on with its machine.
pub fn prepare(module: &Module<'_>, machine: &TargetMachine) {
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
}

/// Removes what nothing in the module needs.
pub fn drop_unused(module: &Module<'_>, machine: &TargetMachine) -> Result<(), String> {
    module.run_passes("globaldce", machine, PassBuilderOptions::create()).map_err(|error| error.to_string())
}

pub fn optimize(module: &Module<'_>, machine: &TargetMachine) -> Result<(), String> {
    module.run_passes(PASSES, machine, PassBuilderOptions::create()).map_err(|error| error.to_string())
}

/// An ELF object, or assembly text.
pub fn write(module: &Module<'_>, machine: &TargetMachine, kind: FileType) -> Result<Vec<u8>, String> {
    let buffer = machine.write_to_memory_buffer(module, kind).map_err(|error| error.to_string())?;
    Ok(buffer.as_slice().to_vec())
}
