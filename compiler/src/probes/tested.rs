//! What tests show of a probe type: one thing after the other that may go wrong between an event and a script.

/// The tests that attach a probe type, by what they compare. A test is named `TIER/MODULE::TEST`.
pub struct Tested {
    /// It fires as often as the traced program did what it traces.
    pub count: Shown,
    /// What can be read there are the values that the program had.
    pub values: Shown,
    /// One attach point stands for all that match its pattern.
    pub wildcard: Shown,
    /// A condition keeps out what it should, and nothing else.
    pub predicate: Shown,
    /// Stacks lead to where the event was.
    pub stack: Shown,
    /// Tests of what else there is to it.
    pub further: &'static [&'static str],
}

/// Whether something is shown.
pub enum Shown {
    By(&'static [&'static str]),
    /// It does not exist, or no machine of the tests has it: why.
    Not(&'static str),
}

impl Tested {
    /// What is compared, by name.
    pub fn columns(&self) -> [(&'static str, &Shown); 5] {
        [
            ("count", &self.count),
            ("values", &self.values),
            ("wildcard", &self.wildcard),
            ("predicate", &self.predicate),
            ("stack", &self.stack),
        ]
    }

    /// All tests.
    pub fn tests(&self) -> impl Iterator<Item = &'static str> {
        let shown = self.columns().into_iter().flat_map(|(_, shown)| shown.tests());
        shown.chain(self.further).copied()
    }
}

impl Shown {
    pub fn tests(&self) -> &'static [&'static str] {
        match self {
            Self::By(tests) => tests,
            Self::Not(_) => &[],
        }
    }
}
