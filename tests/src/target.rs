//! The program to trace, compiled once from `programs/target.c`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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

/// A program of C++ with debug information.
pub fn shop() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        compile_with("g++", "shop.cc", "td_shop", &["-O0", "-g", "-no-pie"]).expect("g++ compiles the program")
    })
}

/// A program of Rust without debug information.
pub fn stock() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| compile_with("rustc", "stock.rs", "td_stock", &[]).expect("rustc compiles the program"))
}

/// The program of C++ without symbols, which are in a debug file that it links to, beside it.
pub fn stripped_shop() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let directory = super::binary::target_directory().join("programs");
        let name = format!("td_shop_stripped.{}", std::process::id());
        let (path, debug) = (directory.join(&name), directory.join(format!("{name}.debug")));
        let run = |arguments: &[&std::ffi::OsStr]| {
            assert!(Command::new("objcopy").args(arguments).status().expect("objcopy").success());
        };
        run(&["--only-keep-debug".as_ref(), shop().as_os_str(), debug.as_os_str()]);
        let mut link = std::ffi::OsString::from("--add-gnu-debuglink=");
        link.push(&debug);
        run(&["--strip-all".as_ref(), link.as_os_str(), shop().as_os_str(), path.as_os_str()]);
        path
    })
}

/// Compiles one of `programs/`; None where gcc refuses.
fn compile(source: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    compile_with("gcc", source, name, arguments)
}

fn compile_with(compiler: &str, source: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let directory = super::binary::target_directory().join("programs");
    std::fs::create_dir_all(&directory).expect("a directory for test programs");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs").join(source);
    let path = directory.join(name);
    if is_newer(&path, &source) {
        return Some(path);
    }
    // Several test processes may build at once: build aside, then rename.
    let aside = directory.join(format!("{name}.{}", std::process::id()));
    let mut command = Command::new(compiler);
    command.arg("-o").arg(&aside).arg(&source).args(arguments);
    if !command.status().expect(compiler).success() {
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

/// A target that waits to be let go.
pub struct Waiting(Child);

impl Waiting {
    /// The program, to do this once it is let go.
    pub fn new(work: &str) -> Self {
        let mut program = Command::new(target());
        Self(program.arg("wait").args(work.split(' ')).stdin(Stdio::piped()).spawn().expect("the target"))
    }

    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }

    /// Lets it begin.
    pub fn go(&mut self) {
        self.0.stdin.take().expect("its input").write_all(b"x").expect("a byte");
    }

    /// Waits for its end.
    pub fn finish(mut self) {
        assert!(self.0.wait().expect("its end").success());
    }

    /// Lets it do its work, to the end.
    pub fn work(mut self) {
        self.go();
        self.finish();
    }
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
