//! The program to trace, compiled once from `programs/target.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of the compiled program; its process name is `td_target`.
pub fn target() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let arguments = ["-O0", "-g", "-fno-omit-frame-pointer", "-no-pie", "-pthread"];
        compile("target.c", "td_target", &arguments).expect("gcc compiles the target")
    })
}

/// A program with USDT probes, in itself and in its library `libtd_marked.so` beside it; None without `sys/sdt.h`.
pub fn marked() -> Option<&'static Path> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    PATH.get_or_init(|| {
        let library = compile("marked.c", "libtd_marked.so", &["-O2", "-DLIBRARY", "-shared", "-fPIC"])?;
        let library = library.to_str().expect("a path that is text").to_owned();
        compile("marked.c", "td_marked", &["-O2", "-g", &library])
    })
    .as_deref()
}

/// Compiles one of `programs/`; None where gcc refuses.
fn compile(source: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let directory = super::binary::target_directory().join("programs");
    std::fs::create_dir_all(&directory).expect("a directory for test programs");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs").join(source);
    let path = directory.join(name);
    if is_newer(&path, &source) {
        return Some(path);
    }
    // Several test processes may build at once: build aside, then rename.
    let aside = directory.join(format!("{name}.{}", std::process::id()));
    let mut gcc = Command::new("gcc");
    gcc.arg("-o").arg(&aside).arg(&source).args(arguments);
    if !gcc.status().expect("gcc").success() {
        return None;
    }
    std::fs::rename(&aside, &path).expect("moving the compiled program into place");
    Some(path)
}

/// Whether a program was compiled after its source, and this test with the options for it, were written. A compiler
/// takes its time, half a minute in an emulated machine.
fn is_newer(program: &Path, source: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    let own = std::env::current_exe().ok().and_then(|own| time(&own));
    time(program).is_some_and(|built| Some(built) > time(source) && Some(built) > own)
}

/// A command line for `-c`: the program with these arguments.
pub fn command(arguments: &str) -> String {
    format!("{} {arguments}", target().display())
}

/// A fresh path in the temporary directory, removed on drop.
pub struct TemporaryPath(PathBuf);

impl TemporaryPath {
    pub fn new(name: &str) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("tracedeck-test-{}-{number}-{name}", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
