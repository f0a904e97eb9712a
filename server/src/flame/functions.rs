//! Samples as a table of functions.

use std::collections::{HashMap, HashSet};

use super::{DetailedFrame, DetailedSamples, FrameKind};

/// What a function takes.
#[derive(Debug, PartialEq, Eq)]
pub struct FunctionRow<'a> {
    pub frame: &'a DetailedFrame,
    /// Weight of the samples that end in it.
    pub own: u64,
    /// Weight of the samples that it is on, each counted once.
    pub total: u64,
}

/// Every function, without the parts of keys, the heaviest first.
pub fn functions(samples: &DetailedSamples) -> Vec<FunctionRow<'_>> {
    let mut rows: HashMap<&DetailedFrame, FunctionRow<'_>> = HashMap::new();
    for (stack, weight) in samples {
        let mut seen = HashSet::new();
        for (index, frame) in stack.iter().enumerate() {
            if frame.frame.kind == FrameKind::Key {
                continue;
            }
            let row = rows.entry(frame).or_insert(FunctionRow { frame, own: 0, total: 0 });
            if seen.insert(frame) {
                row.total = row.total.saturating_add(*weight);
            }
            if index + 1 == stack.len() {
                row.own = row.own.saturating_add(*weight);
            }
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by(|a, b| (b.own, b.total, a.frame).cmp(&(a.own, a.total, b.frame)));
    rows
}

#[cfg(test)]
mod tests {
    use super::super::FlameFrame;
    use super::*;

    #[test]
    fn recursion_counts_once_and_labels_do_not() {
        let frame =
            |name: &str, kind| DetailedFrame { frame: FlameFrame { name: name.into(), kind }, module: None, why: None };
        let (comm, walk, leaf) =
            (frame("cat", FrameKind::Key), frame("walk", FrameKind::User), frame("leaf", FrameKind::User));
        let samples = DetailedSamples::from([
            (vec![comm.clone(), walk.clone(), walk.clone(), leaf.clone()], 3),
            (vec![comm, walk.clone(), walk.clone()], 2),
        ]);
        let expected = [FunctionRow { frame: &leaf, own: 3, total: 3 }, FunctionRow { frame: &walk, own: 2, total: 5 }];
        assert_eq!(functions(&samples), expected);
    }
}
