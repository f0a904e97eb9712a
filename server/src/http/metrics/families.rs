//! The text format: each family once, with all its samples.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{Display, Write as _};

/// What a family's numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family<'n> {
    pub name: &'n str,
    pub kind: Kind,
    pub help: &'n str,
}

pub type Label = (String, String);

#[derive(Debug, Default)]
pub struct Families {
    /// Head and samples by name.
    texts: BTreeMap<String, String>,
    /// Names with labels: a scrape with one twice is refused as a whole.
    seen: HashSet<String>,
}

impl Families {
    pub fn add(&mut self, family: Family<'_>, labels: &[Label], value: impl Display) {
        let series = format!("{}{}", family.name, braces(labels, None));
        if !self.seen.insert(series) {
            return;
        }
        let suffix = if family.kind == Kind::Counter { "_total" } else { "" };
        self.line(family, suffix, &braces(labels, None), value);
    }

    /// `buckets` are upper bounds, inclusive, with the samples up to them; `total` is of all.
    pub fn add_histogram(&mut self, family: Family<'_>, labels: &[Label], buckets: &[(i128, u64)], total: u64) {
        if !self.seen.insert(format!("{}{}", family.name, braces(labels, None))) {
            return;
        }
        for (bound, count) in buckets {
            self.line(family, "_bucket", &braces(labels, Some(&format!("{bound}.0"))), count);
        }
        // Without a sum, which the kernel does not keep, the format has no `_count` either.
        self.line(family, "_bucket", &braces(labels, Some("+Inf")), total);
    }

    fn line(&mut self, family: Family<'_>, suffix: &str, labels: &str, value: impl Display) {
        let Family { name, kind, help } = family;
        let text = self.texts.entry(name.to_owned()).or_insert_with(|| {
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            format!("# TYPE {name} {kind}\n# HELP {name} {help}\n")
        });
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}{suffix}{labels} {value}");
    }

    pub fn finish(self) -> String {
        let mut text: String = self.texts.into_values().collect();
        text.push_str("# EOF\n");
        text
    }
}

fn braces(labels: &[Label], bound: Option<&str>) -> String {
    let bound = bound.map(|bound| ("le", bound));
    let all = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(bound);
    let parts: Vec<String> = all.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    if parts.is_empty() { String::new() } else { format!("{{{}}}", parts.join(",")) }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const READS: Family<'_> = Family { name: "reads", kind: Kind::Counter, help: "Reads" };

    fn label(value: &str) -> [Label; 1] {
        [("key".to_owned(), value.to_owned())]
    }

    #[test]
    fn a_family_stands_together_and_no_series_twice() {
        let mut families = Families::default();
        families.add(READS, &label("a"), 1);
        families.add(Family { name: "load", kind: Kind::Gauge, help: "Load" }, &[], 0.5);
        families.add(READS, &label("b"), 2);
        families.add(READS, &label("a"), 3);
        let expected = "# TYPE load gauge\n# HELP load Load\nload 0.5\n# TYPE reads counter\n# HELP reads Reads\n\
                        reads_total{key=\"a\"} 1\nreads_total{key=\"b\"} 2\n# EOF\n";
        assert_eq!(families.finish(), expected);
    }

    #[test]
    fn hostile_values_stay_in_their_quotes() {
        let mut families = Families::default();
        families.add(READS, &label("\"} 1\n# EOF\n\\"), 7);
        let text = families.finish();
        assert!(text.contains("\nreads_total{key=\"\\\"} 1\\n# EOF\\n\\\\\"} 7\n# EOF\n"), "{text}");
        assert_eq!(text.lines().count(), 4);
    }
}
