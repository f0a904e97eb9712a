//! How many printed events arrive, and how many do not, when a process makes system calls as fast as it can.

use std::io::BufRead;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Bench;
use super::load::Load;
use super::table::{Table, Unit};
use super::tool::Tool;

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let results: Vec<_> = bench.tools.iter().map(|tool| once(tool, bench.seconds)).collect::<Result<_>>()?;
    let column = |of: fn(&Printed) -> f64| results.iter().map(|printed| Some(of(printed))).collect::<Vec<_>>();
    table.add("printing: events made", Unit::PerSecond, &column(|printed| printed.made));
    table.add("printing: events printed", Unit::PerSecond, &column(|printed| printed.printed));
    table.add("printing: lost", Unit::Percent, &column(|printed| (1.0 - printed.printed / printed.made) * 100.0));
    table.add("printing: said to be lost", Unit::PerSecond, &column(|printed| printed.said));
    Ok(())
}

/// Per second of load.
struct Printed {
    made: f64,
    printed: f64,
    /// What the tool itself reported as lost.
    said: f64,
}

fn once(tool: &Tool, seconds: u64) -> Result<Printed> {
    let load = Load::prepare(seconds)?;
    let pid = load.pid();
    // getppid has number 110 on x86-64 and 173 on arm64.
    let number = if cfg!(target_arch = "x86_64") { 110 } else { 173 };
    let script = format!(
        "tracepoint:raw_syscalls:sys_enter /pid != {pid} && @ready == 0/ {{ @ready = 1; printf(\"attached\\n\"); }} \
         tracepoint:raw_syscalls:sys_enter /pid == {pid} && args->id == {number}/ {{ printf(\"event %d %s\\n\", tid, comm); }}"
    );
    let mut running = tool.start(&script)?;
    running.wait_for("attached")?;
    std::thread::sleep(Duration::from_millis(300));

    let mut output = running.take_stdout()?;
    let reader = std::thread::spawn(move || {
        let (mut events, mut said) = (0_u64, 0_u64);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if line.starts_with(b"event ") {
                events += 1;
            } else {
                said += lost(&String::from_utf8_lossy(&line));
            }
            line.clear();
        }
        (events, said)
    });
    let start = Instant::now();
    let made = load.run()?;
    let elapsed = start.elapsed().as_secs_f64();
    // What is still in the buffers comes out.
    std::thread::sleep(Duration::from_millis(500));
    let messages = running.interrupt()?;
    let (events, said) = reader.join().unwrap_or_default();
    let said = said + messages.lines().map(lost).max().unwrap_or(0);
    Ok(Printed { made: made as f64 / elapsed, printed: events as f64 / elapsed, said: said as f64 / elapsed })
}

/// The number in `Lost 123 events`, in any of its wordings.
fn lost(line: &str) -> u64 {
    let Some(at) = line.to_ascii_lowercase().find("lost ") else { return 0 };
    let digits: String = line[at + 5..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::lost;

    #[test]
    fn the_number_of_lost_events_is_read_from_the_sentence() {
        assert_eq!(lost("Lost 25 events"), 25);
        assert_eq!(lost("WARNING: lost 7 events: ring buffer full"), 7);
        assert_eq!(lost("nothing is lost"), 0);
    }
}
