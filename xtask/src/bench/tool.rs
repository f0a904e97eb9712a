//! The tools that are measured, and a run of one of them.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;

/// How long a tool may take to end; detaching takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Tool {
    pub name: &'static str,
    path: PathBuf,
    /// Where it keeps what it compiled, for a tool that does.
    cache: Option<Cache>,
    /// What stands before `-e` or `-l`.
    arguments: &'static [&'static str],
}

impl Tool {
    pub fn tracedeck(path: PathBuf) -> Self {
        Self { name: "tracedeck", path, cache: Some(Cache::new()), arguments: &["run"] }
    }

    /// `BPFTRACE` of the environment, or the one in `PATH`.
    pub fn bpftrace() -> Option<Self> {
        let path = match std::env::var_os("BPFTRACE") {
            Some(path) => PathBuf::from(path),
            None if shell::exists("bpftrace") => PathBuf::from("bpftrace"),
            None => return None,
        };
        Some(Self { name: "bpftrace", path, cache: None, arguments: &[] })
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.arguments).args(arguments).stdin(Stdio::null());
        if let Some(cache) = &self.cache {
            command.env("XDG_CACHE_HOME", &cache.directory);
        }
        // Long attach limits and the like of whoever measures must not change what is measured.
        command.env("BPFTRACE_LOG_SIZE", "1000000");
        command
    }

    /// Forgets what it compiled before, if it remembers such things.
    pub fn make_cold(&self) {
        if let Some(cache) = &self.cache {
            cache.clear();
        }
    }

    /// Has it run a script to its end, so that it may remember what it compiled.
    pub fn make_warm(&self, script: &str) -> Result<()> {
        let Some(cache) = &self.cache else { return Ok(()) };
        cache.clear();
        self.start(script)?.wait_for_end()?;
        // The result is stored when nobody waits for it any more.
        let asked = Instant::now();
        while cache.is_empty() {
            if asked.elapsed() > PATIENCE {
                bail!("{} stored nothing in {}", self.name, cache.directory.display());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub fn version(&self) -> String {
        let output = Command::new(&self.path).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        if text.is_empty() { self.name.to_owned() } else { text }
    }

    /// Starts a script; its output can be read while it runs.
    pub fn start(&self, script: &str) -> Result<Running> {
        let started = Instant::now();
        let mut child = self
            .command(&["-e", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.path.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let stderr = child.stderr.take().context("no standard error")?;
        Ok(Running { name: self.name, child, stdout: Some(BufReader::new(stdout)), stderr: Some(stderr), started })
    }
}

/// A directory of this measurement alone.
struct Cache {
    directory: PathBuf,
}

impl Cache {
    fn new() -> Self {
        Self { directory: std::env::temp_dir().join(format!("tracedeck-bench-{}", std::process::id())) }
    }

    fn clear(&self) {
        let _ = std::fs::remove_dir_all(&self.directory);
        // The tool makes it itself, with the permissions that it wants.
    }

    /// Whether there is no complete file in it.
    fn is_empty(&self) -> bool {
        let Ok(files) = std::fs::read_dir(self.directory.join("tracedeck")) else { return true };
        !files.flatten().any(|file| file.path().extension().is_none())
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A script under way. Dropping it ends it.
pub struct Running {
    name: &'static str,
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<ChildStderr>,
    pub started: Instant,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads until a line that contains `text`; how long after the start it came.
    pub fn wait_for(&mut self, text: &str) -> Result<Duration> {
        let stdout = self.stdout.as_mut().context("the output was taken")?;
        let mut line = Vec::new();
        loop {
            line.clear();
            if stdout.read_until(b'\n', &mut line)? == 0 {
                let mut message = String::new();
                if let Some(stderr) = self.stderr.as_mut() {
                    stderr.read_to_string(&mut message)?;
                }
                bail!("{} ended before it printed '{text}': {}", self.name, message.trim());
            }
            if String::from_utf8_lossy(&line).contains(text) {
                return Ok(self.started.elapsed());
            }
        }
    }

    /// Reads the rest; how long after the start the process ended.
    pub fn wait_for_end(&mut self) -> Result<Duration> {
        let mut stdout = self.take_stdout()?;
        std::io::copy(&mut stdout, &mut std::io::sink())?;
        self.child.wait()?;
        Ok(self.started.elapsed())
    }

    pub fn take_stdout(&mut self) -> Result<BufReader<ChildStdout>> {
        self.stdout.take().context("the output was taken")
    }

    /// Asks it to end as Ctrl-C does and waits; returns what it wrote to standard error.
    pub fn interrupt(mut self) -> Result<String> {
        // Both streams are emptied meanwhile, or a full pipe would keep it from ending.
        let stderr = self.stderr.take();
        let messages = std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut stderr) = stderr {
                let _ = stderr.read_to_string(&mut text);
            }
            text
        });
        let stdout = self.stdout.take();
        std::thread::spawn(move || stdout.map(|mut stdout| std::io::copy(&mut stdout, &mut std::io::sink())));
        let asked = Instant::now();
        for round in 0_u64.. {
            // bpftrace 0.17 misses an interrupt now and then: it is repeated every two seconds.
            if round % 200 == 0 {
                Command::new("kill").args(["-INT", &self.pid().to_string()]).status()?;
            }
            if self.child.try_wait()?.is_some() {
                break;
            }
            if asked.elapsed() > PATIENCE {
                eprintln!("    {} did not end within {} s and is killed", self.name, PATIENCE.as_secs());
                self.child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(messages.join().unwrap_or_default())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
