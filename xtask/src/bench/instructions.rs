//! What typical scripts become: the instructions of their programs, and what one event costs in them.
//!
//! Both tools get the same text; `->` and literal sizes are spelled in all versions of bpftrace.

use anyhow::Result;

use super::Bench;
use super::load::{Call, Load};
use super::programs::{self, Program, Statistics};
use super::table::{Table, Unit, median};
use super::tool::Tool;

/// A script, and which system call makes it run. `PID` is the process that makes the calls.
struct Script {
    name: &'static str,
    call: Call,
    text: &'static str,
}

const fn script(name: &'static str, call: Call, text: &'static str) -> Script {
    Script { name, call, text }
}

/// Programs of a script are separated by a blank line.
const SCRIPTS: [Script; 20] = [
    script("count by name", Call::Getppid, "t:syscalls:sys_enter_getppid { @[comm] = count(); }"),
    script(
        "latency as a histogram",
        Call::Getppid,
        "t:syscalls:sys_enter_getppid { @start[tid] = nsecs; }\n\n\
         t:syscalls:sys_exit_getppid /@start[tid]/ { @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }",
    ),
    script(
        "latency by name",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { @start[tid] = nsecs; @size[tid] = args->count; }\n\n\
         t:syscalls:sys_exit_write /@start[tid]/ { @ns[comm, @size[tid]] = hist(nsecs - @start[tid]); \
         delete(@start[tid]); delete(@size[tid]); }",
    ),
    script("filter by name", Call::Getppid, "t:syscalls:sys_enter_getppid /comm == \"xtask\"/ { @ = count(); }"),
    script(
        "filter by a prefix",
        Call::Getppid,
        "t:syscalls:sys_enter_getppid /strncmp(comm, \"xta\", 3) == 0/ { @[pid] = count(); }",
    ),
    script("kernel stacks", Call::Getppid, "t:syscalls:sys_enter_getppid { @[kstack] = count(); }"),
    script("both stacks", Call::Getppid, "t:syscalls:sys_enter_getppid { @[ustack, kstack, comm] = count(); }"),
    script(
        "keys of three parts",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { @[pid, comm, args->fd] = count(); }",
    ),
    script(
        "file names",
        Call::Open,
        "t:syscalls:sys_enter_openat /pid == PID/ { @[str(args->filename, 64)] = count(); }",
    ),
    script(
        "file names that are compared",
        Call::Open,
        "t:syscalls:sys_enter_openat /pid == PID && str(args->filename, 64) == \"/no/such/file\"/ { @ = count(); }",
    ),
    script("sums by processor", Call::Write, "t:syscalls:sys_enter_write /pid == PID/ { @[cpu] = sum(args->count); }"),
    script(
        "a linear histogram",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { @ = lhist(args->count, 0, 2000, 100); }",
    ),
    script(
        "histograms by name",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { @[comm] = hist(args->count); }",
    ),
    script(
        "smallest, largest, average",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { @a = min(args->count); @b = max(args->count); @c = avg(args->count); }",
    ),
    script(
        "conditions in each other",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { if (args->count > 10) { if (args->count < 1000) { \
         if (args->fd > 2) { @[\"file\"] = count(); } else { @[\"terminal\"] = count(); } } } else { @[\"small\"] = count(); } }",
    ),
    script(
        "printing five fields",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { printf(\"%d %d %s %d %d\\n\", pid, tid, comm, args->fd, args->count); }",
    ),
    script(
        "printing a name and a file",
        Call::Open,
        "t:syscalls:sys_enter_openat /pid == PID/ { printf(\"%-6d %-16s %s\\n\", pid, comm, str(args->filename, 64)); }",
    ),
    script(
        "values that are kept",
        Call::Getppid,
        "t:syscalls:sys_enter_getppid { @last[tid] = nsecs; @calls[tid]++; @all++; }",
    ),
    script(
        "a loop",
        Call::Getppid,
        "t:syscalls:sys_enter_getppid { $i = 0; $sum = 0; while ($i < 10) { $sum = $sum + $i; $i++; } @ = sum($sum); }",
    ),
    script(
        "a size as a word",
        Call::Write,
        "t:syscalls:sys_enter_write /pid == PID/ { $s = args->count > 4096 ? \"large\" : args->count > 64 ? \"middle\" : \"small\"; @[$s] = count(); }",
    ),
];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let _on = Statistics::switch_on()?;
    for script in &SCRIPTS {
        let mut sizes = vec![None; bench.tools.len()];
        let mut costs = vec![Vec::new(); bench.tools.len()];
        for _ in 0..bench.rounds.min(3) {
            for (index, tool) in bench.tools.iter().enumerate() {
                let (size, cost) = once(tool, script, bench.seconds)?;
                sizes[index] = Some(size as f64);
                costs[index].push(cost);
            }
        }
        let medians: Vec<_> = costs.into_iter().map(median).collect();
        table.add(format!("instructions: {}", script.name), Unit::Count, &sizes);
        table.add(format!("one event: {}", script.name), Unit::Nanoseconds, &medians);
    }
    Ok(())
}

/// Instructions of all programs, and nanoseconds for one event in all of them.
fn once(tool: &Tool, script: &Script, seconds: u64) -> Result<(u64, f64)> {
    let load = Load::prepare_early(script.call, seconds)?;
    let mut running = tool.start(&script.text.replace("PID", &load.pid().to_string()))?;
    let stdout = running.take_stdout()?;
    // What it prints is taken at once, as a terminal would.
    let printed = std::thread::spawn(move || std::io::copy(&mut { stdout }, &mut std::io::sink()));
    let count = script.text.split("\n\n").count();
    programs::wait_for(running.pid(), count, 5)?;
    let before = programs::of_process(running.pid())?;
    load.run()?;
    let after = programs::of_process(running.pid())?;
    let mut instructions = 0;
    for program in &after {
        instructions += programs::instructions(program.id)?;
    }
    running.interrupt()?;
    let _ = printed.join();
    Ok((instructions, per_event(&before, &after)))
}

fn per_event(before: &[Program], after: &[Program]) -> f64 {
    let (mut time, mut runs) = (0, 0);
    for (before, after) in before.iter().zip(after) {
        time += after.nanoseconds - before.nanoseconds;
        runs = runs.max(after.runs - before.runs);
    }
    time as f64 / runs.max(1) as f64
}
