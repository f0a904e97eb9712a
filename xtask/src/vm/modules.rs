//! Kernel modules for the initial file system: which, in which order, uncompressed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::shell;

/// What the machine needs before it sees its root file system. What is built in has no file.
const WANTED: [&str; 5] = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"];

/// A module: its name and its ELF file.
pub struct Module {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The wanted modules and those that they need, which come first.
pub fn ordered(directory: &Path) -> Result<Vec<Module>> {
    let mut files = HashMap::new();
    collect(&directory.join("kernel"), &mut files);
    let mut modules = Vec::new();
    for name in WANTED {
        add(name, &files, &mut modules)?;
    }
    Ok(modules)
}

fn add(name: &str, files: &HashMap<String, PathBuf>, modules: &mut Vec<Module>) -> Result<()> {
    if modules.iter().any(|module| module.name == name) {
        return Ok(());
    }
    let Some(path) = files.get(name) else { return Ok(()) };
    let bytes = read(path)?;
    for needed in needs(&bytes) {
        add(&needed, files, modules)?;
    }
    modules.push(Module { name: name.to_owned(), bytes });
    Ok(())
}

/// All modules by name.
fn collect(directory: &Path, files: &mut HashMap<String, PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if let Some((name, _)) = entry.file_name().to_string_lossy().split_once(".ko") {
            files.insert(name.replace('-', "_"), path);
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "xz") {
        return std::fs::read(path).with_context(|| path.display().to_string());
    }
    let shown = path.to_str().context("a path that is not UTF-8")?;
    let output = shell::command("xz", &["-dc", shown]).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("xz could not uncompress {shown}");
    }
    Ok(output.stdout)
}

/// The names of the modules that a module depends on, from the text in its `.modinfo` section.
fn needs(bytes: &[u8]) -> Vec<String> {
    const MARK: &[u8] = b"\0depends=";
    let Some(at) = bytes.windows(MARK.len()).position(|window| window == MARK) else { return Vec::new() };
    let text = &bytes[at + MARK.len()..];
    let text = String::from_utf8_lossy(&text[..text.iter().position(|byte| *byte == 0).unwrap_or(0)]);
    text.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::needs;

    #[test]
    fn dependencies_are_read_from_the_module() {
        assert_eq!(needs(b"\x7fELF..\0license=GPL\0depends=9pnet,netfs-core\0retpoline=Y\0"), ["9pnet", "netfs_core"]);
        assert!(needs(b"\x7fELF..\0depends=\0name=overlay\0").is_empty());
    }
}
