//! Building the page into static/dist.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::shell;

/// Installs the page's packages when the lock file says that they changed.
pub fn install() -> Result<()> {
    let frontend = shell::root().join("frontend");
    let lock = std::fs::read(frontend.join("package-lock.json")).context("frontend/package-lock.json")?;
    let stamp = frontend.join("node_modules/.installed-lock.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::step("npm ci in frontend");
    let arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    shell::run(shell::command("npm", &arguments).current_dir(&frontend))?;
    std::fs::write(stamp, lock)?;
    Ok(())
}

/// Builds the page unless what is in static/dist is newer than all its sources.
pub fn build() -> Result<()> {
    install()?;
    if is_fresh() {
        return Ok(());
    }
    shell::step("building the page into static/dist");
    let frontend = shell::root().join("frontend");
    shell::run(shell::command("npm", &["run", "--silent", "build"]).current_dir(frontend))
}

fn is_fresh() -> bool {
    let root = shell::root();
    let built = std::fs::metadata(root.join("static/dist/index.html")).and_then(|found| found.modified());
    let Ok(built) = built else { return false };
    ["frontend", "static"].iter().all(|directory| newest(&root.join(directory)) <= built)
}

/// The latest change below a directory, without what is installed or built.
fn newest(directory: &Path) -> SystemTime {
    let mut latest = SystemTime::UNIX_EPOCH;
    let Ok(entries) = std::fs::read_dir(directory) else { return latest };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" {
            continue;
        }
        let Ok(found) = entry.metadata() else { continue };
        let changed = if found.is_dir() { newest(&entry.path()) } else { found.modified().unwrap_or(latest) };
        latest = latest.max(changed);
    }
    latest
}
