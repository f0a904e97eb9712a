//! One script through both tools, and the comparison of what they said.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tracedeck_tests::binary::{self, Run};
use tracedeck_tests::{skip, target};

/// A script and how it is run. `TARGET` in it is the path of the program to trace.
pub struct Peer {
    script: String,
    options: &'static [&'static str],
    parameters: &'static [&'static str],
    /// Arguments of the target program for `-c`.
    child: Option<&'static str>,
    /// Arguments of a target program that runs already, for `-p`.
    process: Option<&'static str>,
    is_ordered: bool,
    fails: bool,
}

impl From<&str> for Peer {
    fn from(script: &str) -> Self {
        Self {
            script: script.to_owned(),
            options: &[],
            parameters: &[],
            child: None,
            process: None,
            is_ordered: true,
            fails: false,
        }
    }
}

pub fn script(text: &str) -> Peer {
    text.into()
}

impl Peer {
    pub fn options(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    pub fn parameters(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }

    /// Runs the target program with these arguments, by `-c`.
    pub fn child(self, arguments: &'static str) -> Self {
        Self { child: Some(arguments), ..self }
    }

    /// Attaches to a target program that runs already, by `-p`.
    pub fn process(self, arguments: &'static str) -> Self {
        Self { process: Some(arguments), ..self }
    }

    /// The lines may come in any order.
    pub fn any_order(self) -> Self {
        Self { is_ordered: false, ..self }
    }

    /// Neither takes the script: nothing on the standard output, an error on the other, the same status.
    pub fn fails(self) -> Self {
        Self { fails: true, ..self }
    }

    /// Runs it to its end; `command` is the tool.
    fn run(&self, mut command: Command, program: &Path, format: &str) -> Run {
        command.args(["-f", format]).args(self.options);
        if let Some(arguments) = self.child {
            command.args(["-c", &format!("{} {arguments}", program.display())]);
        }
        let process = self.process.map(|arguments| Process::start(program, arguments));
        if let Some(process) = &process {
            command.args(["-p", &process.0.id().to_string()]);
        }
        let script = self.script.replace("TARGET", &program.display().to_string());
        // Older versions do not know lines of sources.
        command.env("BPFTRACE_SHOW_DEBUG_INFO", "false");
        command.arg("-e").arg(script).args(self.parameters).stdin(Stdio::null());
        command.output().expect("starting the tool").into()
    }

    #[track_caller]
    fn agrees(&self, bpftrace: &Path, program: &Path, format: &str) {
        let theirs = self.run(Command::new(bpftrace), program, format);
        let ours = self.run(binary::command(&[]), program, format);
        let context = format!("-f {format} {}\ntheirs: {}\nours: {}", self.script, theirs.stderr, ours.stderr);
        assert_eq!(theirs.code == Some(0), !self.fails, "bpftrace ended with {:?}: {context}", theirs.code);
        assert_eq!(ours.code, theirs.code, "{context}");
        if self.fails {
            assert!(theirs.stderr.contains("ERROR"), "{context}");
            assert!(ours.stderr.contains("ERROR"), "{context}");
        }
        let (mut ours, mut theirs) = (lines(&ours.stdout), lines(&theirs.stdout));
        if format == "json" {
            // Older versions print the blank lines of the text form here, too.
            theirs.retain(|line| !line.is_empty());
        }
        if !self.is_ordered {
            ours.sort();
            theirs.sort();
        }
        if format == "json" {
            // Same values, whatever the spaces.
            assert_eq!(values(&ours, &context), values(&theirs, &context), "{context}");
        } else {
            assert_eq!(ours.join("\n").trim_end(), theirs.join("\n").trim_end(), "{context}");
        }
    }
}

/// The values of lines of JSON.
#[track_caller]
fn values(lines: &[String], context: &str) -> Vec<Value> {
    let value = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{context}"));
    lines.iter().map(value).collect()
}

/// The lines that the script printed. Older versions announce on standard output what newer ones say on standard error,
/// and put a space behind the names of histograms.
fn lines(output: &str) -> Vec<String> {
    output
        .lines()
        .filter(|line| !line.starts_with("Attaching ") && !line.contains("\"attached_probes\""))
        .map(|line| line.trim_end().to_owned())
        .skip_while(String::is_empty)
        .collect()
}

/// A target program that runs until the test is over.
struct Process(Child);

impl Process {
    fn start(program: &Path, arguments: &str) -> Self {
        let mut command = Command::new(program);
        command.args(arguments.split(' ')).stdin(Stdio::null());
        Self(command.spawn().expect("starting the target"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A copy of the program to trace: probes of its functions see no other test's processes.
fn own_target(peer: &Peer, directory: &Path) -> PathBuf {
    let needs_one = peer.child.is_some() || peer.process.is_some() || peer.script.contains("TARGET");
    let copy = directory.join("td_target");
    if needs_one {
        std::fs::create_dir(directory).expect("a directory");
        std::fs::copy(target::target(), &copy).expect("copying the target");
    }
    copy
}

/// `BPFTRACE` of the environment, or the one in `PATH`.
fn bpftrace() -> Option<&'static PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let path = std::env::var_os("BPFTRACE").map_or_else(|| PathBuf::from("bpftrace"), PathBuf::from);
            Command::new(&path).arg("--version").stdout(Stdio::null()).status().ok().map(|_| path)
        })
        .as_ref()
}

/// Runs the script in both and compares what they print.
#[track_caller]
pub fn agree(name: &str, peer: impl Into<Peer>) {
    let peer = peer.into();
    if let Some(reason) = skip::no_tracing() {
        return skip::skip(name, reason);
    }
    let Some(bpftrace) = bpftrace() else {
        return skip::skip(name, "bpftrace is not installed");
    };
    let directory = target::TemporaryPath::new("peer");
    let program = own_target(&peer, directory.path());
    for format in ["text", "json"] {
        peer.agrees(bpftrace, &program, format);
    }
}

/// One test for each script, named after what it claims.
macro_rules! peers {
    ($($name:ident: $peer:expr;)*) => {
        $(#[test]
        fn $name() {
            crate::harness::agree(stringify!($name), $peer);
        })*

        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}
pub(crate) use peers;
