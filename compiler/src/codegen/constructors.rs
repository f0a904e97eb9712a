//! LLVM's static constructors, run when LLVM is first needed.
//!
//! A program that links LLVM runs hundreds of them at its start, which takes milliseconds and touches twenty megabytes.
//! The linker script of the server's program (`server/llvm-init.ld`) takes them out of the list that the C library
//! runs, and puts them into a section of their own. A program that is linked without that script has run them already,
//! and finds that section empty.
#![allow(unsafe_code)]

use std::sync::Once;

/// Makes the section exist without the script: the linker defines its start and its end.
#[used]
#[unsafe(link_section = "llvm_init_array")]
static NOTHING: usize = 0;

unsafe extern "C" {
    static __start_llvm_init_array: usize;
    static __stop_llvm_init_array: usize;
}

/// Runs them, the first time. To be called before anything else of LLVM.
pub fn run() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (first, end) = (&raw const __start_llvm_init_array, &raw const __stop_llvm_init_array);
        let mut at = first;
        while at < end {
            // SAFETY: between the two symbols the linker puts addresses and nothing else: the zero from above, and
            // entries of `.init_array`, which are functions that take no arguments they look at, to be called once.
            unsafe {
                let entry: Option<extern "C" fn()> = std::mem::transmute(*at);
                if let Some(constructor) = entry {
                    constructor();
                }
                at = at.add(1);
            }
        }
    });
}
