//! Puts the built page (`static/dist`) together for embedding, with a compressed copy of each file beside it; names the
//! linker script that keeps LLVM asleep until it is needed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Files that would not get smaller.
const INCOMPRESSIBLE: [&str; 4] = ["png", "ico", "woff2", "gz"];

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name.to_owned()));
    let built = variable("CARGO_MANIFEST_DIR")?.join("../static/dist");
    let page = variable("OUT_DIR")?.join("page");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", built.display());
    println!("cargo::rerun-if-changed=llvm-init.ld");
    let script = variable("CARGO_MANIFEST_DIR")?.join("llvm-init.ld");
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());

    if libc_packs_relocations() {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }

    match fs::remove_dir_all(&page) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&page)?,
    }
    // Without a page the server still builds: it says what is missing to whoever opens it.
    fs::create_dir_all(&built)?;
    copy(&built, &page)
}

/// Whether the loader of this machine's C library (glibc 2.36) reads relative relocations that are packed: a table of
/// 1.7 MB that every start reads becomes one of 20 KB.
fn libc_packs_relocations() -> bool {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let version = told.ok().and_then(|told| String::from_utf8(told.stdout).ok());
    let Some((major, minor)) = version.as_deref().and_then(|text| text.trim().strip_prefix("glibc ")?.split_once('.'))
    else {
        return false;
    };
    let minor = minor.split('.').next().unwrap_or(minor);
    matches!((major.parse::<u32>(), minor.parse::<u32>()), (Ok(major), Ok(minor)) if (major, minor) >= (2, 36))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let (source, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let target = to.join(&name);
        if source.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&source, &target)?;
            continue;
        }
        let content = fs::read(&source)?;
        let extension = source.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        if !INCOMPRESSIBLE.contains(&extension) {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&content)?;
            let compressed = encoder.finish()?;
            let mut name = name;
            name.push(".gz");
            fs::write(to.join(name), compressed)?;
        }
        fs::write(&target, content)?;
    }
    Ok(())
}
