//! Runs a `begin` program in a user-space machine: what a program without maps in the kernel computes.

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget};

use crate::kernel::Feature;
use crate::manifest::{GLOBALS_MAP, Manifest, MapStorage, VALUE_SUFFIX};
use crate::sema::tests::kernel;

/// A program, and the memory that stands for its globals.
pub struct Machine {
    code: Vec<u8>,
    pub manifest: Manifest,
    globals: Vec<u64>,
}

impl Machine {
    /// The first program of a script.
    #[track_caller]
    pub fn new(script: &str) -> Self {
        // The machine knows neither the newest instructions nor callbacks.
        let kernel = kernel().without(Feature::InstructionsV4).without(Feature::Loop);
        let compiled = super::compile_for(script, &kernel).unwrap_or_else(|errors| panic!("{script}\n{errors:#?}"));
        let globals = vec![0_u64; compiled.manifest.globals.size() as usize / 8];
        let address = globals.as_ptr() as u64;
        let object = object::File::parse(compiled.objects[0].as_slice()).expect(script);
        let section = object.section_by_name("probe0").expect(script);
        let mut code = section.data().expect(script).to_vec();
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { panic!("{script}") };
            let name = object.symbol_by_index(symbol).and_then(|symbol| symbol.name()).expect(script);
            assert_eq!(name, format!("{GLOBALS_MAP}{VALUE_SUFFIX}"), "{script}");
            let at = offset as usize;
            code[at + 4..at + 8].copy_from_slice(&(address as u32).to_le_bytes());
            code[at + 12..at + 16].copy_from_slice(&((address >> 32) as u32).to_le_bytes());
        }
        Self { code, manifest: compiled.manifest, globals }
    }

    pub fn run(&mut self) -> u64 {
        let mut vm = rbpf::EbpfVmRaw::new(Some(&self.code)).expect("a valid program");
        let start = self.globals.as_ptr() as u64;
        vm.register_allowed_memory(start..start + self.globals.len() as u64 * 8);
        vm.register_helper(8, |_, _, _, _, _| 0).expect("the processor id");
        vm.register_helper(208, |_, _, _, _, _| 5_000_000_000).expect("the TAI clock");
        vm.execute_program(&mut [0; 8]).expect("a run to the end")
    }

    fn storage(&self, map: &str) -> &MapStorage {
        &self.manifest.maps.iter().find(|known| known.name == map).expect(map).storage
    }

    /// Sets the value of a scalar map, as if a program had.
    pub fn set(&mut self, map: &str, value: i64) {
        let MapStorage::Global { offset } = *self.storage(map) else { panic!("{map}") };
        self.globals[offset as usize / 8 + 1] = value as u64;
    }

    /// The bits of a scalar map's value, and whether it was set.
    pub fn get(&self, map: &str) -> (u64, bool) {
        let MapStorage::Global { offset } = *self.storage(map) else { panic!("{map}") };
        (self.globals[offset as usize / 8 + 1], self.globals[offset as usize / 8] == 1)
    }

    /// The first CPU's cell of a scalar aggregation.
    pub fn cell(&self, map: &str, words: usize) -> &[u64] {
        let MapStorage::PerCpuGlobal { offset } = *self.storage(map) else { panic!("{map}") };
        let start = (self.manifest.globals.slot(0) + offset) as usize / 8;
        &self.globals[start..start + words]
    }

    /// The first CPU's counters, in the manifest's order.
    pub fn counters(&self) -> Vec<u64> {
        let slot = self.manifest.globals.slot(0);
        self.manifest.counters.iter().map(|counter| self.globals[(slot + counter.offset) as usize / 8]).collect()
    }

    /// Sets the stop flag.
    pub fn stop(&mut self) {
        self.globals[0] = 1;
    }
}
