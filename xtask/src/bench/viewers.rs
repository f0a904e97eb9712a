//! How long a line of output takes from the probe to the pages that watch: many pages on one run, and many runs at once.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use nix::time::{ClockId, clock_gettime};

use super::Bench;
use super::dashboard::{Server, Watching};
use super::table::{Table, Unit};

const VIEWERS: usize = 200;
const RUNS: usize = 20;
/// Each line is the time at which the probe printed it.
const SCRIPT: &str = "interval:ms:100 { printf(\"%llu\\n\", nsecs); }";

pub fn measure(server: &Server, bench: &Bench, table: &mut Table) -> Result<()> {
    let time = Duration::from_secs(bench.seconds.max(2) * 2);
    let (run, _) = server.begin(SCRIPT)?;
    let alone = programs(server)?;
    let watching = (0..VIEWERS).map(|_| server.watch(&run)).collect::<Result<Vec<_>>>()?;
    let delays = delays(watching, time)?;
    table.add("server: 200 viewers, programs in the kernel", Unit::Count, &[Some(programs(server)?)]);
    table.add("server: 1 viewer, programs in the kernel", Unit::Count, &[Some(alone)]);
    table.add("server: 200 viewers, probe to page, median", Unit::Milliseconds, &[quantile(&delays, 0.5)]);
    table.add("server: 200 viewers, probe to page, p99", Unit::Milliseconds, &[quantile(&delays, 0.99)]);
    server.stop(&run)?;

    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(server.begin(SCRIPT)?.0);
    }
    let watching = runs.iter().map(|run| server.watch(run)).collect::<Result<Vec<_>>>()?;
    let delays = self::delays(watching, time)?;
    table.add("server: 20 runs at once, probe to page, p99", Unit::Milliseconds, &[quantile(&delays, 0.99)]);
    runs.iter().try_for_each(|run| server.stop(run))
}

/// BPF programs of the server's workers, by the descriptors that they hold.
fn programs(server: &Server) -> Result<f64> {
    let mut ids = std::collections::BTreeSet::new();
    for process in std::fs::read_dir("/proc")?.flatten() {
        let status = std::fs::read_to_string(process.path().join("status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).map(str::trim);
        if parent != Some(&server.pid().to_string()) {
            continue;
        }
        // It may be gone by now.
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fdinfo")) else { continue };
        for descriptor in descriptors.flatten() {
            let info = std::fs::read_to_string(descriptor.path()).unwrap_or_default();
            ids.extend(info.lines().find_map(|line| line.strip_prefix("prog_id:")).map(|id| id.trim().to_owned()));
        }
    }
    Ok(ids.len() as f64)
}

/// Milliseconds from each line's probe to each page, in order. Every page reads in a thread of its own.
fn delays(watching: Vec<Watching>, time: Duration) -> Result<Vec<f64>> {
    let until = Instant::now() + time;
    let pages: Vec<_> = watching.into_iter().map(|page| thread::spawn(move || read(page, until))).collect();
    let mut delays = Vec::new();
    for page in pages {
        let seen = page.join().map_err(|_| anyhow!("a page's thread panicked"))??;
        if seen.is_empty() {
            bail!("a page saw no line");
        }
        delays.extend(seen);
    }
    delays.sort_by(f64::total_cmp);
    Ok(delays)
}

/// What a page saw; lines of the first message may be old.
fn read(mut page: Watching, until: Instant) -> Result<Vec<f64>> {
    page.hear()?;
    let mut delays = Vec::new();
    while Instant::now() < until {
        let message = page.hear()?;
        let now = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
        let now = now.tv_sec() as f64 * 1e3 + now.tv_nsec() as f64 / 1e6;
        for line in message["log"].as_array().into_iter().flatten() {
            let printed = line["text"].as_str().and_then(|text| text.trim().parse::<u64>().ok());
            delays.extend(printed.map(|printed| now - printed as f64 / 1e6));
        }
        if message["type"] != "update" {
            bail!("a page was sent something else than news: {}", message["type"]);
        }
    }
    Ok(delays)
}

fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    sorted.get(((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1))).copied()
}
