//! Names that the script defines and that are no types: for suggestions, and to say everything once.

use std::collections::HashSet;

#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Object-like `#define`s.
    pub defines: Vec<String>,
    /// Macros and functions.
    pub functions: Vec<String>,
    /// Names whose uses were refused already.
    reported: HashSet<String>,
}

impl Names {
    /// Notes a name that was refused: its uses are no further mistakes.
    pub fn refuse(&mut self, name: &str) {
        self.reported.insert(name.to_owned());
    }

    pub fn is_reported(&self, name: &str) -> bool {
        self.reported.contains(name)
    }

    /// All words that stand for a value.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.defines.iter().chain(&self.functions).map(String::as_str)
    }
}
