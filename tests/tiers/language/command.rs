//! What the command line does with its words, without tracing anything.

use std::fs;
use std::process::{Command, Stdio};

use tracedeck_tests::binary::{Run, run, target_directory, tracedeck};

/// A sub-command, to its end.
fn tracedeck_with(words: &[&str]) -> Run {
    Command::new(tracedeck()).args(words).stdin(Stdio::null()).output().expect("starting tracedeck").into()
}

/// A directory of this test's own.
fn directory(name: &str) -> std::path::PathBuf {
    let path = target_directory().join("command-tests").join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&path).expect("a directory");
    path
}

const MESSY: &str = "// Counts.\nbegin{@a=1;// one\n\n\nif(@a==1){print( \"\\x41\" )}}\n";
const TIDY: &str = "// Counts.\nbegin {\n  @a = 1; // one\n\n  if (@a == 1) {\n    print(\"\\x41\")\n  }\n}\n";

#[test]
fn fmt_prints_checks_and_rewrites() {
    let directory = directory("fmt");
    let path = directory.join("script.bt");
    let file = path.to_str().expect("UTF-8");
    fs::write(&path, MESSY).expect("a file");
    assert_eq!(tracedeck_with(&["fmt", file]).expect_code(0).stdout, TIDY);
    assert_eq!(tracedeck_with(&["fmt", "--check", file]).expect_code(1).stdout, format!("{file}\n"));
    tracedeck_with(&["fmt", "--write", file]).expect_code(0);
    assert_eq!(fs::read_to_string(&path).expect("the file"), TIDY);
    assert_eq!(tracedeck_with(&["fmt", "--check", file]).expect_code(0).stdout, "");
    assert_eq!(run(&["--fmt", file]).expect_code(0).stdout, TIDY);
    assert_eq!(run(&["--mode", "format", "-e", MESSY]).expect_code(0).stdout, TIDY);
    let wrong = tracedeck_with(&["fmt", "-e", "begin { @a = }"]).expect_code(1);
    assert!(wrong.stderr.starts_with("stdin:1:14-15: ERROR: "), "{}", wrong.stderr);
    fs::remove_dir_all(directory).expect("to clean up");
}

#[test]
fn explain_tells_types_layouts_and_sizes() {
    let script = "begin { $x = (uint16)7; @by[comm, $x] = count(); @one = 5; printf(\"%d\\n\", $x); }";
    let text = tracedeck_with(&["explain", "-e", script]).expect_code(0).stdout;
    for part in [
        "instructions, 1 attach point\n  begin\n  $x : uint16\n",
        "Map @by[(string[16],uint16)] : count_t (line 1)\n  hash table, 4096 entries at most: key of 18 bytes, value of 8 bytes on each of ",
        "Map @one : int8 (line 1)\n  1 bytes in memory\n",
        "Record (line 1): printf, ",
        "Kernel memory: at most ",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    tracedeck_with(&["explain", "-e", "begin { @a = foo; }"]).expect_code(1);
}

#[test]
fn artefacts_are_written_instead_of_running() {
    let directory = directory("emit");
    let file = |name: &str| directory.join(name).to_str().expect("UTF-8").to_owned();
    let run = run(&["--emit-elf", &file("x.o"), "--emit-llvm", &file("x"), "-e", "begin { @one = 1; }"]).expect_code(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert!(fs::read(file("x.o")).expect("the object").starts_with(b"\x7fELF"));
    for name in ["x.original.ll", "x.optimized.ll"] {
        assert!(fs::read_to_string(file(name)).expect("the IR").contains("target triple = \"bpf"), "{name}");
    }
    fs::remove_dir_all(directory).expect("to clean up");
}

#[test]
fn stages_are_shown_by_bpftraces_names_and_ours() {
    let show = |stage| run(&["-d", stage, "-e", "begin { @one = 1; }"]).expect_code(0).stdout;
    assert_eq!(show("ast"), show("parse"));
    assert_eq!(show("types"), show("hir"));
    assert!(show("types").contains("map @one: int8"));
    assert!(show("codegen").contains("define"));
    assert!(show("codegen-opt").contains("define"));
    assert!(show("dis").contains("exit"));
    let unknown = run(&["-d", "tokens", "-e", "begin { }"]).expect_code(1);
    assert!(unknown.stderr.contains("'tokens' is not a stage: choose among ast, hir"), "{}", unknown.stderr);
}

#[test]
fn usage_errors_and_mistakes_in_scripts_have_status_1() {
    for words in [
        &["-e", "begin { @ = foo; }"][..],
        &["--no-such-option"],
        &[],
        &["/nonexistent.bt"],
        &["-p", "0", "-e", "begin { }"],
        &["-p", "9999999", "-e", "begin { }"],
        &["-k", "--no-warnings", "-e", "begin { }"],
        &["-k", "-k", "-e", "begin { }"],
        &["-p", "1", "-c", "true", "-e", "begin { }"],
        &["-f", "xml", "-e", "begin { }"],
        &["-B", "page", "-e", "begin { }"],
        &["--no-feature", "tea", "-e", "begin { }"],
        &["--aot", "x", "-e", "begin { }"],
        &["--mode", "codegen", "--probe-filter", "(", "-e", "begin { }"],
    ] {
        let run = run(words).expect_code(1);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{words:?}: {run:?}");
    }
}

#[test]
fn a_probe_filter_must_leave_a_probe() {
    let filtered = |pattern, script| run(&["--mode", "codegen", "--probe-filter", pattern, "-e", script]);
    let script = "software:faults:1 { @a = 1; } software:cpu-migrations:1 { @b = 1; }";
    filtered("^software:page", script).expect_code(1);
    filtered("migrations", script).expect_code(0);
    let none = filtered("^kprobe", script).expect_code(1);
    assert!(none.stderr.contains("No probe of this script matches the probe filter '^kprobe'"), "{}", none.stderr);
    filtered("^kprobe", "begin { @a = 1; }").expect_code(0);
}

#[test]
fn help_and_version_go_to_the_standard_output() {
    for words in
        [&["--help"][..], &["run", "-h"], &["run", "--help"], &["--version"], &["fmt", "--help"], &["explain", "-h"]]
    {
        let run = tracedeck_with(words).expect_code(0);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{words:?}");
    }
    let help = tracedeck_with(&["run", "--help"]).stdout;
    for part in ["EXAMPLES:", "EXIT STATUS:", "SIGNALS:", "ENVIRONMENT:", "--probe-filter <REGEX>"] {
        assert!(help.contains(part), "{part}");
    }
}

#[test]
fn called_as_bpftrace_it_is_bpftrace() {
    let directory = directory("name");
    let link = directory.join("bpftrace");
    std::os::unix::fs::symlink(tracedeck(), &link).expect("a link");
    let run = |words: &[&str]| Run::from(Command::new(&link).args(words).stdin(Stdio::null()).output().expect("it"));
    assert!(run(&["-V"]).expect_code(0).stdout.starts_with("bpftrace v0.26"));
    assert!(run(&["-h"]).expect_code(0).stdout.contains("Usage: bpftrace [OPTIONS] FILE"));
    assert_eq!(run(&["--fmt", "-e", "begin{}"]).expect_code(0).stdout, "begin {}\n");
    fs::remove_dir_all(directory).expect("to clean up");
}

#[test]
fn info_has_its_sections() {
    let text = run(&["--info"]).expect_code(0).stdout;
    for section in [
        "System\n",
        "\nBuild\n",
        "\nKernel helpers\n",
        "\nKernel features\n",
        "\nProbe types\n",
        "  bpf_loop: ",
        "  OS: Linux ",
    ] {
        assert!(text.contains(section), "{section:?} is not in\n{text}");
    }
}
