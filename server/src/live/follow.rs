//! Which processes are traced, as far as it is known only now: those that are followed, the control group, our own.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::fd::AsRawFd;

use tracedeck_compiler::manifest::{CGROUP_MAP, GlobalsHeader, NAMESPACED, PROCESSES_MAP};
use tracedeck_compiler::options::ProcessFilter;
use tracedeck_compiler::source::Span;

use super::attach::{AttachError, Link};
use super::bpf::link;
use super::bpf::map::Map;
use super::bpf::memory::Memory;
use super::failure::Failure;
use super::load::Loaded;
use crate::host::cgroup;

/// The PID namespace of the machine itself (`PROC_PID_INIT_INO` of linux/proc_ns.h).
const INITIAL_NAMESPACE: &str = "pid:[4026531836]";

/// Begins to follow: from here on what the processes start is known. Returns those that are traced now.
pub fn begin(
    loaded: &Loaded,
    filter: &ProcessFilter,
    child: Option<u32>,
    links: &mut Vec<Link>,
) -> Result<Vec<u32>, Failure> {
    if let (Some(group), Some(map)) = (&filter.cgroup, loaded.maps.get(CGROUP_MAP)) {
        trace_cgroup(group, map)?;
    }
    let Some(map) = loaded.maps.get(PROCESSES_MAP) else { return Ok(filter.pids.clone()) };
    for program in &loaded.followers {
        let link = link::raw_tracepoint(program, None).map_err(|error| {
            let error = AttachError::new("following processes", error);
            Failure::new("not-attached", Span::default(), error.to_string()).with_cause(&error.error)
        })?;
        links.push(Link::new(link, None));
    }
    // After the programs are attached: what is started from now on, they see.
    let named = filter.pids.iter().copied().chain(child);
    let all = with_descendants(named, &parents());
    let bit = if is_initial_namespace() { 0 } else { NAMESPACED };
    for pid in &all {
        map.update(&(u64::from(*pid) | bit).to_ne_bytes(), &0_u64.to_ne_bytes()).map_err(|error| {
            Failure::new(
                "not-attached",
                Span::default(),
                format!("{} processes cannot be followed: {error}", all.len()),
            )
            .with_cause(&error)
        })?;
    }
    Ok(all.into_iter().collect())
}

fn trace_cgroup(group: &str, map: &Map) -> Result<(), Failure> {
    let path =
        cgroup::find(group).map_err(|error| Failure::new("no-such-cgroup", Span::default(), error.to_string()))?;
    let put = |group: File| map.update(&0_u32.to_ne_bytes(), &group.as_raw_fd().to_ne_bytes());
    File::open(&path).and_then(put).map_err(|error| {
        let message = format!("the control group {} cannot be traced: {error}", path.display());
        Failure::new("no-such-cgroup", Span::default(), message).with_cause(&error)
    })
}

fn is_initial_namespace() -> bool {
    std::fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() == INITIAL_NAMESPACE)
}

/// Every process and its parent.
fn parents() -> Vec<(u32, u32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name may hold anything but ends with the last bracket; the parent is the second field behind it.
            let parent = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect()
}

fn with_descendants(roots: impl Iterator<Item = u32>, parents: &[(u32, u32)]) -> BTreeSet<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    parents.iter().for_each(|(pid, parent)| children.entry(*parent).or_default().push(*pid));
    let mut all = BTreeSet::new();
    let mut open: Vec<u32> = roots.collect();
    while let Some(pid) = open.pop() {
        if all.insert(pid) {
            open.extend(children.get(&pid).into_iter().flatten());
        }
    }
    all
}

/// Tells the programs which processes are the tracer's own: this one, and, for a worker, the server and its other
/// workers. A process whose number the script names is meant.
pub fn exclude_own(globals: &Memory, server: Option<u32>, source: &str) {
    let own = std::process::id();
    let mut pids = vec![own];
    if let Some(server) = server {
        pids.push(server);
        pids.extend(children_of(server).into_iter().filter(|pid| *pid != own));
    }
    pids.retain(|pid| !names_number(source, *pid));
    pids.resize(GlobalsHeader::OWN_PIDS_MOST as usize, 0);
    for (place, pid) in pids.into_iter().enumerate() {
        globals.store_u32(GlobalsHeader::OWN_PIDS as usize + place * 4, pid);
    }
}

fn children_of(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Whether a script has this number, as a word of its own.
fn names_number(source: &str, number: u32) -> bool {
    let number = number.to_string();
    source.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_over_generations() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 5)];
        assert_eq!(with_descendants([2].into_iter(), &parents), BTreeSet::from([2, 3, 4]));
        assert_eq!(with_descendants([6, 9].into_iter(), &parents), BTreeSet::from([6, 9]));
    }

    #[test]
    fn a_number_of_a_script_is_a_word() {
        assert!(names_number("t:a:b /pid == 123/ { }", 123));
        assert!(!names_number("t:a:b /pid == 1234/ { @x123 = 1 }", 123));
    }
}
