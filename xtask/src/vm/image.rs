//! The kernels: Debian's packages, downloaded and unpacked below the target directory, nothing of them installed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::directory;
use crate::{setup, shell};

/// Kernels that the machine can be booted with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Release {
    /// Everything but `uprobe.session`.
    #[value(name = "6.12")]
    Current,
    /// The oldest that tracedeck supports; without multi links for kernel functions.
    #[value(name = "6.1")]
    Oldest,
}

impl Release {
    pub const ALL: [Self; 2] = [Self::Current, Self::Oldest];

    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "6.12",
            Self::Oldest => "6.1",
        }
    }

    /// What the names of its packages start with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Current => "linux-image-6.12.",
            Self::Oldest => "linux-image-6.1.0-",
        }
    }
}

/// An unpacked kernel.
pub struct Kernel {
    /// The compressed kernel itself.
    pub image: PathBuf,
    /// Its modules: `.../lib/modules/VERSION`.
    pub modules: PathBuf,
    /// As `uname -r` says it.
    pub version: String,
}

/// Statically linked: what the initial file system consists of. Not installed, because it would replace `busybox`.
const BUSYBOX: &str = "busybox-static";

/// The kernel of a release, downloaded if it is not there.
pub fn kernel(release: Release) -> Result<Kernel> {
    let unpacked = match unpacked(release) {
        Some(unpacked) => unpacked,
        None => download(&|| package(release))?,
    };
    let modules = ["lib/modules", "usr/lib/modules"].iter().find_map(|place| only_entry(&unpacked.join(place)));
    let modules = modules.with_context(|| format!("no kernel modules in {}", unpacked.display()))?;
    let version = modules.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let image = unpacked.join("boot").join(format!("vmlinuz-{version}"));
    Ok(Kernel { image, modules, version })
}

/// The path of a statically linked busybox.
pub fn busybox() -> Result<PathBuf> {
    let unpacked = directory().join(BUSYBOX);
    let unpacked = if unpacked.is_dir() { unpacked } else { download(&|| Some(BUSYBOX.to_owned()))? };
    ["bin/busybox", "usr/bin/busybox"]
        .iter()
        .map(|place| unpacked.join(place))
        .find(|path| path.exists())
        .with_context(|| format!("no busybox in {}", unpacked.display()))
}

/// Downloads what is missing for all kernels; what cannot be had is said, and its tests are skipped later.
pub fn fetch() {
    if let Some(reason) = missing_tools() {
        eprintln!("    no virtual machine: {reason}");
        return;
    }
    let kernels = Release::ALL.iter().map(|release| kernel(*release).map(drop));
    for error in kernels.chain([busybox().map(drop)]).filter_map(Result::err) {
        eprintln!("    {error:#}");
    }
}

/// Why no machine can be booted here, if so.
pub fn missing_tools() -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        return Some("the emulated machine is an x86-64 one, like the programs that are built here must be".to_owned());
    }
    let missing: Vec<&str> = ["qemu-system-x86_64", "apt-get", "apt-cache", "dpkg-deb", "xz"]
        .into_iter()
        .filter(|program| !shell::exists(program))
        .collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// A kernel that was unpacked before, the newest.
fn unpacked(release: Release) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory()).ok()?.flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    newest(release, names).map(|name| directory().join(name))
}

/// The package that apt offers, the newest. Names carry a version, and only the newest of them can be downloaded.
fn package(release: Release) -> Option<String> {
    let names = shell::output("apt-cache", &["pkgnames", release.prefix()])?;
    newest(release, names.lines().map(str::to_owned))
}

/// Of kernels of this release without a flavour, such as cloud or rt, the highest version.
fn newest(release: Release, names: impl Iterator<Item = String>) -> Option<String> {
    let plain = |name: &String| {
        let version = name.strip_prefix(release.prefix()).and_then(|rest| rest.strip_suffix("-amd64"));
        version.is_some_and(|version| {
            let (number, distribution) = version.split_once("+deb").unwrap_or((version, "0"));
            [number, distribution].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    names.filter(plain).max_by_key(|name| numbers(name))
}

fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Downloads a package and unpacks it; brings apt's lists up to date if they do not help.
fn download(resolve: &dyn Fn() -> Option<String>) -> Result<PathBuf> {
    let directory = directory();
    let parts = directory.join("download");
    let _ = std::fs::remove_dir_all(&parts);
    std::fs::create_dir_all(&parts)?;
    let attempt = || -> Result<String> {
        let name = resolve().context("apt offers no such kernel")?;
        shell::step(&format!("apt-get download {name}"));
        shell::run(shell::command("apt-get", &["download", "-qq", &name]).current_dir(&parts))?;
        Ok(name)
    };
    let name = attempt().or_else(|_| {
        shell::step("apt-get update");
        setup::update_lists()?;
        attempt()
    })?;
    let package = only_entry(&parts).with_context(|| format!("apt-get downloaded nothing for {name}"))?;
    let fresh = parts.join("unpacked");
    let paths = [package.to_str(), fresh.to_str()].map(|path| path.unwrap_or_default());
    shell::run(&mut shell::command("dpkg-deb", &["-x", paths[0], paths[1]]))?;
    let place = directory.join(&name);
    let _ = std::fs::remove_dir_all(&place);
    // Renamed when it is complete: an interrupted download leaves nothing that looks like a kernel.
    std::fs::rename(&fresh, &place)?;
    std::fs::remove_dir_all(&parts)?;
    if !place.is_dir() {
        bail!("{} was not unpacked", place.display());
    }
    Ok(place)
}

fn only_entry(directory: &Path) -> Option<PathBuf> {
    std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_plain_kernel_is_chosen() {
        let names = [
            "linux-image-6.12.99+deb12-amd64",
            "linux-image-6.12.117+deb12-amd64",
            "linux-image-6.12.117+deb12-amd64-dbg",
            "linux-image-6.12.118+deb12-rt-amd64",
            "linux-image-6.1.0-56-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
        ];
        let newest = |release| newest(release, names.iter().map(|name| (*name).to_owned()));
        assert_eq!(newest(Release::Current).as_deref(), Some("linux-image-6.12.117+deb12-amd64"));
        assert_eq!(newest(Release::Oldest).as_deref(), Some("linux-image-6.1.0-56-amd64"));
    }
}
