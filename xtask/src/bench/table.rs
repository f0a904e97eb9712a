//! The table that a bench run prints: what, tracedeck, bpftrace, ratio.

use std::fmt;

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Nanoseconds,
    Megabytes,
    PerSecond,
    Percent,
    Count,
}

struct Row {
    what: String,
    unit: Unit,
    /// tracedeck's number, then bpftrace's; `None` where a tool could not be measured.
    values: [Option<f64>; 2],
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a row; `values` are in the order of the tools.
    pub fn add(&mut self, what: impl Into<String>, unit: Unit, values: &[Option<f64>]) {
        let at = |index: usize| values.get(index).copied().flatten();
        let row = Row { what: what.into(), unit, values: [at(0), at(1)] };
        eprintln!("    {}: {} {}", row.what, shown(row.values[0], unit), shown(row.values[1], unit));
        self.rows.push(row);
    }
}

fn shown(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return "-".to_owned() };
    match unit {
        Unit::Milliseconds => format!("{value:.1} ms"),
        Unit::Nanoseconds => format!("{value:.0} ns"),
        Unit::Megabytes => format!("{value:.1} MB"),
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Percent => format!("{value:.2} %"),
        Unit::Count => format!("{value:.0}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.len()).max().unwrap_or(4);
        writeln!(f, "{:width$}  {:>12}  {:>12}  {:>7}", "what", "tracedeck", "bpftrace", "ratio")?;
        for row in &self.rows {
            let ratio = match row.values {
                [Some(ours), Some(theirs)] if theirs > 0.0 && row.unit != Unit::Percent => {
                    format!("{:.3}", ours / theirs)
                }
                _ => "-".to_owned(),
            };
            let [ours, theirs] = row.values.map(|value| shown(value, row.unit));
            writeln!(f, "{:width$}  {ours:>12}  {theirs:>12}  {ratio:>7}", row.what)?;
        }
        Ok(())
    }
}

/// The middle value; `None` when nothing was measured.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_ours_to_theirs_and_missing_numbers_have_none() {
        let mut table = Table::default();
        table.add("a", Unit::Milliseconds, &[Some(5.0), Some(50.0)]);
        table.add("b", Unit::Megabytes, &[Some(5.0)]);
        let text = table.to_string();
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines[1], ["a", "5.0", "ms", "50.0", "ms", "0.100"]);
        assert_eq!(lines[2], ["b", "5.0", "MB", "-", "-"]);
    }

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median(vec![9.0, 1.0, 100.0]), Some(9.0));
        assert_eq!(median(Vec::new()), None);
    }
}
