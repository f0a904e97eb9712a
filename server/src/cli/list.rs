//! `tracedeck list`: what can be probed.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::arguments::no_cache;
use crate::cache::Cache;
use crate::host::{LiveKernel, probes};

#[derive(Debug, Args)]
#[command(
    long_about = "List attach points that match a pattern.\n\n\
                  A pattern is PROVIDER:TARGET with `*` for any text, several of them separated by commas, or a word \
                  that is looked for in all providers. Without a pattern, all that this kernel lets one attach to is \
                  listed; functions of programs and libraries are listed when a pattern names the file.",
    after_help = "EXAMPLES:\n  \
                  tracedeck list 'tracepoint:syscalls:sys_enter_open*'\n  \
                  tracedeck list -v tracepoint:sched:sched_switch    with the fields that a probe can read\n  \
                  tracedeck list 'uprobe:/bin/bash:*readline*'\n  \
                  tracedeck list -v 'struct task_struct'             fields of a kernel type"
)]
pub struct ListArguments {
    /// What to look for
    pattern: Option<String>,
    /// Show the arguments that a probe can read
    #[arg(short, long)]
    verbose: bool,
    /// Look up programs and libraries as these processes see them; without a pattern, list what they have mapped, too
    #[arg(short, long, value_name = "PID[,PID]", value_delimiter = ',')]
    pid: Vec<u32>,
    /// One JSON object for each attach point
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &ListArguments) -> Result<u8> {
    print(arguments.pattern.as_deref().unwrap_or(""), &arguments.pid, arguments.verbose, arguments.json)
}

/// Writes the attach points that a pattern matches.
pub fn print(pattern: &str, pids: &[u32], verbose: bool, as_json: bool) -> Result<u8> {
    if let Some(pid) = pids.iter().find(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
        bail!("there is no process {pid}");
    }
    let kernel = LiveKernel::shared();
    if !no_cache() {
        kernel.keep_lists(Cache::of_user());
    }
    let listed = probes::list(&kernel, pattern, pids, verbose)?;
    if listed.is_empty() {
        if let Err(reason) = kernel.tracefs() {
            eprintln!("WARNING: tracepoints are not listed: {reason}");
        }
        if !pattern.is_empty() {
            eprintln!("No probe matches '{pattern}'.");
        }
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    for probe in &listed {
        if as_json {
            writeln!(out, "{}", json!({"probe": probe.attach_point, "arguments": probe.arguments}))?;
            continue;
        }
        writeln!(out, "{}", probe.attach_point)?;
        for argument in &probe.arguments {
            writeln!(out, "    {argument}")?;
        }
    }
    out.flush().context("the list could not be written")?;
    Ok(u8::from(listed.is_empty() && !pattern.is_empty()))
}
