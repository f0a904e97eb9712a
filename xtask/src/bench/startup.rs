//! Time from exec to the first event that arrives, which is exec to attached plus one delivery. Both tools say
//! differently when they are attached, but both print.

use anyhow::Result;

use super::Bench;
use super::table::{Table, Unit, median};
use super::tool::Tool;

const SCRIPTS: [(&str, &str); 3] = [
    ("start: BEGIN", r#"BEGIN { printf("attached\n"); exit(); }"#),
    ("start: one tracepoint", r#"tracepoint:raw_syscalls:sys_enter { printf("attached\n"); exit(); }"#),
    ("start: profile with stacks", r#"profile:hz:999 { @[kstack] = count(); printf("attached\n"); exit(); }"#),
];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for (what, script) in SCRIPTS {
        let mut samples = vec![Vec::new(); bench.tools.len()];
        // Taking turns spreads what the machine does beside over both.
        for _ in 0..bench.rounds {
            for (tool, samples) in bench.tools.iter().zip(&mut samples) {
                samples.push(once(tool, script)?);
            }
        }
        let medians: Vec<_> = samples.into_iter().map(median).collect();
        table.add(what, Unit::Milliseconds, &medians);
    }
    Ok(())
}

fn once(tool: &Tool, script: &str) -> Result<f64> {
    let mut running = tool.start(script)?;
    let elapsed = running.wait_for("attached")?;
    Ok(elapsed.as_secs_f64() * 1000.0)
}
