//! What a run has told about names: stacks by id, symbols by address, users, cgroups, the clock.

use std::collections::HashMap;
use std::sync::Arc;

use tracedeck_compiler::abi::format;
use tracedeck_compiler::abi::format::strftime::{Instant, strftime};
use tracedeck_compiler::abi::value::Stack;

use super::event::{Event, ResolvedName};

/// Collects the names that events carry, and answers with them when values become text.
#[derive(Debug, Clone, Default)]
pub struct Names {
    stacks: HashMap<u64, Arc<Stack>>,
    kernel_symbols: HashMap<u64, String>,
    user_symbols: HashMap<(u64, u32), String>,
    users: HashMap<u64, String>,
    cgroups: HashMap<(u64, u32), String>,
    /// Wall clock minus boot clock, once it is known.
    boot_to_wall_ns: Option<i64>,
    tai_minus_utc: i32,
    local_minus_utc: i32,
    /// The manifest's strings: formats of timestamps.
    strings: Vec<String>,
    truncation_trailer: String,
}

impl Names {
    /// Takes in what an event says about names.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Compiled(shape) => {
                self.strings.clone_from(&shape.strings);
                self.truncation_trailer.clone_from(&shape.settings.truncation_trailer);
            }
            Event::Stacks(stacks) => {
                self.stacks.extend(stacks.iter().map(|stack| (stack.id, Arc::clone(stack))));
            }
            Event::Names(names) => names.iter().for_each(|name| self.learn(name)),
            _ => {}
        }
    }

    /// Takes in one name.
    pub fn learn(&mut self, name: &ResolvedName) {
        match name {
            ResolvedName::KernelSymbol { address, name } => {
                self.kernel_symbols.insert(*address, name.clone());
            }
            ResolvedName::UserSymbol { address, pid, name } => {
                self.user_symbols.insert((*address, *pid), name.clone());
            }
            ResolvedName::Username { uid, name } => {
                self.users.insert(*uid, name.clone());
            }
            ResolvedName::CgroupPath { id, filter, path } => {
                self.cgroups.insert((*id, *filter), path.clone());
            }
            ResolvedName::BootToWall { offset_ns } => self.boot_to_wall_ns = Some(*offset_ns),
            ResolvedName::Clock { tai_minus_utc, local_minus_utc } => {
                self.tai_minus_utc = *tai_minus_utc;
                self.local_minus_utc = *local_minus_utc;
            }
        }
    }

    /// A boot-clock time in local wall time; None while the run has not told its clock.
    pub fn boot_to_wall(&self, boot_ns: u64) -> Option<Instant> {
        let wall = i128::from(boot_ns) + i128::from(self.boot_to_wall_ns?);
        Some(Instant::from_nanoseconds(wall, self.local_minus_utc))
    }
}

impl format::Names for Names {
    fn kernel_symbol(&self, address: u64) -> Option<String> {
        self.kernel_symbols.get(&address).cloned()
    }

    fn user_symbol(&self, address: u64, pid: u32, _probe: u32) -> Option<String> {
        self.user_symbols.get(&(address, pid)).cloned()
    }

    fn stack(&self, id: u64) -> Option<Arc<Stack>> {
        self.stacks.get(&id).cloned()
    }

    fn username(&self, uid: u64) -> Option<String> {
        self.users.get(&uid).cloned()
    }

    fn cgroup_path(&self, id: u64, filter: u32) -> Option<String> {
        self.cgroups.get(&(id, filter)).cloned()
    }

    fn timestamp(&self, format: Option<u32>, ns: u64) -> Option<String> {
        let instant = match format::is_tai(ns) {
            true => {
                let wall = i128::from(ns) - i128::from(self.tai_minus_utc) * 1_000_000_000;
                Instant::from_nanoseconds(wall, self.local_minus_utc)
            }
            false => self.boot_to_wall(ns)?,
        };
        Some(match format {
            Some(index) => strftime(self.strings.get(index as usize)?, instant),
            None => instant.iso(),
        })
    }

    fn tai_to_wall(&self, tai_ns: u64) -> (i64, i32) {
        let seconds = (tai_ns / 1_000_000_000) as i64;
        (seconds - i64::from(self.tai_minus_utc), self.local_minus_utc)
    }

    fn truncation_trailer(&self) -> &str {
        &self.truncation_trailer
    }
}

#[cfg(test)]
mod tests {
    use tracedeck_compiler::abi::format::Names as _;
    use tracedeck_compiler::manifest::RunSettings;

    use super::*;
    use crate::session::event::RunShape;

    #[test]
    fn a_timestamp_is_local_wall_time_in_its_own_format() {
        let mut names = Names::default();
        assert_eq!(names.timestamp(None, 5), None, "without a clock there is no time");
        names.apply(&Event::Compiled(Arc::new(RunShape {
            probes: Vec::new(),
            maps: Vec::new(),
            strings: vec!["%H:%M:%S.%l".to_owned()],
            settings: RunSettings::default(),
        })));
        names.apply(&Event::Names(vec![
            ResolvedName::BootToWall { offset_ns: 86_400_000_000_000 },
            ResolvedName::Clock { tai_minus_utc: 37, local_minus_utc: -3600 },
        ]));
        assert_eq!(names.timestamp(Some(0), 3_661_250_000_000).as_deref(), Some("00:01:01.250"));
        assert_eq!(names.timestamp(None, 3_600_000_000_001).as_deref(), Some("1970-01-02T00:00:00.000000001"));
        assert_eq!(names.timestamp(Some(7), 0), None);
        let tai = 1_000_000_037_000_000_000;
        assert_eq!(names.timestamp(None, tai).as_deref(), Some("2001-09-09T00:46:40.000000000"));
        assert_eq!(names.tai_to_wall(137_000_000_000), (100, -3600));
        assert_eq!(names.truncation_trailer(), "..");
    }
}
