//! The program to trace, compiled once from `programs/target.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of the compiled program; its process name is `td_target`.
pub fn target() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let directory = super::binary::target_directory().join("programs");
        std::fs::create_dir_all(&directory).expect("a directory for test programs");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/target.c");
        let path = directory.join("td_target");
        // Several test processes may build at once: build aside, then rename.
        let aside = directory.join(format!("td_target.{}", std::process::id()));
        let status = Command::new("gcc")
            .args(["-O0", "-g", "-fno-omit-frame-pointer", "-no-pie", "-o"])
            .arg(&aside)
            .arg(&source)
            .status()
            .expect("gcc");
        assert!(status.success(), "gcc could not compile {}", source.display());
        std::fs::rename(&aside, &path).expect("moving the compiled program into place");
        path
    })
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
