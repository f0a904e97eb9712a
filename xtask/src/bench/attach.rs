//! Many probes at once: from exec to the first event, warm, and from there to the end of the process.

use anyhow::Result;

use super::Bench;
use super::startup::{SystemCalls, once};
use super::table::{Table, Unit, median};

/// Scripts, and how often a tool that takes half a minute for one is asked at most.
const SCRIPTS: [(&str, &str); 2] = [
    (
        "attach: all system calls",
        r#"tracepoint:syscalls:sys_enter_* { @[probe] = count(); printf("attached\n"); exit(); }"#,
    ),
    (
        "attach: all tracepoints of four subsystems",
        r#"t:sched:*,t:block:*,t:timer:*,t:irq:* { @[probe] = count(); } i:ms:1 { printf("attached\n"); exit(); }"#,
    ),
];
/// Milliseconds; a tool that takes longer is not asked again.
const LONG: f64 = 5000.0;

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let _calls = SystemCalls::begin();
    for (what, script) in SCRIPTS {
        let (mut first_lines, mut stops) = (Vec::new(), Vec::new());
        for tool in &bench.tools {
            tool.make_warm(script)?;
            let (mut first, mut stop) = (Vec::new(), Vec::new());
            for _ in 0..bench.rounds {
                let (first_line, end) = once(tool, script)?;
                first.push(first_line);
                stop.push(end - first_line);
                if end > LONG {
                    break;
                }
            }
            first_lines.push(median(first));
            stops.push(median(stop));
        }
        table.add(format!("{what}, warm"), Unit::Milliseconds, &first_lines);
        table.add(format!("{what}, from exit() to its end"), Unit::Milliseconds, &stops);
    }
    Ok(())
}
