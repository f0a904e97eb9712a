//! What came into maps with stacks between the states that a recording keeps. Chunks have one state of a map in a
//! second, which is too coarse to see a hiccup of the machine; the difference from one snapshot to the next is small.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tracedeck_compiler::abi::value::{MapSnapshot, Value};
use tracedeck_compiler::manifest::MapId;

use crate::flame;
use crate::session::event::{Event, RunShape, Stamped};

/// A map from one snapshot to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub at_ns: u64,
    pub map: MapId,
    /// The entries are all that the map has: the script has taken some away.
    pub whole: bool,
    /// Those that changed, with their new values.
    pub entries: Vec<(Option<Value>, Value)>,
}

impl Step {
    /// Brings a snapshot from just before the step up to it.
    pub fn apply(self, snapshot: &mut MapSnapshot) {
        if self.whole {
            snapshot.entries = self.entries;
            return;
        }
        let mut changed: HashMap<Option<Value>, Value> = self.entries.into_iter().collect();
        for (key, value) in &mut snapshot.entries {
            if let Some(new) = changed.remove(key) {
                *value = new;
            }
        }
        snapshot.entries.extend(changed);
    }
}

/// Compares each snapshot of a map with stacks with the one before.
#[derive(Debug, Default)]
pub struct Stepper {
    /// By the maps' numbers; None: a map without stacks.
    states: Vec<Option<HashMap<Option<Value>, Value>>>,
}

impl Stepper {
    pub fn new(shape: &RunShape) -> Self {
        let has_stack = |key: &Option<_>| key.as_ref().is_some_and(flame::has_stack);
        Self { states: shape.maps.iter().map(|map| has_stack(&map.key).then(HashMap::new)).collect() }
    }

    /// The steps that an event makes.
    pub fn take(&mut self, stamped: &Stamped) -> Vec<Step> {
        let (Event::Maps(maps) | Event::FinalMaps(maps)) = &stamped.event else { return Vec::new() };
        let steps = maps.iter().filter_map(|(id, snapshot)| {
            let state = self.states.get_mut(id.index())?.as_mut()?;
            // Which entries a bounded reader leaves out is another matter each time.
            if snapshot.omitted > 0 {
                return None;
            }
            let mut entries = changes(state, snapshot);
            let whole = state.len() > snapshot.entries.len();
            if whole {
                *state = snapshot.entries.iter().cloned().collect();
                entries.clone_from(&snapshot.entries);
            }
            (whole || !entries.is_empty()).then_some(Step { at_ns: stamped.at_ns, map: *id, whole, entries })
        });
        steps.collect()
    }
}

/// Brings the state up to the snapshot, except for what is gone, and says what is new in it.
fn changes(state: &mut HashMap<Option<Value>, Value>, snapshot: &MapSnapshot) -> Vec<(Option<Value>, Value)> {
    let mut changed = Vec::new();
    for (key, value) in &snapshot.entries {
        match state.get_mut(key) {
            Some(known) if known == value => continue,
            Some(known) => known.clone_from(value),
            None => {
                state.insert(key.clone(), value.clone());
            }
        }
        changed.push((key.clone(), value.clone()));
    }
    changed
}

#[cfg(test)]
mod tests {
    use tracedeck_compiler::abi::value::Number;
    use tracedeck_compiler::manifest::RunSettings;
    use tracedeck_compiler::types::{Aggregate, StackMode, StackSpace, Type};

    use super::*;
    use crate::session::event::MapShape;

    fn shape() -> RunShape {
        let stack = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 127 };
        let map = |name: &str, key| MapShape { name: name.into(), key, value: Type::Aggregate(Aggregate::Count) };
        RunShape {
            probes: Vec::new(),
            maps: vec![map("@stacks", Some(stack)), map("@n", None)],
            strings: Vec::new(),
            settings: RunSettings::default(),
        }
    }

    fn snapshot(counts: &[(u64, u64)]) -> MapSnapshot {
        let entry = |(key, count): &(u64, u64)| (Some(Value::Pointer(*key)), Value::Number(Number::Unsigned(*count)));
        MapSnapshot { entries: counts.iter().map(entry).collect(), omitted: 0 }
    }

    fn maps(at_ns: u64, map: u32, counts: &[(u64, u64)]) -> Stamped {
        Stamped { sequence: at_ns, at_ns, event: Event::Maps(vec![(MapId(map), snapshot(counts))]) }
    }

    #[test]
    fn steps_lead_from_each_snapshot_to_the_next() {
        let states: [&[(u64, u64)]; 5] =
            [&[(1, 5)], &[(1, 5), (2, 1)], &[(2, 1), (1, 9)], &[(2, 1)], &[(2, 1), (3, 4)]];
        let mut stepper = Stepper::new(&shape());
        let mut played = MapSnapshot::default();
        for (at_ns, state) in (0..).zip(states) {
            for step in stepper.take(&maps(at_ns, 0, state)) {
                assert_eq!(step.at_ns, at_ns);
                assert!(step.whole || step.entries.len() == 1, "{step:?}");
                step.apply(&mut played);
            }
            let sorted = |snapshot: &MapSnapshot| {
                let mut lines: Vec<String> = snapshot.entries.iter().map(|entry| format!("{entry:?}")).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&played), sorted(&snapshot(state)));
        }
    }

    #[test]
    fn what_does_not_change_and_maps_without_stacks_make_no_steps() {
        let mut stepper = Stepper::new(&shape());
        assert_eq!(stepper.take(&maps(1, 0, &[(1, 5)])).len(), 1);
        assert_eq!(stepper.take(&maps(2, 0, &[(1, 5)])), []);
        assert_eq!(stepper.take(&maps(3, 1, &[(1, 5)])), []);
        assert_eq!(stepper.take(&maps(4, 7, &[(1, 5)])), []);
        let cleared = stepper.take(&maps(5, 0, &[]));
        assert!(cleared[0].whole && cleared[0].entries.is_empty(), "{cleared:?}");
    }
}
