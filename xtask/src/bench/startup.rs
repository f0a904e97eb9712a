//! Time from exec to the first event that arrives, which is exec to attached plus one delivery. Both tools say
//! differently when they are attached, but both print. And from exec to the end of the process.
//!
//! tracedeck remembers what it compiled: the same script is started cold, with nothing remembered, and again, warm.
//! bpftrace has no such memory; its number is the same measurement in both rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::table::{Table, Unit, median};
use super::tool::Tool;

const SCRIPTS: [(&str, &str); 3] = [
    ("start: BEGIN", r#"BEGIN { printf("attached\n"); exit(); }"#),
    ("start: one tracepoint", r#"tracepoint:raw_syscalls:sys_enter { printf("attached\n"); exit(); }"#),
    ("start: profile with stacks", r#"profile:hz:999 { @[kstack] = count(); printf("attached\n"); exit(); }"#),
];
/// The kernel goes on letting go of a run's probes after the process has ended, up to a tenth of a second for each lock
/// that the next start wants as well.
const SETTLE: Duration = Duration::from_millis(150);

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let _calls = SystemCalls::begin();
    for (what, script) in SCRIPTS {
        for is_warm in [false, true] {
            // In the order of the tools.
            let mut first_lines = vec![Vec::new(); bench.tools.len()];
            let mut ends = vec![Vec::new(); bench.tools.len()];
            for tool in bench.tools.iter().filter(|_| is_warm) {
                tool.make_warm(script)?;
            }
            // Taking turns spreads what the machine does beside over both.
            for _ in 0..bench.rounds {
                for (index, tool) in bench.tools.iter().enumerate() {
                    if !is_warm {
                        tool.make_cold();
                    }
                    std::thread::sleep(SETTLE);
                    let (first_line, end) = once(tool, script)?;
                    first_lines[index].push(first_line);
                    ends[index].push(end);
                }
            }
            let how = if is_warm { "warm" } else { "cold" };
            let medians = |samples: Vec<Vec<f64>>| samples.into_iter().map(median).collect::<Vec<_>>();
            table.add(format!("{what}, {how}"), Unit::Milliseconds, &medians(first_lines));
            table.add(format!("{what}, {how}, to its end"), Unit::Milliseconds, &medians(ends));
        }
    }
    Ok(())
}

/// Milliseconds to the first line and to the end.
pub fn once(tool: &Tool, script: &str) -> Result<(f64, f64)> {
    let mut running = tool.start(script)?;
    let first_line = running.wait_for("attached")?;
    let end = running.wait_for_end()?;
    Ok((first_line.as_secs_f64() * 1000.0, end.as_secs_f64() * 1000.0))
}

/// Something to trace: a thread that makes a few thousand system calls a second, as long as it lives. tracedeck leaves
/// its own out, and on a machine at rest the next one of another process may be 20 ms away.
pub struct SystemCalls(Arc<AtomicBool>);

impl SystemCalls {
    pub fn begin() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let watched = ended.clone();
        std::thread::spawn(move || {
            while !watched.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self(ended)
    }
}

impl Drop for SystemCalls {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
