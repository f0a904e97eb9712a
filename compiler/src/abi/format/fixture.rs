//! Names for tests.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::value::{Frame, Stack};
use super::Names;
use super::strftime::Instant;
use crate::types::StackSpace;

/// Knows the stacks that it was given; the clock is UTC, boot was at the epoch, TAI is 37 seconds ahead.
#[derive(Debug, Default)]
pub struct FixtureNames {
    pub stacks: HashMap<u64, Arc<Stack>>,
    pub symbols: HashMap<u64, String>,
}

impl FixtureNames {
    /// A stack of (symbol, offset) frames in `module`, innermost first.
    pub fn with_stack(mut self, id: u64, space: StackSpace, module: Option<&str>, frames: &[(&str, u64)]) -> Self {
        let frames = frames
            .iter()
            .enumerate()
            .map(|(index, (symbol, offset))| Frame {
                address: 0x1000 + index as u64,
                symbol: Some((*symbol).to_owned()),
                offset: *offset,
                module: module.map(str::to_owned),
                source: None,
                inlined: false,
                reason: None,
            })
            .collect();
        self.stacks.insert(id, Arc::new(Stack { id, space, pid: 0, frames, places: Vec::new() }));
        self
    }
}

impl Names for FixtureNames {
    fn kernel_symbol(&self, address: u64) -> Option<String> {
        self.symbols.get(&address).cloned()
    }

    fn user_symbol(&self, address: u64, _pid: u32, _probe: u32) -> Option<String> {
        self.symbols.get(&address).cloned()
    }

    fn stack(&self, id: u64) -> Option<Arc<Stack>> {
        self.stacks.get(&id).cloned()
    }

    fn username(&self, uid: u64) -> Option<String> {
        (uid == 0).then(|| "root".to_owned())
    }

    fn cgroup_path(&self, _id: u64, _filter: u32) -> Option<String> {
        None
    }

    fn timestamp(&self, format: Option<u32>, boot_ns: u64) -> Option<String> {
        format.is_none().then(|| Instant::from_nanoseconds(i128::from(boot_ns), 0).iso())
    }

    fn tai_to_wall(&self, tai_ns: u64) -> (i64, i32) {
        ((tai_ns / 1_000_000_000) as i64 - 37, 0)
    }

    fn truncation_trailer(&self) -> &str {
        ".."
    }
}
