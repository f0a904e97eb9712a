//! How fast output comes.

/// Lines per second over about the last second.
#[derive(Debug, Default)]
pub struct Rate {
    since_ns: u64,
    lines: u64,
    shown: f64,
}

impl Rate {
    /// The value that was found last.
    pub fn shown(&self) -> f64 {
        self.shown
    }

    /// A new value about once a second, and only when it changes.
    pub fn at(&mut self, now_ns: u64, total_lines: u64) -> Option<f64> {
        let passed = now_ns.saturating_sub(self.since_ns);
        if passed < 1_000_000_000 {
            return None;
        }
        let rate = ((total_lines - self.lines) as f64 * 1e9 / passed as f64 * 10.0).round() / 10.0;
        self.since_ns = now_ns;
        self.lines = total_lines;
        let changed = rate != self.shown;
        self.shown = rate;
        changed.then_some(rate)
    }
}
