//! Maps of probes that were refused: that nothing else stores in them is no further mistake.

use crate::syntax::ast::{Ident, Probe};
use crate::syntax::transform::{self, Transform};

use super::attach::Group;
use super::names::Names;

/// Notes the maps of the probes that no group serves.
pub fn note_maps(probes: &[&Probe], groups: &[Group], names: &mut Names) {
    for (index, probe) in probes.iter().enumerate() {
        if groups.iter().all(|group| group.probe != index) {
            transform::walk_probe(&mut MapNames(names), &mut (*probe).clone());
        }
    }
}

struct MapNames<'n>(&'n mut Names);

impl Transform for MapNames<'_> {
    fn name(&mut self, name: &mut Ident) {
        if name.name.starts_with('@') {
            self.0.refuse(&name.name);
        }
    }
}
