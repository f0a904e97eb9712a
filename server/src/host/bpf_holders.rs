//! Who holds BPF programs and links, from the descriptors of all processes: no bpf() call is needed, and it tells whose
//! they are. What only a pinned file or a cgroup keeps alive belongs to no process and is not found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nix::unistd::{Uid, User};
use tracedeck_compiler::abi::escape;

/// A process that holds programs or links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub parent: u32,
    /// Escaped: it may be any bytes.
    pub name: String,
    pub user: String,
    /// Programs by their ids, with their types as the kernel numbers them.
    pub programs: BTreeMap<u32, u32>,
    pub links: u32,
    /// Nanoseconds that its programs have run; only where the kernel keeps statistics.
    pub run_time_ns: u64,
    /// Nanoseconds of CPU that the process itself has used.
    pub cpu_ns: u64,
}

/// By process number. Processes whose descriptors may not be looked at are left out.
pub fn list() -> Vec<Holder> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<Holder> = pids.filter_map(holder).collect();
    found.sort_by_key(|holder| holder.pid);
    found
}

/// Whether the kernel measures how long programs run (`kernel.bpf_stats_enabled`).
pub fn is_measured() -> bool {
    fs::read_to_string("/proc/sys/kernel/bpf_stats_enabled").is_ok_and(|text| text.trim() == "1")
}

/// Nanoseconds of CPU that a process has used; None when it is gone.
pub fn cpu_ns(pid: u32) -> Option<u64> {
    stat(pid).map(|(_, cpu)| cpu)
}

fn holder(pid: u32) -> Option<Holder> {
    let mut holder = Holder { pid, ..Holder::default() };
    let base = format!("/proc/{pid}");
    for entry in fs::read_dir(format!("{base}/fd")).ok()?.flatten() {
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        let is_link = is_link(&target);
        if !is_link && target != Path::new("anon_inode:bpf-prog") {
            continue;
        }
        let info = fs::read_to_string(format!("{base}/fdinfo/{}", entry.file_name().to_string_lossy()));
        holder.take(&info.unwrap_or_default(), is_link);
    }
    if holder.programs.is_empty() && holder.links == 0 {
        return None;
    }
    let name = fs::read(format!("{base}/comm")).ok()?;
    escape::escape_into(&mut holder.name, name.strip_suffix(b"\n").unwrap_or(&name));
    (holder.parent, holder.cpu_ns) = stat(pid)?;
    let uid = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&base).ok()?);
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    holder.user = user.map_or_else(|| uid.to_string(), |user| user.name);
    Some(holder)
}

fn is_link(target: &Path) -> bool {
    target == Path::new("anon_inode:bpf_link") || target == Path::new("anon_inode:bpf-link")
}

impl Holder {
    /// What the kernel tells of a descriptor.
    fn take(&mut self, info: &str, is_link: bool) {
        let number = |key: &str| {
            info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')?.trim().parse::<u64>().ok())
        };
        self.links += u32::from(is_link);
        let Some(id) = number("prog_id") else { return };
        let id = id as u32;
        // The same program may be behind several descriptors; a link does not tell its type.
        let is_new = !self.programs.contains_key(&id);
        let kind = number("prog_type").map(|kind| kind as u32);
        let known = self.programs.entry(id).or_insert(UNKNOWN_TYPE);
        if let Some(kind) = kind {
            if is_new || *known == UNKNOWN_TYPE {
                self.run_time_ns += number("run_time_ns").unwrap_or(0);
            }
            *known = kind;
        }
    }

    /// Its programs by what they are called, with how many there are of each.
    pub fn kinds(&self) -> BTreeMap<&'static str, u32> {
        let mut kinds = BTreeMap::new();
        for kind in self.programs.values() {
            *kinds.entry(type_name(*kind)).or_default() += 1;
        }
        kinds
    }
}

const UNKNOWN_TYPE: u32 = 0;

/// What people call a program of that type.
fn type_name(kind: u32) -> &'static str {
    match kind {
        1 | 15 => "socket filter",
        2 => "kprobe",
        3 | 4 => "traffic control",
        5 => "tracepoint",
        6 => "xdp",
        7 => "perf event",
        8..=14 | 18 | 23 | 25 => "cgroup or network",
        17 | 24 => "raw tracepoint",
        26 => "tracing",
        27 => "struct_ops",
        29 => "lsm",
        31 => "syscall",
        _ => "other",
    }
}

/// Parent and nanoseconds of CPU of a process.
fn stat(pid: u32) -> Option<(u32, u64)> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&String::from_utf8_lossy(&text))
}

/// The name stands in parentheses and may hold some: what follows the last one is numbers.
fn parse_stat(text: &str) -> Option<(u32, u64)> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux tells times in hundredths of a second on all architectures that BPF is for.
    Some((fields.get(1)?.parse().ok()?, ticks.saturating_mul(10_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_behind_two_descriptors_counts_once() {
        let mut holder = Holder::default();
        holder.take("pos:\t0\nlink_type:\ttracing\nlink_id:\t7\nprog_tag:\tabc\nprog_id:\t42\n", true);
        holder.take("prog_type:\t26\nprog_jited:\t1\nprog_id:\t42\nrun_time_ns:\t900\nrun_cnt:\t3\n", false);
        holder.take("prog_type:\t26\nprog_id:\t42\nrun_time_ns:\t900\n", false);
        holder.take("prog_type:\t2\nprog_id:\t43\nrun_time_ns:\t100\n", false);
        holder.take("link_type:\tperf\nlink_id:\t8\n", true);
        assert_eq!((holder.programs.len(), holder.links, holder.run_time_ns), (2, 2, 1000));
        assert_eq!(holder.kinds().into_iter().collect::<Vec<_>>(), [("kprobe", 1), ("tracing", 1)]);
    }

    #[test]
    fn a_name_with_parentheses_does_not_move_the_fields() {
        let line = "12 (a) R 1 (b)) S 7 12 12 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(parse_stat(line), Some((7, 2_000_000_000)));
        for text in ["", "12", "12 (a", "12 (a) S 7", "12 (a) S x 1 1 1 1 1 1 1 1 1 y z"] {
            assert_eq!(parse_stat(text), None, "{text}");
        }
    }

    #[test]
    fn this_process_has_used_some_cpu_and_holds_nothing() {
        let own = std::process::id();
        assert!(cpu_ns(own).is_some() && holder(own).is_none());
    }
}
