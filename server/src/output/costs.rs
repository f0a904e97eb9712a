//! What the probes cost, as a table behind all other output.

use crate::session::event::{ProgramCost, RunShape};

/// One line for each program: hits, mean, total, and where it is attached; the most expensive first.
pub fn table(costs: &[ProgramCost], shape: Option<&RunShape>) -> String {
    let mut costs: Vec<&ProgramCost> = costs.iter().collect();
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.nanoseconds));
    let mut text = format!("{:>12} {:>10} {:>12}  PROBE\n", "HITS", "NS/HIT", "TOTAL MS");
    for cost in costs {
        let milliseconds = cost.nanoseconds as f64 / 1e6;
        let name = name(cost, shape);
        text += &format!("{:>12} {:>10} {milliseconds:>12.3}  {name}\n", cost.hits, cost.per_hit());
    }
    text
}

/// The attach point of a program, and how many more it has.
fn name(cost: &ProgramCost, shape: Option<&RunShape>) -> String {
    let probe = shape.and_then(|shape| shape.probes.get(cost.probe.index()));
    let name = probe.map_or("?", |probe| probe.name.as_str());
    // The name of a pattern stands for all that it matches.
    match cost.probes {
        0 | 1 => name.to_owned(),
        _ if name.contains('*') => format!("{name} ({} probes)", cost.probes),
        probes => format!("{name} and {} more", probes - 1),
    }
}

#[cfg(test)]
mod tests {
    use tracedeck_compiler::manifest::{ProbeId, ProbeInfo, RunSettings};
    use tracedeck_compiler::source::Span;

    use super::*;

    #[test]
    fn the_most_expensive_probe_comes_first() {
        let probe = |name: &str| ProbeInfo { name: name.to_owned(), span: Span::default() };
        let shape = RunShape {
            probes: vec![probe("profile:hz:99"), probe("kprobe:vfs_*")],
            maps: Vec::new(),
            strings: Vec::new(),
            settings: RunSettings::default(),
        };
        let cost = |probe, probes, hits, nanoseconds| ProgramCost { probe: ProbeId(probe), probes, hits, nanoseconds };
        assert_eq!(
            table(&[cost(0, 1, 0, 0), cost(1, 77, 1204, 373_240)], Some(&shape)),
            "        HITS     NS/HIT     TOTAL MS  PROBE\n        \
             1204        310        0.373  kprobe:vfs_* (77 probes)\n           \
             0          0        0.000  profile:hz:99\n"
        );
    }
}
