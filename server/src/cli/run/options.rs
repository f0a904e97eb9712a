//! The options of `tracedeck run`, bpftrace's among them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, ValueEnum};
use tracedeck_compiler::options::ProcessFilter;

use crate::cli::arguments::ScriptParameters;

/// Process ids of Linux are smaller (`PID_MAX_LIMIT`).
const MAX_PID: u32 = 0x40_0000;
/// Programs test one number after the other.
const MAX_PIDS: usize = 64;

#[derive(Debug, Parser)]
#[command(
    version,
    display_name = "tracedeck",
    about = "Run a script in the terminal",
    long_about = "Compile a script, attach its probes to the running kernel, and write what it says. It ends by itself \
                  when the script calls exit(), with Ctrl-C, or with the process that -c or -p names; then its maps \
                  are printed.",
    override_usage = "tracedeck run [OPTIONS] FILE [PARAMETER]... [-- --NAME=VALUE...]\n       \
                      tracedeck run [OPTIONS] -e 'PROGRAM' [PARAMETER]...\n       \
                      tracedeck run -l [PATTERN]",
    after_help = "EXAMPLES:\n  \
      tracedeck run -e 't:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm, str(args.filename)); }'\n  \
      tracedeck run -e 'profile:hz:99 { @[comm] = count(); }'\n  \
      tracedeck run -c 'sleep 1' script.bt              trace while a command runs\n  \
      tracedeck run script.bt 100 -- --name=nginx       parameters: $1 and getopt(\"name\")\n  \
      tracedeck run -l 't:sched:*'                      list probes; -lv with their arguments\n  \
      tracedeck run --flame cpu.svg -e 'profile:hz:99 { @[kstack, ustack, comm] = count(); }'\n  \
      tracedeck run -f folded -e 'profile:hz:99 { @[comm, ustack] = count(); }' > stacks.txt\n\n\
      EXIT STATUS: 0, or the argument of exit(); 1 for a mistake in the script or the arguments; 2 when the compiler \
      fails; 255 when the probes could not be loaded or attached.\n\n\
      SIGNALS: SIGINT and SIGTERM end the run: end probes run, maps are printed. A second one, a second later, ends \
      tracedeck at once.\n\n\
      ENVIRONMENT: BPFTRACE_* variables set keys of the config block and win over it (BPFTRACE_MAX_STRLEN=64). \
      TRACEDECK_LOG=debug tells what the program does.\n\n\
      FILES: compiled scripts are kept in ~/.cache/tracedeck ($XDG_CACHE_HOME), so that the next start is quicker; \
      --no-cache or TRACEDECK_NO_CACHE=1 does without."
)]
pub struct RunArguments {
    /// The script's text
    #[arg(short = 'e', value_name = "PROGRAM")]
    pub(super) program: Option<String>,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) output: OutputArguments,
    /// List probes that match a pattern, or those of a script
    #[arg(short, long)]
    pub(super) list: bool,
    /// Say more; with -l, show what probes can read
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Tell at the end how often each probe fired and how long that took; so does -v
    ///
    /// The kernel measures while the script runs, which adds about 50 ns to each hit. With -f json it is a line of the type
    /// `probe_stats`.
    #[arg(long)]
    pub(super) stats: bool,
    /// Do not say how many probes are attached
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Warn of failed reads of memory while the script runs
    #[arg(short = 'k', long = "warnings", action = ArgAction::Count)]
    pub(super) warnings: u8,
    /// No warnings at all
    #[arg(long, conflicts_with = "warnings")]
    pub(super) no_warnings: bool,
    /// Permit functions that change the system: system(), signal(), ...
    #[arg(long = "unsafe")]
    pub(super) allow_unsafe: bool,
    /// End after attaching
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print what stages make of the script, and end: ast, hir, ir, ir-opt, bytecode, manifest, verifier, all
    #[arg(short = 'd', long = "debug", value_name = "STAGE[,STAGE]")]
    pub(super) debug: Option<String>,
    /// Tell what this kernel can do
    #[arg(long)]
    pub(super) info: bool,
    #[command(flatten)]
    pub(super) compiling: CompilingArguments,
    #[command(flatten)]
    pub(super) artefacts: Artefacts,
    /// Look for debug information here, too; several directories are separated by colons
    #[arg(long, value_name = "DIR[:DIR]")]
    pub(super) debuginfo: Option<String>,
    /// Not supported: there is no dw_ustack
    #[arg(long, value_name = "PID", hide = true)]
    pub(super) dwarf_pid: Vec<u32>,
    /// No effect, for compatibility
    #[arg(short = 'b', long, hide = true)]
    pub(super) btf: bool,
    /// No effect, for compatibility
    #[arg(long, hide = true)]
    pub(super) usdt_file_activation: bool,
    /// FILE, or `-` for the standard input; then the script's parameters
    #[arg(value_name = "FILE [PARAMETER]...", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}

impl RunArguments {
    /// How many positional parameters a program of -e is given.
    pub fn positional(&self) -> anyhow::Result<usize> {
        Ok(ScriptParameters::from_arguments(&self.arguments)?.positional.len())
    }

    /// With `-l PATTERN`, what follows is no parameter of a script: bpftrace lets options stand there.
    pub(super) fn take_options_behind_pattern(&mut self) -> anyhow::Result<()> {
        if self.arguments.len() < 2 {
            return Ok(());
        }
        let behind = self.arguments.split_off(1);
        let more = Self::try_parse_from(std::iter::once(OsString::from("tracedeck run")).chain(behind))?;
        if let Some(word) = more.arguments.first() {
            anyhow::bail!("-l takes one pattern, '{}' is another; a comma joins several", word.display());
        }
        self.target.pid.extend(more.target.pid);
        self.verbose += more.verbose;
        Ok(())
    }
}

/// What changes what the compiler makes of the script.
#[derive(Debug, Args)]
pub(super) struct CompilingArguments {
    /// Look for headers of the script in this directory, too
    #[arg(short = 'I', value_name = "DIR")]
    pub(super) include_directories: Vec<PathBuf>,
    /// Read this header before the script
    #[arg(long = "include", value_name = "FILE")]
    pub(super) headers: Vec<String>,
    /// Use only probes whose whole name matches a regular expression somewhere; begin and end always
    #[arg(long, value_name = "REGEX")]
    pub(super) probe_filter: Option<String>,
    /// Do without features of the kernel: kprobe_multi, kprobe_session, uprobe_multi
    #[arg(long, value_name = "FEATURE[,FEATURE]", value_delimiter = ',')]
    pub(super) no_feature: Vec<NoFeature>,
    /// Take the functions that can be probed from a file, one `NAME` or `NAME [MODULE]` a line
    #[arg(long, value_name = "FILE")]
    pub(super) traceable_functions: Option<PathBuf>,
    /// Compile the script although it was compiled before
    #[arg(long)]
    pub(super) no_cache: bool,
    /// What to do instead of running the script
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) mode: Option<Mode>,
    /// Run the script's tests, its `test:NAME` probes, instead of its other probes
    #[arg(long)]
    pub(super) test: bool,
    /// Measure the script's benchmarks, its `bench:NAME` probes, instead of running its other probes
    #[arg(long, conflicts_with = "test")]
    pub(super) bench: bool,
    /// Attach to hundreds of functions without asking; a run without a terminal never asks
    #[arg(long)]
    pub(super) yes: bool,
    /// Print the script in one layout, and end; see `tracedeck fmt`
    #[arg(long)]
    pub(super) fmt: bool,
    /// No effect: the code is always verified
    #[arg(long, hide = true)]
    pub(super) verify_llvm_ir: bool,
}

/// Files to write instead of running the script.
#[derive(Debug, Args)]
pub(super) struct Artefacts {
    /// Write the programs as an ELF object, and end
    #[arg(long, value_name = "FILE")]
    pub(super) emit_elf: Option<PathBuf>,
    /// Write the LLVM IR to FILE.original.ll and FILE.optimized.ll, and end
    #[arg(long, value_name = "FILE")]
    pub(super) emit_llvm: Option<PathBuf>,
    /// Not supported: programs are compiled for the kernel they run on
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) aot: Option<PathBuf>,
}

/// A feature that `--no-feature` switches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum NoFeature {
    KprobeMulti,
    KprobeSession,
    UprobeMulti,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Compile and end
    Codegen,
    /// Compile and tell how long that took
    CompilerBench,
    /// Print the script in one layout
    #[value(alias = "fmt")]
    Format,
    /// Run the script's tests
    Test,
    /// Run the script's benchmarks
    Bench,
}

/// Which processes are traced.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Trace these processes only, and end with the last of them
    ///
    /// Can be given several times, or as a list: `-p 1 -p 2`, `-p 1,2`. User probes, `software`, `hardware` and
    /// `watchpoint` are attached to these processes; other probes test the process when they fire; `begin`, `end`,
    /// `interval`, `self`, `test` and `bench` belong to no process and run in any case. `iter` takes one process.
    /// Children are left out, see --follow.
    #[arg(short, long, value_name = "PID[,PID]", value_delimiter = ',', value_parser = process_id)]
    pub(super) pid: Vec<u32>,
    /// Start a command when all is attached, and end with it; its pid is `cpid`
    ///
    /// The command alone restricts nothing: other processes fire the probes, too. With --follow only the command and
    /// what it starts are traced.
    #[arg(short, long = "cmd", value_name = "COMMAND", conflicts_with = "pid")]
    pub(super) cmd: Option<String>,
    /// With -p or -c: trace what these processes start, too, and only that
    ///
    /// Children that they have when the run begins, and those that they and these start later, by fork, clone or exec,
    /// over any number of generations. The run still ends with the processes of -p, or with the command.
    #[arg(long)]
    pub(super) follow: bool,
    /// Trace only processes in a control group (version 2) and in the groups below it
    ///
    /// The group is named by its path (`/system.slice/nginx.service`), its id (as `cgroup` gives it), or a part of its
    /// name, such as the id of a container, if that fits only one.
    #[arg(long, value_name = "PATH|ID|NAME")]
    pub(super) cgroup: Option<String>,
    /// Trace tracedeck's own processes like all others
    ///
    /// Without it, probes on system calls, user probes, `profile`, `software` and `hardware` leave out tracedeck itself
    /// when they trace all processes, so that a script does not see its own output being written. With -p or --follow,
    /// and in scripts that name `tracedeck` or `bpftrace`, nothing is left out.
    #[arg(long)]
    pub(super) include_self: bool,
}

impl Target {
    /// What the options say, as far as it can be checked without looking at the machine.
    pub(super) fn filter(&self, source: &str) -> anyhow::Result<ProcessFilter> {
        if self.follow && self.pid.is_empty() && self.cmd.is_none() {
            anyhow::bail!("--follow needs processes to follow: -p PID or -c COMMAND");
        }
        if self.pid.len() > MAX_PIDS {
            anyhow::bail!("-p takes at most {MAX_PIDS} processes; --cgroup traces any number");
        }
        let mut pids = self.pid.clone();
        pids.sort_unstable();
        pids.dedup();
        let filter = ProcessFilter { pids, follow: self.follow, cgroup: self.cgroup.clone(), without_own: false };
        Ok(if self.include_self { filter } else { filter.leave_out_own(source) })
    }
}

fn process_id(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(pid) if (1..=MAX_PID).contains(&pid) => Ok(pid),
        _ => Err(format!("'{text}' is not a process id")),
    }
}

/// Where the output goes and how it looks.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Format of the output
    #[arg(short, long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// Draw the maps that have a stack in their key as a flame graph when the script ends
    #[arg(long, value_name = "FILE.svg")]
    pub(super) flame: Option<PathBuf>,
    /// Write to a file instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// When output is handed on: after each line, when the buffer is full, at once
    #[arg(short = 'B', value_enum, value_name = "MODE", default_value = "line")]
    pub(super) buffering: Buffering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// As bpftrace writes it
    Text,
    /// One JSON object a line for each event
    Json,
    /// One line for each stack, the input of flame graph tools
    Folded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Buffering {
    Line,
    Full,
    None,
}
