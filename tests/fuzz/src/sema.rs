//! Any bytes through everything before code generation, on a known kernel.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use tracedeck_compiler::kernel::fixture::FixtureKernel;

#[path = "../../src/captured.rs"]
#[allow(dead_code)]
mod captured;
#[path = "../../src/fuzzing.rs"]
#[allow(dead_code)]
mod fuzzing;

static KERNEL: LazyLock<FixtureKernel> =
    LazyLock::new(|| captured::kernel_at(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../kernels/linux-6.18"))));

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::sema(&KERNEL, data));
