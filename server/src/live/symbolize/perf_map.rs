//! Names of generated code, from the files that just-in-time compilers write: `/tmp/perf-PID.map`.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// A map is read again this long after the last time, when an address is not in it.
const REREAD_AFTER: Duration = Duration::from_secs(1);
/// Larger files are not read.
const MOST_BYTES: u64 = 64 << 20;
/// Processes whose maps are remembered.
const MOST_PROCESSES: usize = 256;

/// The maps of the processes that were asked for.
#[derive(Debug, Default)]
pub struct PerfMaps {
    of: HashMap<u32, PerfMap>,
}

#[derive(Debug)]
struct PerfMap {
    /// Start -> (size, name).
    symbols: BTreeMap<u64, (u64, String)>,
    read_at: Instant,
}

impl PerfMaps {
    /// The name of the code at an address and where it starts.
    pub fn find(&mut self, pid: u32, address: u64) -> Option<(String, u64)> {
        let is_stale = match self.of.get(&pid) {
            Some(map) => map.find(address).is_none() && map.read_at.elapsed() > REREAD_AFTER,
            None => true,
        };
        if is_stale {
            if self.of.len() >= MOST_PROCESSES {
                self.of.clear();
            }
            let symbols = read(pid).map(|text| parse(&text));
            let map =
                self.of.entry(pid).or_insert_with(|| PerfMap { symbols: BTreeMap::new(), read_at: Instant::now() });
            map.read_at = Instant::now();
            // The file of a process that is gone may be gone too; what was read stays.
            if let Some(symbols) = symbols {
                map.symbols = symbols;
            }
        }
        self.of.get(&pid)?.find(address)
    }
}

impl PerfMap {
    fn find(&self, address: u64) -> Option<(String, u64)> {
        let (start, (size, name)) = self.symbols.range(..=address).next_back()?;
        (address < start + size).then(|| (name.clone(), *start))
    }
}

fn read(pid: u32) -> Option<String> {
    // In a container the compiler knows itself by its own number, the last of these.
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let inner = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))
        .and_then(|numbers| numbers.split_ascii_whitespace().last())
        .map_or_else(|| pid.to_string(), str::to_owned);
    let inside = format!("/proc/{pid}/root/tmp/perf-{inner}.map");
    [inside, format!("/tmp/perf-{pid}.map")].iter().find_map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return None;
        }
        std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Lines of `START SIZE NAME`, the numbers hexadecimal, later lines replacing earlier ones.
fn parse(text: &str) -> BTreeMap<u64, (u64, String)> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ' ');
            let number = |field: Option<&str>| u64::from_str_radix(field?.trim_start_matches("0x"), 16).ok();
            let (start, size) = (number(fields.next())?, number(fields.next())?);
            start.checked_add(size)?;
            Some((start, (size, fields.next()?.to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_is_found_by_its_range_and_names_keep_their_spaces() {
        let text = "7f00 20 LazyCompile:~run /app.js:1\nbad line\n0x8000 10 stub\nffffffffffffffff 2 wraps\n";
        let map = PerfMap { symbols: parse(text), read_at: Instant::now() };
        assert_eq!(map.find(0x7f1f), Some(("LazyCompile:~run /app.js:1".to_owned(), 0x7f00)));
        assert_eq!(map.find(0x7f20), None);
        assert_eq!(map.find(0x8000), Some(("stub".to_owned(), 0x8000)));
        assert_eq!(map.symbols.len(), 2);
    }
}
