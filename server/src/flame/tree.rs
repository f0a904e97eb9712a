//! Samples as a tree in depth-first order: what the explorer in the page draws.

use std::collections::HashMap;

use super::{DetailedFrame, DetailedSamples, FlameFrame, FrameKind};

/// Nodes in depth-first order, siblings by name: the same node stays between the same neighbours whatever it weighs.
#[derive(Debug, Default, PartialEq)]
pub struct Tree {
    /// Each distinct frame once.
    pub frames: Vec<DetailedFrame>,
    /// For each node the index of its frame.
    pub frame: Vec<u32>,
    /// For each node its distance from the root.
    pub depth: Vec<u32>,
    /// For each node the weight of the samples that end in it.
    pub own: Vec<u64>,
}

/// Builds the tree under a root called `all`.
pub fn tree(samples: &DetailedSamples) -> Tree {
    let mut tree = Tree::default();
    let mut ids: HashMap<&DetailedFrame, u32> = HashMap::new();
    let root =
        DetailedFrame { frame: FlameFrame { name: "all".into(), kind: FrameKind::Key }, module: None, why: None };
    tree.frames.push(root);
    tree.push(0, 0);
    let mut before: &[DetailedFrame] = &[];
    for (frames, weight) in samples {
        let common = before.iter().zip(frames).take_while(|(a, b)| a == b).count();
        for (depth, frame) in frames.iter().enumerate().skip(common) {
            let id = *ids.entry(frame).or_insert_with(|| {
                tree.frames.push(frame.clone());
                tree.frames.len() as u32 - 1
            });
            tree.push(id, depth as u32 + 1);
        }
        // The samples are in order: the node just made, or the last one made for an equal path, is the last node at
        // this depth.
        if let Some(own) = tree.own.last_mut() {
            *own = own.saturating_add(*weight);
        }
        before = frames;
    }
    tree
}

impl Tree {
    fn push(&mut self, frame: u32, depth: u32) {
        self.frame.push(frame);
        self.depth.push(depth);
        self.own.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(path: &str) -> Vec<DetailedFrame> {
        let frame = |name: &str| DetailedFrame {
            frame: FlameFrame { name: name.into(), kind: FrameKind::User },
            module: None,
            why: None,
        };
        path.split(';').map(frame).collect()
    }

    #[test]
    fn common_beginnings_share_their_nodes_and_own_weight_stays_where_samples_end() {
        let samples = [("a;b;c", 3), ("a;b", 2), ("a;x", 5), ("b;c", 1)];
        let tree = tree(&samples.iter().map(|(path, weight)| (frames(path), *weight)).collect());
        let names: Vec<_> = tree.frame.iter().map(|id| &*tree.frames[*id as usize].frame.name).collect();
        assert_eq!(names, ["all", "a", "b", "c", "x", "b", "c"]);
        assert_eq!(tree.depth, [0, 1, 2, 3, 2, 1, 2]);
        assert_eq!(tree.own, [0, 0, 2, 3, 5, 0, 1]);
        assert_eq!(tree.frames.len(), 5, "a frame is told once");
    }

    #[test]
    fn nothing_is_a_root_of_no_weight() {
        let tree = tree(&DetailedSamples::new());
        assert_eq!((tree.frame.len(), tree.own[0]), (1, 0));
    }
}
