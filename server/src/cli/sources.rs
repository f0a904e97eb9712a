//! The files that a script in the terminal imports and includes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::imports::{self, Found, Sources};
use tracedeck_compiler::source::{Part, PartKind, SourceFile};
use tracedeck_compiler::syntax::Limits;

/// Where headers of user space lie: constants and structs that the kernel's BTF does not have.
#[cfg(target_arch = "x86_64")]
const SYSTEM_DIRECTORIES: [&str; 2] = ["/usr/include/x86_64-linux-gnu", "/usr/include"];
#[cfg(not(target_arch = "x86_64"))]
const SYSTEM_DIRECTORIES: [&str; 2] = ["/usr/include/aarch64-linux-gnu", "/usr/include"];

/// Where headers lie in a kernel's source tree, and in the tree that it was built in.
#[cfg(target_arch = "x86_64")]
const IN_KERNEL: [&str; 6] = [
    "include",
    "include/uapi",
    "include/generated/uapi",
    "arch/x86/include",
    "arch/x86/include/uapi",
    "arch/x86/include/generated",
];
#[cfg(not(target_arch = "x86_64"))]
const IN_KERNEL: [&str; 6] = [
    "include",
    "include/uapi",
    "include/generated/uapi",
    "arch/arm64/include",
    "arch/arm64/include/uapi",
    "arch/arm64/include/generated",
];

/// The directories of headers in the kernel trees of `BPFTRACE_KERNEL_SOURCE` and `BPFTRACE_KERNEL_BUILD`.
pub fn kernel_headers(environment: &[(String, String)]) -> Vec<PathBuf> {
    let value = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    ["BPFTRACE_KERNEL_SOURCE", "BPFTRACE_KERNEL_BUILD"]
        .into_iter()
        .filter_map(value)
        .filter(|tree| !tree.is_empty())
        .flat_map(|tree| IN_KERNEL.iter().map(move |directory| Path::new(tree).join(directory)))
        .collect()
}

/// Files beside the script, and headers in the directories of `-I`.
#[derive(Debug, Default)]
pub struct FileSources {
    pub include_directories: Vec<PathBuf>,
    /// Headers to read before the script.
    pub headers: Vec<String>,
}

/// The script with all that it imports.
///
/// # Errors
///
/// What cannot be imported, as it is to be shown.
pub fn load(main: SourceFile, sources: &FileSources) -> Result<SourceFile, String> {
    let mut first = Vec::new();
    for header in &sources.headers {
        match sources.include(header, true, "") {
            Ok(Some(found)) => first.push(found.part),
            Ok(None) => return Err(format!("ERROR: the header '{header}' of --include was not found\n")),
            Err(message) => return Err(format!("ERROR: {message}\n")),
        }
    }
    let loaded = imports::load(main, sources, &Limits::default()).map_err(|failure| {
        let (file, diagnostic) = *failure;
        render(&file, &diagnostic)
    })?;
    if first.is_empty() {
        return Ok(loaded);
    }
    first.extend(loaded.parts());
    Ok(SourceFile::new(loaded.name(), loaded.script()).with_parts(first))
}

impl Sources for FileSources {
    fn import(&self, path: &str, importer: &str) -> Result<Vec<Found>, String> {
        let path = beside(importer, path);
        let metadata =
            fs::metadata(&path).map_err(|error| format!("'{}' cannot be imported: {error}", path.display()))?;
        if metadata.is_dir() {
            refuse_world_writable(&path)?;
            return directory(&path);
        }
        match kind(&path) {
            Some(kind) => Ok(vec![read(&path, kind)?]),
            None if is_compiled(&path) => Err(format!(
                "'{}' cannot be imported: compiled C is not supported, only .bt and .h files",
                path.display()
            )),
            None => Err(format!("'{}' cannot be imported: its name must end in .bt or .h", path.display())),
        }
    }

    fn include(&self, path: &str, quoted: bool, importer: &str) -> Result<Option<Found>, String> {
        let near = quoted.then(|| beside(importer, path));
        let own = near.into_iter().chain(self.include_directories.iter().map(|directory| directory.join(path)));
        let system = SYSTEM_DIRECTORIES.iter().map(|directory| Path::new(directory).join(path));
        match own.chain(system).find(|candidate| candidate.is_file()) {
            Some(found) => read(&found, PartKind::Header).map(Some),
            None => Ok(None),
        }
    }
}

/// A path as a file that is at `importer` means it.
fn beside(importer: &str, path: &str) -> PathBuf {
    match Path::new(importer).parent() {
        Some(directory) if Path::new(importer).exists() => directory.join(path),
        _ => PathBuf::from(path),
    }
}

fn kind(path: &Path) -> Option<PartKind> {
    match path.extension()?.to_str()? {
        "bt" => Some(PartKind::Script),
        "h" => Some(PartKind::Header),
        _ => None,
    }
}

fn is_compiled(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".bpf.c") || name.ends_with(".bpf.o")
}

/// All files of a directory that can be imported, by name; directories within it are left out.
fn directory(path: &Path) -> Result<Vec<Found>, String> {
    let failed = |error: std::io::Error| format!("'{}' cannot be imported: {error}", path.display());
    let entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let found: Vec<Found> =
        paths.iter().filter_map(|path| Some(read(path, kind(path)?))).collect::<Result<_, String>>()?;
    if found.is_empty() {
        return Err(format!("'{}' has no file that can be imported", path.display()));
    }
    Ok(found)
}

/// Whoever may write a file that root's script imports may trace as root.
fn refuse_world_writable(path: &Path) -> Result<(), String> {
    let mode = fs::metadata(path).map_err(|error| format!("'{}': {error}", path.display()))?.permissions().mode();
    if mode & 0o002 != 0 {
        return Err(format!("'{}' is not imported: everybody may write to it (chmod o-w)", path.display()));
    }
    Ok(())
}

fn read(path: &Path, kind: PartKind) -> Result<Found, String> {
    refuse_world_writable(path)?;
    let text = fs::read_to_string(path).map_err(|error| format!("'{}' cannot be read: {error}", path.display()))?;
    let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
    Ok(Found { identity, part: Part { name: path.to_string_lossy().into_owned(), kind, text } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that goes with the test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("tracedeck-sources-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a directory");
            for (name, text) in files {
                fs::write(path.join(name), text).expect("a file");
            }
            Self(path)
        }

        fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn load_from(directory: &Path, main: &str) -> Result<SourceFile, String> {
        let path = directory.join("main.bt");
        fs::write(&path, main).expect("a file");
        load(SourceFile::new(path.to_string_lossy(), main), &FileSources::default())
    }

    #[test]
    fn imports_are_found_beside_the_script_and_in_directories() {
        let directory = Directory::new("beside", &[("a.bt", "macro a() { 1 }"), ("s.h", "struct s { int x; };")]);
        fs::create_dir(directory.path().join("lib")).expect("a directory");
        fs::write(directory.path().join("lib/b.bt"), "import \"../a.bt\"; macro b() { 2 }").expect("a file");
        fs::write(directory.path().join("lib/notes.txt"), "no script").expect("a file");
        let file =
            load_from(directory.path(), "import \"a.bt\"; import \"s.h\"; import \"lib\"; begin { }").expect("files");
        let names: Vec<&str> = file.texts().map(|it| it.0.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(names, ["a.bt", "s.h", "b.bt", "main.bt"]);
    }

    #[test]
    fn headers_are_found_in_the_directories_of_the_command_line() {
        let directory = Directory::new("headers", &[("a.h", "struct a { int x; };"), ("b.h", "#define B 5")]);
        let files =
            FileSources { include_directories: vec![directory.path().to_owned()], headers: vec!["a.h".to_owned()] };
        let main = SourceFile::new("stdin", "#include <b.h>\n#include <no/such/header.h>\nbegin { print(B); }");
        let file = load(main.clone(), &files).expect("headers");
        let names: Vec<&str> = file.texts().map(|it| it.0.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(names, ["a.h", "b.h", "stdin"]);
        let files = FileSources { headers: vec!["c.h".to_owned()], ..files };
        assert!(load(main, &files).expect_err("no such header").contains("'c.h' of --include was not found"));
    }

    #[test]
    fn headers_of_the_system_say_what_only_they_define() {
        if !Path::new("/usr/include/fcntl.h").is_file() {
            return println!(
                "skipped: headers_of_the_system_say_what_only_they_define: the C library's headers are missing"
            );
        }
        let script = "#include <sys/socket.h>\n#include <fcntl.h>\nbegin { print((AF_INET6, O_CREAT)); }";
        let file = load(SourceFile::new("stdin", script), &FileSources::default()).expect("headers");
        let kernel = tracedeck_compiler::kernel::fixture::FixtureKernel::new("6.12.0", 2);
        let options = tracedeck_compiler::options::CompileOptions::default();
        let (program, _) = tracedeck_compiler::analyze(&file, &kernel, &options).expect("a script");
        let text = tracedeck_compiler::hir::dump::dump(&program);
        assert!(text.contains("print((10:int8, 64:int8), site 0)"), "{text}");
    }

    #[test]
    fn what_everybody_may_write_is_refused() {
        let directory = Directory::new("writable", &[("a.bt", "macro a() { 1 }")]);
        let file = directory.path().join("a.bt");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("permissions");
        let error = load_from(directory.path(), "import \"a.bt\"; begin { }").expect_err("a file for everybody");
        assert!(error.contains("everybody may write to it") && error.contains("main.bt:1:1-15"), "{error}");
    }

    #[test]
    fn files_of_other_kinds_and_missing_ones_are_told() {
        let directory = Directory::new("kinds", &[("a.bpf.c", ""), ("b.py", "")]);
        let said = |name: &str| {
            load_from(directory.path(), &format!("import \"{name}\"; begin {{ }}")).expect_err("no script")
        };
        assert!(said("a.bpf.c").contains("compiled C is not supported"), "{}", said("a.bpf.c"));
        assert!(said("b.py").contains("must end in .bt or .h"), "{}", said("b.py"));
        assert!(said("c.bt").contains("No such file"), "{}", said("c.bt"));
    }

    #[test]
    fn headers_of_a_kernel_tree_are_found() {
        let directory = Directory::new("tree", &[]);
        std::fs::create_dir_all(directory.path().join("include/linux")).expect("a directory");
        std::fs::write(directory.path().join("include/linux/own.h"), "#define OWN(x) ((x) + 1)\n").expect("a header");
        let tree = directory.path().to_string_lossy().into_owned();
        let environment =
            [("BPFTRACE_KERNEL_SOURCE".to_owned(), tree), ("BPFTRACE_KERNEL_BUILD".to_owned(), String::new())];
        let include_directories = kernel_headers(&environment);
        assert_eq!(include_directories.len(), IN_KERNEL.len());
        let files = FileSources { include_directories, ..FileSources::default() };
        let file = load(SourceFile::new("stdin", "#include <linux/own.h>\nbegin { print(OWN(1)); }"), &files)
            .expect("a header");
        assert!(file.parts().iter().any(|part| part.text.contains("OWN")));
    }
}
