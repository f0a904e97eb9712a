//! A kernel made of captured facts: the files below `tests/kernels/NAME`.

use std::path::{Path, PathBuf};

use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::kernel::{SourcePlace, UsdtLocation, UserObject};

/// The directory of the tests crate.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file that belongs to the tests.
///
/// # Panics
///
/// Where it cannot be read.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a directory with that ending, sorted.
pub fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The kernel of that name (`linux-6.18`) with four processors and every feature.
///
/// # Panics
///
/// On facts that cannot be read: they are part of the tests.
pub fn kernel(name: &str) -> FixtureKernel {
    kernel_at(&home().join("kernels").join(name))
}

/// The kernel whose facts are in a directory of its name.
///
/// # Panics
///
/// As [`kernel`].
pub fn kernel_at(facts: &Path) -> FixtureKernel {
    let name = facts.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let release = format!("{}.0", name.trim_start_matches("linux-"));
    let types: String =
        read(&facts.join("types.h")).lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut kernel = FixtureKernel::new(&release, 4).with_types(&types);

    for path in files(&facts.join("events"), "format") {
        let word =
            |part: Option<&std::ffi::OsStr>| part.map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let category = word(path.parent().and_then(Path::file_name));
        kernel = kernel.with_tracepoint(&category, &word(path.file_stem()), &read(&path));
    }
    for line in facts_of(&facts.join("raw_tracepoints.txt")) {
        let (name, arguments) = match line.split_once(':') {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (line.as_str(), None),
        };
        kernel = kernel.with_raw_tracepoint(name, arguments);
    }
    for line in facts_of(&facts.join("functions.txt")) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [function, result, parameters] = parts[..] else { panic!("{line}: three parts are expected") };
        let (module, name) = function.split_once(':').map_or((None, function), |(module, name)| (Some(module), name));
        kernel = kernel.with_function(module, name, parameters, (result != "void").then_some(result));
    }
    for line in facts_of(&facts.join("kernel_symbols.txt")) {
        let [name, address] = words(&line);
        kernel = kernel.with_kernel_symbol(name, number(address));
    }
    for line in facts_of(&facts.join("cgroups.txt")) {
        let [path, id] = words(&line);
        kernel = kernel.with_cgroup(path, number(id));
    }
    for line in facts_of(&facts.join("kfuncs.txt")) {
        kernel = kernel.with_kfunc(&line);
    }
    for line in facts_of(&facts.join("program_functions.txt")) {
        let [program, name] = words(&line);
        kernel = kernel.with_program(number(program) as u32, name);
    }
    kernel = binaries(kernel, &facts.join("binaries.txt"));
    kernel = debug_information(kernel, &facts.join("debug.txt"));
    usdt(kernel, &facts.join("usdt.txt"))
}

/// Code, lines and functions of files; what each line says stands in its first word.
fn debug_information(mut kernel: FixtureKernel, path: &Path) -> FixtureKernel {
    for line in facts_of(path) {
        let (kind, rest) = line.split_once(' ').unwrap_or_default();
        kernel = match kind {
            "code" => {
                let [path, offset, hex] = words(rest);
                let bytes = hex.as_bytes().chunks(2).map(|pair| {
                    let digits = std::str::from_utf8(pair).unwrap_or_default();
                    u8::from_str_radix(digits, 16).unwrap_or_else(|error| panic!("{line}: {error}"))
                });
                kernel.with_code(path, number(offset), &bytes.collect::<Vec<_>>())
            }
            "source" => {
                let [path, source, place_line, column, address, scope] = words(rest);
                let place = SourcePlace {
                    source: source.to_owned(),
                    line: number(place_line) as u32,
                    column: number(column) as u32,
                    address: number(address),
                    file_offset: 0,
                    scope: number(scope),
                };
                kernel.with_source(path, &[place])
            }
            "function" => {
                let parts: Vec<&str> = rest.split('|').map(str::trim).collect();
                let [function, result, parameters] = parts[..] else { panic!("{line}: three parts are expected") };
                let [path, address] = words(function);
                kernel.with_user_function(path, number(address), parameters, (result != "void").then_some(result))
            }
            _ => panic!("{line}: code, source or function is expected"),
        };
    }
    kernel
}

/// One line for each place of a probe, its arguments last, and one for each variable of a file.
fn usdt(mut kernel: FixtureKernel, path: &Path) -> FixtureKernel {
    for line in facts_of(path) {
        if let Some(object) = line.strip_prefix("object ") {
            let [path, name, address, size] = words(object);
            kernel = kernel.with_object(path, name, UserObject { address: number(address), size: number(size) });
            continue;
        }
        let mut parts = line.splitn(6, ' ');
        let mut word = || parts.next().unwrap_or_default().to_owned();
        let (path, provider, name) = (word(), word(), word());
        let (address, semaphore) = (number(&word()), number(&word()));
        let location =
            UsdtLocation { provider, name, address, semaphore, arguments: word(), ..UsdtLocation::default() };
        kernel = kernel.with_usdt(&path, location);
    }
    kernel
}

/// One line for each function; the lines of one file stand together.
fn binaries(mut kernel: FixtureKernel, path: &Path) -> FixtureKernel {
    let lines = facts_of(path);
    let functions: Vec<[&str; 4]> = lines.iter().map(|line| words(line)).collect();
    for group in functions.chunk_by(|left, right| left[0] == right[0]) {
        let symbols: Vec<(&str, u64, u64)> =
            group.iter().map(|[_, name, address, size]| (*name, number(address), number(size))).collect();
        kernel = kernel.with_binary(group[0][0], &symbols);
    }
    kernel
}

/// The lines of a file without comments and blank lines.
fn facts_of(path: &Path) -> Vec<String> {
    read(path).lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn words<const COUNT: usize>(line: &str) -> [&str; COUNT] {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.try_into().unwrap_or_else(|_| panic!("{line}: {COUNT} words are expected"))
}

fn number(text: &str) -> u64 {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|error| panic!("{text}: {error}"))
}
