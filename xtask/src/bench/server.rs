//! The dashboard's server: from the request that pressing Run sends until the run says that its probe is attached, a search
//! in the index of all probes, and how soon pages see what a probe said.

use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::dashboard::Server;
use super::table::{Table, Unit, median};
use super::viewers;

const PROBE: &str = "tracepoint:sched:sched_switch { @[comm] = count(); }";
/// Letters of a function and of a tracepoint, as one types them, and a word.
const QUERIES: [&str; 4] = ["tcpsnd", "sysentopen", "switch", "vfs read"];

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let Some(tool) = bench.tools.first() else { return Ok(()) };
    let server = Server::start(tool.command(&[]).get_program())?;
    let (mut known, mut new) = (Vec::new(), Vec::new());
    // The first run has the server's spare worker started.
    server.run(PROBE)?;
    for round in 0..bench.rounds {
        known.push(server.run(PROBE)?);
        new.push(server.run(&format!("{PROBE} // {round} {}", std::process::id()))?);
    }
    table.add("server: Run to attached, script known", Unit::Milliseconds, &[median(known)]);
    table.add("server: Run to attached, new script", Unit::Milliseconds, &[median(new)]);
    let mut searches = Vec::new();
    server.get("/api/probes?query=x")?;
    for _ in 0..bench.rounds {
        for query in QUERIES {
            let started = Instant::now();
            server.get(&format!("/api/probes?query={}", query.replace(' ', "%20")))?;
            searches.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    table.add("server: search in all probes", Unit::Milliseconds, &[median(searches)]);
    viewers::measure(&server, bench, table)
}
