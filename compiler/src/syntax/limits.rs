//! How large and how deep a script may be, so that no text can exhaust the stack or the time of what walks its tree.

/// Limits on one source file. The defaults fit a thread with a stack of 2 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of source text.
    pub max_source_bytes: usize,
    /// Brackets, `? :` and conditions of `if` inside each other.
    pub max_depth: usize,
    /// Levels of the tree: brackets inside each other plus operators in a row, since `1 + 1 + 1` is a tree of three
    /// levels. It bounds what every recursive walk over the tree (and dropping it) needs of the stack.
    pub max_tree_depth: usize,
    /// Expressions, statements and types.
    pub max_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_source_bytes: 64 * 1024, max_depth: 64, max_tree_depth: 128, max_nodes: 20_000 }
    }
}
