//! System packages: which, why, and how they are installed.

use std::collections::HashSet;

use anyhow::{Result, bail};

use crate::shell;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Build,
    Test,
}

/// A package with its names on other distributions; an empty name is part of another package there.
struct Package {
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
    purpose: Purpose,
    /// Programs that make the package unnecessary where they are in `PATH` already.
    instead: &'static [&'static str],
}

const fn build(debian: &'static str, fedora: &'static str, arch: &'static str) -> Package {
    Package { debian, fedora, arch, purpose: Purpose::Build, instead: &[] }
}

const fn test(debian: &'static str, fedora: &'static str, instead: &'static [&'static str]) -> Package {
    Package { debian, fedora, arch: debian, purpose: Purpose::Test, instead }
}

/// llvm-19-dev brings the static archives; the other libraries are linked statically too. g++ brings libstdc++.a.
const PACKAGES: [Package; 14] = [
    build("llvm-19-dev", "llvm19-devel llvm19-static", "llvm19"),
    build("zlib1g-dev", "zlib-ng-compat-static", "zlib"),
    build("libzstd-dev", "libzstd-static", "zstd"),
    build("libffi-dev", "libffi-devel", "libffi"),
    build("libc6-dev", "glibc-devel", "glibc"),
    build("gcc", "gcc", "gcc"),
    build("g++", "gcc-c++ libstdc++-static", ""),
    test("chromium", "chromium", &["chromium", "chromium-browser"]),
    test("bpftrace", "bpftrace", &["bpftrace"]),
    test("bpftool", "bpftool", &["bpftool"]),
    test("systemtap-sdt-dev", "systemtap-sdt-devel", &[]),
    test("jq", "jq", &["jq"]),
    test("qemu-system-x86", "qemu-system-x86-core", &["qemu-system-x86_64"]),
    test("xz-utils", "xz", &["xz"]),
];

/// Installs what is missing, with apt, or says what to install.
pub fn install(purposes: &[Purpose]) -> Result<()> {
    let wanted: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| purposes.contains(&package.purpose))
        .filter(|package| !package.instead.iter().any(|program| shell::exists(program)))
        .collect();
    if !shell::exists("apt-get") || !shell::exists("dpkg-query") {
        return advise(&wanted);
    }
    let names: Vec<&str> = wanted.iter().map(|package| package.debian).collect();
    let mut missing = missing(&names);
    if missing.is_empty() {
        return Ok(());
    }
    if missing.iter().any(|name| !has_candidate(name)) {
        shell::step("apt-get update");
        apt(&["update", "-qq"])?;
    }
    let unknown: Vec<&str> = missing.iter().copied().filter(|name| !has_candidate(name)).collect();
    if unknown.contains(&"llvm-19-dev") {
        bail!(
            "this release of the distribution has no llvm-19-dev: Debian 12 and Ubuntu 24.04 have it, for older ones \
             apt.llvm.org offers it; install it and run this again"
        );
    }
    if !unknown.is_empty() {
        eprintln!("    not offered here, the tests that need them will be skipped: {}", unknown.join(" "));
        missing.retain(|name| !unknown.contains(name));
    }
    if missing.is_empty() {
        return Ok(());
    }
    shell::step(&format!("apt-get install {}", missing.join(" ")));
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&missing);
    apt(&arguments).or_else(|_| {
        // Lists from before a security update name packages that the mirrors no longer have.
        shell::step("apt-get update, and once more");
        apt(&["update", "-qq"])?;
        apt(&arguments)
    })
}

/// Which of the names dpkg does not know as installed.
pub fn missing<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["-W", "-f", "${Package} ${db:Status-Status}\\n"];
    arguments.extend(names);
    // dpkg-query fails when one of the names is unknown, and still prints the others.
    let output = shell::command("dpkg-query", &arguments).stderr(std::process::Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let installed: HashSet<&str> = text.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    names.iter().copied().filter(|name| !installed.contains(name)).collect()
}

/// Whether apt's lists, as they are now, offer the package.
pub fn has_candidate(name: &str) -> bool {
    shell::output("apt-cache", &["policy", name])
        .is_some_and(|text| text.lines().any(|line| line.contains("Candidate:") && !line.contains("(none)")))
}

/// The version that apt would install.
pub fn candidate_version(name: &str) -> Option<String> {
    let text = shell::output("apt-cache", &["policy", name])?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Candidate:"))?;
    Some(line.trim().to_owned())
}

/// apt-get, as root or through sudo.
pub fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = if shell::is_root() {
        shell::command("apt-get", arguments)
    } else if shell::exists("sudo") {
        let mut command = shell::command("sudo", &["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command.args(arguments);
        command
    } else {
        bail!("packages are missing and this is not root: run as root: apt-get {}", arguments.join(" "));
    };
    shell::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// On other distributions: the names of the packages, unless LLVM is already where the build looks for it.
fn advise(wanted: &[&Package]) -> Result<()> {
    if std::path::Path::new("/usr/lib/llvm-19/bin/llvm-config").exists()
        || std::env::var_os("LLVM_SYS_191_PREFIX").is_some_and(|prefix| std::path::Path::new(&prefix).exists())
    {
        return Ok(());
    }
    let names = |of: fn(&Package) -> &'static str| {
        wanted.iter().map(|package| of(package)).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ")
    };
    bail!(
        "packages are only installed by themselves on Debian and Ubuntu. Please install:\n  \
         Fedora:     dnf install {} nodejs\n  \
         Arch:       pacman -S {} nodejs npm\n  \
         elsewhere:  LLVM 19 with static libraries, zlib, zstd and libffi with static libraries, gcc, g++, Node 20.19\n\
         then set LLVM_SYS_191_PREFIX to the directory of LLVM 19 (llvm-config --prefix) and run this again",
        names(|package| package.fedora),
        names(|package| package.arch),
    )
}
