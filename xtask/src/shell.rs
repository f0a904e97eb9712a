//! Running other programs, and saying so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// A line that says what happens now.
pub fn step(text: &str) {
    eprintln!("==> {text}");
}

/// A command in the root of the repository. Node programs find the Node that `setup` chose.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // What fails shows its own lines; traces of the test runner would bury them.
    command.args(arguments).current_dir(root()).env("RUST_BACKTRACE", "0");
    if let Some(directory) = private_node() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(directory).chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(paths) {
            command.env("PATH", joined);
        }
    }
    command
}

/// Where `setup` puts a Node of its own when the system's is too old.
pub fn private_node_root() -> PathBuf {
    target_directory().join("node")
}

fn private_node() -> Option<PathBuf> {
    let directory = private_node_root().join("node_modules/node/bin");
    directory.join("node").exists().then_some(directory)
}

/// Runs a command to its end with its output on the terminal; fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The standard output of a command that succeeds, or `None`.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program, arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command line, for messages.
pub fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Whether a program of this name is in `PATH`.
pub fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

pub fn is_root() -> bool {
    nix_uid() == 0
}

fn nix_uid() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|uid| uid.parse().ok()).unwrap_or(u32::MAX)
}

/// Where cargo puts what it builds, wherever the environment moved it.
pub fn target_directory() -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY
        .get_or_init(|| {
            metadata()
                .and_then(|metadata| Some(PathBuf::from(metadata["target_directory"].as_str()?)))
                .unwrap_or_else(|| root().join("target"))
        })
        .clone()
}

/// What `cargo metadata` says about the workspace itself.
pub fn metadata() -> Option<&'static serde_json::Value> {
    static METADATA: OnceLock<Option<serde_json::Value>> = OnceLock::new();
    METADATA
        .get_or_init(|| {
            let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
            let output = Command::new(cargo)
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(root())
                .stderr(Stdio::null())
                .output()
                .ok()?;
            serde_json::from_slice(&output.stdout).ok()
        })
        .as_ref()
}
