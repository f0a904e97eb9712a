//! Load: a process that makes one cheap system call as often as it can, and says how often it did.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

#[derive(clap::Args)]
pub struct Options {
    /// Seconds of load.
    seconds: u64,
    /// Which system call.
    #[arg(long, value_enum, default_value_t = Call::Getppid)]
    call: Call,
    /// Call now and then while it waits for its start, so that a tracer can be seen to be attached.
    #[arg(long)]
    early: bool,
}

/// The system call that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Call {
    Getppid,
    /// 100 bytes to /dev/null.
    Write,
    /// A file that does not exist.
    Open,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Getppid => "getppid",
            Self::Write => "write",
            Self::Open => "open",
        }
    }

    fn make(self, null: &mut File) -> Result<()> {
        match self {
            Self::Getppid => drop(std::hint::black_box(std::os::unix::process::parent_id())),
            Self::Write => null.write_all(&[0; 100])?,
            Self::Open => drop(std::hint::black_box(File::open(Path::new("/no/such/file")))),
        }
        Ok(())
    }
}

/// The load itself, in a process of its own: waits for a line, makes its call for so long, prints the number of calls.
pub fn generate(options: &Options) -> Result<()> {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let mut null = OpenOptions::new().write(true).open("/dev/null")?;
    let waiting = std::thread::spawn(|| {
        let read = std::io::stdin().read_line(&mut String::new());
        STARTED.store(true, Ordering::Relaxed);
        read
    });
    while options.early && !STARTED.load(Ordering::Relaxed) {
        options.call.make(&mut null)?;
        std::thread::sleep(Duration::from_millis(1));
    }
    if let Ok(read) = waiting.join() {
        read?;
    }
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut calls = 0_u64;
    while Instant::now() < end {
        // The clock is read without a system call, and seldom.
        for _ in 0..1000 {
            options.call.make(&mut null)?;
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
    /// Calls of `getppid`, none before they are asked for.
    pub fn prepare(seconds: u64) -> Result<Self> {
        Self::start(&[&seconds.to_string()])
    }

    /// Calls that begin at once, a few.
    pub fn prepare_early(call: Call, seconds: u64) -> Result<Self> {
        Self::start(&[&seconds.to_string(), "--early", "--call", call.name()])
    }

    fn start(arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("load")
            .args(arguments)
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
