//! Load: a process that makes one cheap system call as often as it can, and says how often it did.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

#[derive(clap::Args)]
pub struct Options {
    /// Seconds of load.
    seconds: u64,
}

/// The load itself, in a process of its own: waits for a line, calls `getppid` for so long, prints the number of calls.
pub fn generate(options: &Options) -> Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut calls = 0_u64;
    while Instant::now() < end {
        // The clock is read without a system call, and seldom.
        for _ in 0..1000 {
            std::hint::black_box(std::os::unix::process::parent_id());
        }
        calls += 1000;
    }
    println!("{calls}");
    Ok(())
}

/// A load process that waits for its start.
pub struct Load {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Load {
    pub fn prepare(seconds: u64) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["load", &seconds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the load")?;
        let stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self { child, stdout })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it run to its end; the number of calls it made.
    pub fn run(mut self) -> Result<u64> {
        if let Some(mut stdin) = self.child.stdin.take() {
            stdin.write_all(b"go\n")?;
        }
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        self.child.wait()?;
        line.trim().parse().context("the load printed no number")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
