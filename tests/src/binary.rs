//! Running the real `tracedeck` binary as a person would.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Where cargo puts the binaries of this build.
pub fn target_directory() -> PathBuf {
    // target/debug/deps/kernel-HASH -> target/debug
    let executable = std::env::current_exe().expect("the path of the test");
    executable.ancestors().nth(2).expect("a target directory").to_owned()
}

/// `TRACEDECK` of the environment, or the binary beside this test.
pub fn tracedeck() -> PathBuf {
    if let Some(path) = std::env::var_os("TRACEDECK") {
        return PathBuf::from(path);
    }
    let path = target_directory().join("tracedeck");
    assert!(path.exists(), "{} is missing: build it with `cargo build -p tracedeck`", path.display());
    path
}

/// What a finished run said.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }
}

impl Run {
    /// Fails the test with all the run said unless it ended with this status.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The run's JSON lines, each parsed.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in: {line}")))
            .collect()
    }

    /// The last content of a map among the JSON lines.
    #[track_caller]
    pub fn map(&self, name: &str) -> serde_json::Value {
        self.json()
            .iter()
            .rev()
            .find_map(|message| message["data"].get(name).cloned())
            .unwrap_or_else(|| panic!("no map {name} in:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// The texts of all `printf` messages among the JSON lines.
    pub fn printed(&self) -> Vec<String> {
        let texts = self.json().into_iter().filter(|message| message["type"] == "printf");
        texts.filter_map(|message| message["data"].as_str().map(str::to_owned)).collect()
    }
}

/// `tracedeck run` with these arguments, to its end.
pub fn run(arguments: &[&str]) -> Run {
    command(arguments).output().expect("starting tracedeck").into()
}

/// `tracedeck run`, ready to be spawned.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(tracedeck());
    command.arg("run").args(arguments).stdin(Stdio::null());
    // What an earlier test compiled must not be what this one sees.
    command.env("TRACEDECK_NO_CACHE", "1");
    // Settings of the person who runs the tests must not change what they see.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BPFTRACE_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a script with JSON output while the target program does its work.
pub fn trace(script: &str, work: &str) -> Run {
    run(&["-f", "json", "-c", &super::target::command(work), "-e", script]).expect_code(0)
}

/// Runs a script until it is stopped; `work` is done while its probes are attached, and may wait for more messages.
pub fn traced(options: &[&str], script: &str, work: impl FnOnce(&mut Child)) -> Run {
    let arguments: Vec<&str> = options.iter().copied().chain(["-e", script]).collect();
    let tracer = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tracedeck");
    let mut guard = Ended(Some(tracer));
    let tracer = guard.0.as_mut().expect("it was started");
    // With JSON, the number of probes is a message like others.
    let before = if options.contains(&"json") {
        let read = try_read_until(tracer.stdout.as_mut().expect("its output"), "attached_probes");
        read.unwrap_or_else(|seen| {
            let mut messages = String::new();
            let _ = tracer.stderr.as_mut().expect("its messages").read_to_string(&mut messages);
            panic!("it ended before it attached its probes: {seen}\n{messages}")
        })
    } else {
        wait_until_attached(tracer);
        String::new()
    };
    work(tracer);
    // It may have ended with its process.
    let _ = Command::new("kill").args(["-INT", &tracer.id().to_string()]).stderr(Stdio::null()).status();
    let tracer = guard.0.take().expect("it was started");
    let mut run = Run::from(tracer.wait_with_output().expect("its output")).expect_code(0);
    run.stdout.insert_str(0, &before);
    run
}

/// A process that does not outlive its test, whichever way that ends.
struct Ended(Option<Child>);

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended before.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Reads the messages of a tracer with text output until it says that its probes are attached.
///
/// # Panics
///
/// Where it ends before.
pub fn wait_until_attached(tracer: &mut Child) {
    wait_for_message(tracer, "Attached");
}

/// Reads the messages of a tracer until one of them says this; returns the message.
///
/// # Panics
///
/// Where it ends before.
pub fn wait_for_message(tracer: &mut Child, words: &str) -> String {
    let read = read_until(tracer.stderr.as_mut().expect("its messages"), words);
    read.lines().last().unwrap_or_default().to_owned()
}

/// Reads lines, up to and with the first that has these words.
///
/// # Panics
///
/// Where there is no such line.
pub fn read_until(from: &mut impl Read, words: &str) -> String {
    try_read_until(from, words).unwrap_or_else(|seen| panic!("it ended before it said '{words}': {seen}"))
}

/// The same; the error is all that was read.
fn try_read_until(from: &mut impl Read, words: &str) -> Result<String, String> {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    let mut line = 0;
    loop {
        match from.read(&mut byte) {
            Ok(1) => seen.push(byte[0]),
            _ => return Err(String::from_utf8_lossy(&seen).into_owned()),
        }
        if byte[0] == b'\n' {
            if String::from_utf8_lossy(&seen[line..]).contains(words) {
                return Ok(String::from_utf8_lossy(&seen).into_owned());
            }
            line = seen.len();
        }
    }
}

/// The numbers of the BPF programs that a process holds.
pub fn programs_of(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
    let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    let program = |text: String| text.lines().find_map(|line| line.strip_prefix("prog_id:")?.trim().parse().ok());
    let mut found: Vec<u32> = texts.filter_map(program).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// BPF programs that the kernel holds, by id, as `bpftool` sees them.
pub fn loaded_programs() -> Vec<u64> {
    let output = Command::new("bpftool").args(["-j", "prog", "list"]).output().expect("bpftool");
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut ids: Vec<u64> =
        list.as_array().into_iter().flatten().filter_map(|program| program["id"].as_u64()).collect();
    ids.sort_unstable();
    ids
}

/// A file of the source tree of this crate.
pub fn source_path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}
