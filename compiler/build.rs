//! Links LLVM 19 statically: only the components that the BPF back end needs, and only their system libraries.
//!
//! llvm-sys could link for us, but it bundles every library of LLVM (322 MB) into each rlib and pulls in
//! Polly; naming the archives here keeps the binary near 32 MB and dependent on libc alone.

// What the compiler itself may not do, its build has to.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;

/// `executionengine` is needed because inkwell refers to LLVMDisposeExecutionEngine.
const COMPONENTS: [&str; 3] = ["bpf", "passes", "executionengine"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LLVM_SYS_191_PREFIX");

    let prefix = std::env::var("LLVM_SYS_191_PREFIX").unwrap_or_else(|_| "/usr/lib/llvm-19".to_owned());
    let config = format!("{prefix}/bin/llvm-config");
    if !Path::new(&config).exists() {
        panic!(
            "LLVM 19 is missing ({config} does not exist): run `cargo xtask setup`, or install llvm-19-dev, libzstd-dev, zlib1g-dev and libffi-dev"
        );
    }

    println!("cargo:rustc-link-search=native={}", output(&config, &["--libdir"]).trim());
    let mut arguments = vec!["--link-static", "--libnames"];
    arguments.extend(COMPONENTS);
    for archive in output(&config, &arguments).split_whitespace() {
        let name = archive.trim_start_matches("lib").trim_end_matches(".a");
        println!("cargo:rustc-link-lib=static:-bundle={name}");
    }

    let libstdcxx = output("gcc", &["-print-file-name=libstdc++.a"]);
    if let Some(directory) = Path::new(libstdcxx.trim()).parent() {
        println!("cargo:rustc-link-search=native={}", directory.display());
    }
    println!("cargo:rustc-link-search=native=/usr/lib/x86_64-linux-gnu");
    println!("cargo:rustc-link-search=native=/usr/lib/aarch64-linux-gnu");
    for name in ["stdc++", "z", "zstd", "ffi"] {
        println!("cargo:rustc-link-lib=static:-bundle={name}");
    }
    for name in ["rt", "dl", "m"] {
        println!("cargo:rustc-link-lib=dylib={name}");
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
