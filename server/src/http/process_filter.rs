//! Which processes a run is asked to trace.

use tracedeck_compiler::options::ProcessFilter;

use super::error::ApiError;

/// Programs test one number after the other.
const MAX_PIDS: usize = 64;

#[derive(Debug, Clone, Default)]
pub struct ProcessWish {
    pub pids: Vec<u32>,
    pub follow: bool,
    pub cgroup: Option<String>,
    pub include_self: bool,
}

impl ProcessWish {
    /// What is asked for, checked as far as that is possible without looking at the machine.
    pub fn filter(&self, source: &str) -> Result<ProcessFilter, ApiError> {
        if self.pids.len() > MAX_PIDS || self.pids.contains(&0) {
            return Err(ApiError::bad_request("bad-pids", format!("A run takes at most {MAX_PIDS} process ids")));
        }
        if self.follow && self.pids.is_empty() {
            return Err(ApiError::bad_request("nothing-to-follow", "Only processes that are named can be followed"));
        }
        let mut pids = self.pids.clone();
        pids.sort_unstable();
        pids.dedup();
        let cgroup = self.cgroup.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let filter = ProcessFilter { pids, follow: self.follow, cgroup, without_own: false };
        Ok(if self.include_self { filter } else { filter.leave_out_own(source) })
    }

    /// For a title: empty where all processes are traced.
    pub fn in_words(&self) -> String {
        let pids: Vec<String> = self.pids.iter().map(u32::to_string).collect();
        let mut words = if pids.is_empty() { String::new() } else { format!(", pid {}", pids.join(" ")) };
        if self.follow {
            words += " and children";
        }
        if let Some(group) = &self.cgroup {
            words += &format!(", cgroup {group}");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::ProcessWish;

    #[test]
    fn what_is_not_traced_is_said_in_the_title() {
        let wish = ProcessWish { pids: vec![7, 9], follow: true, cgroup: Some("a.slice".into()), include_self: false };
        assert_eq!(wish.in_words(), ", pid 7 9 and children, cgroup a.slice");
        assert_eq!(ProcessWish::default().in_words(), "");
    }

    #[test]
    fn a_wish_that_cannot_be_is_refused() {
        let refused = |wish: ProcessWish| wish.filter("begin { }").is_err();
        assert!(refused(ProcessWish { follow: true, ..ProcessWish::default() }));
        assert!(refused(ProcessWish { pids: vec![0], ..ProcessWish::default() }));
        let all = ProcessWish::default().filter("begin { }").unwrap();
        assert!(all.without_own && all.pids.is_empty());
    }
}
