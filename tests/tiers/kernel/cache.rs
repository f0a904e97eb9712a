//! Scripts that were compiled before: the same output without the compiler, and none of it where anything differs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracedeck_tests::binary::{Run, command};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::{TemporaryPath, target};

/// What the log says when the compiler was not needed.
const FOUND: &str = "compiled before";

/// A run with a cache of its own.
fn run_with(cache: &Path, arguments: &[&str]) -> Run {
    let mut command = command(arguments);
    command.env_remove("TRACEDECK_NO_CACHE").env("XDG_CACHE_HOME", cache).env("TRACEDECK_LOG", "tracedeck=debug");
    command.output().expect("starting tracedeck").into()
}

/// The complete files of a cache, when there are as many: what was compiled is stored when nobody waits for it.
fn stored(cache: &Path, count: usize) -> Vec<PathBuf> {
    let started = Instant::now();
    loop {
        let files: Vec<PathBuf> = std::fs::read_dir(cache.join("tracedeck"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path())
            .filter(|path| path.extension().is_none())
            .collect();
        if files.len() == count {
            return files;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{files:?} instead of {count} files");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_second_start_prints_the_same_without_compiling_warnings_included() {
    require_tracing!();
    let cache = TemporaryPath::new("cache");
    let script = r#"begin { $unused = 1; @[3] = count(); printf("%s %d\n", "hello", $1); exit(); }"#;
    let first = run_with(cache.path(), &["-e", script, "42"]).expect_code(0);
    assert!(!first.stderr.contains(FOUND), "{}", first.stderr);
    let files = stored(cache.path(), 1);
    for (path, mode) in [(cache.path().join("tracedeck"), 0o700), (files[0].clone(), 0o600)] {
        let found = std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
    let second = run_with(cache.path(), &["-e", script, "42"]).expect_code(0);
    assert!(second.stderr.contains(FOUND), "{}", second.stderr);
    assert_eq!(first.stdout, second.stdout);
    assert!(second.stdout.contains("hello 42") && second.stdout.contains("@[3]: 1"), "{}", second.stdout);
    let warnings = |run: &Run| run.stderr.lines().filter(|line| line.contains("WARNING")).count();
    assert_eq!(warnings(&first), warnings(&second), "{}\n{}", first.stderr, second.stderr);
}

#[test]
fn a_start_by_another_process_finds_programs_that_leave_the_tracer_out() {
    require_tracing!();
    let scripts = [
        "tracepoint:raw_syscalls:sys_enter { @ = count(); exit(); }",
        "profile:hz:999 { @[kstack] = count(); exit(); }",
        "software:cpu-clock:100000 { @[pid] = count(); exit(); }",
    ];
    for script in scripts {
        let cache = TemporaryPath::new("cache");
        let first = run_with(cache.path(), &["-e", script]).expect_code(0);
        assert!(!first.stderr.contains(FOUND), "{script}: {}", first.stderr);
        stored(cache.path(), 1);
        // Each start has another process number.
        let second = run_with(cache.path(), &["-e", script]).expect_code(0);
        assert!(second.stderr.contains(FOUND), "{script}: {}", second.stderr);
        assert!(second.stdout.contains('@'), "{script}: {}", second.stdout);
        stored(cache.path(), 1);
    }
}

#[test]
fn another_parameter_and_a_damaged_file_are_compiled_anew() {
    require_tracing!();
    let cache = TemporaryPath::new("cache");
    let script = r#"begin { printf("%d\n", $1); exit(); }"#;
    run_with(cache.path(), &["-e", script, "1"]).expect_code(0);
    let [first] = &stored(cache.path(), 1)[..] else { panic!("one file") };
    let other = run_with(cache.path(), &["-e", script, "2"]).expect_code(0);
    assert!(!other.stderr.contains(FOUND) && other.stdout.contains('2'), "{other:?}");
    stored(cache.path(), 2);

    let mut bytes = std::fs::read(first).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(first, bytes).expect("writable");
    let again = run_with(cache.path(), &["-e", script, "1"]).expect_code(0);
    assert!(!again.stderr.contains(FOUND) && again.stdout.contains('1'), "{again:?}");
}

#[test]
fn a_program_that_was_rebuilt_is_looked_at_again() {
    require_tracing!();
    let (cache, copy) = (TemporaryPath::new("cache"), TemporaryPath::new("program"));
    std::fs::copy(target(), copy.path()).expect("a copy of the program");
    let script =
        format!("uprobe:{}:counted_function {{ @ = count(); }} end {{ printf(\"end\\n\"); }}", copy.path().display());
    let work = format!("{} call 7 0", copy.path().display());
    let arguments = ["-c", work.as_str(), "-e", script.as_str()];
    run_with(cache.path(), &arguments).expect_code(0);
    stored(cache.path(), 1);
    let second = run_with(cache.path(), &arguments).expect_code(0);
    assert!(second.stderr.contains(FOUND) && second.stdout.contains("@: 7"), "{second:?}");

    // The same bytes in another file: its addresses might be others.
    std::fs::remove_file(copy.path()).expect("removable");
    std::fs::copy(target(), copy.path()).expect("a copy of the program");
    let third = run_with(cache.path(), &arguments).expect_code(0);
    assert!(!third.stderr.contains(FOUND) && third.stdout.contains("@: 7"), "{third:?}");
}

#[test]
fn without_the_cache_nothing_is_read_or_written() {
    require_tracing!();
    let cache = TemporaryPath::new("cache");
    let script = "begin { exit(); }";
    run_with(cache.path(), &["-e", script]).expect_code(0);
    stored(cache.path(), 1);
    let without = run_with(cache.path(), &["--no-cache", "-e", script]).expect_code(0);
    assert!(!without.stderr.contains(FOUND), "{}", without.stderr);
    let mistake = run_with(cache.path(), &["-e", "begin { printf(1); }"]).expect_code(1);
    assert!(mistake.stderr.contains("ERROR"), "{}", mistake.stderr);
    stored(cache.path(), 1);
}
