//! Memory, in two numbers. What a run holds: the high-water mark of its process after a second, counted by the kernel.
//! What starting it takes: the largest of all its processes, ended ones included, as `/usr/bin/time` tells it.
//!
//! tracedeck compiles in a second process, which is gone before the first event; a warm start has none.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

use super::Bench;
use super::table::{Table, Unit};
use super::tool::Tool;

/// Name and probe; each ends by itself after a second and a half.
const SCRIPTS: [(&str, &str); 2] = [
    ("memory: one tracepoint", "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"),
    ("memory: profile with stacks", "profile:hz:99 { @[kstack, ustack, comm] = count(); }"),
];

/// The largest process of a command, for a measurement: runs it in a process that has no other children.
#[derive(clap::Args)]
pub struct Options {
    /// The command with its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for (what, probe) in SCRIPTS {
        let script = format!(
            r#"BEGIN {{ printf("attached\n"); }} {probe} interval:ms:100 {{ @n += 1; if (@n == 15) {{ exit(); }} }}"#
        );
        for is_warm in [false, true] {
            let how = if is_warm { "warm" } else { "cold" };
            let prepare = |tool: &Tool| {
                if is_warm {
                    return tool.make_warm(&script);
                }
                tool.make_cold();
                Ok(())
            };
            let each = |of: &dyn Fn(&Tool) -> Result<f64>| {
                bench
                    .tools
                    .iter()
                    .map(|tool| prepare(tool).and_then(|()| of(tool)).map(Some))
                    .collect::<Result<Vec<_>>>()
            };
            table.add(format!("{what}, {how}, held"), Unit::Megabytes, &each(&|tool| held(tool, &script))?);
            table.add(
                format!("{what}, {how}, largest process"),
                Unit::Megabytes,
                &each(&|tool| largest(tool, &["-e", &script]))?,
            );
        }
    }
    Ok(())
}

/// Megabytes of the run's process after a second.
fn held(tool: &Tool, script: &str) -> Result<f64> {
    let mut running = tool.start(script)?;
    running.wait_for("attached")?;
    std::thread::sleep(Duration::from_secs(1));
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    running.wait_for_end()?;
    Ok(megabytes(kilobytes))
}

/// Megabytes of the largest process, its end and all.
pub fn largest(tool: &Tool, arguments: &[&str]) -> Result<f64> {
    let command = tool.command(arguments);
    let output = Command::new(std::env::current_exe()?)
        .args(["peak", "--"])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(megabytes(text.trim().parse().with_context(|| format!("no number: {text}"))?))
}

fn megabytes(kilobytes: f64) -> f64 {
    kilobytes * 1024.0 / 1e6
}

/// Prints the kilobytes of the largest process that a command became or waited for.
pub fn print_peak(options: &Options) -> Result<()> {
    let (program, arguments) = options.command.split_first().context("no command")?;
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    Ok(())
}
