//! `--flame FILE.svg`: the final maps that hold stacks become a drawing instead of text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::manifest::MapId;

use crate::flame::{self, FlameError, FlameFrame, FlameOptions, FrameKind, Samples};
use crate::session::event::{Event, RunShape};
use crate::session::names::Names;

/// Gathers samples from a run's events and draws them at its end.
pub struct FlameFile {
    path: PathBuf,
    options: FlameOptions,
    names: Names,
    shape: Option<Arc<RunShape>>,
    /// By the name of their map.
    samples: Vec<(String, Samples)>,
}

impl FlameFile {
    pub fn new(path: PathBuf, options: FlameOptions) -> Self {
        Self { path, options, names: Names::default(), shape: None, samples: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes in what an event says about stacks. Final maps are handed back without those that will be drawn; all other
    /// events are None: they remain as they are.
    pub fn take(&mut self, event: &Event) -> Option<Event> {
        self.names.apply(event);
        match event {
            Event::Compiled(shape) => self.shape = Some(Arc::clone(shape)),
            Event::FinalMaps(maps) => return Some(Event::FinalMaps(self.divide(maps))),
            _ => {}
        }
        None
    }

    fn divide(&mut self, maps: &[(MapId, MapSnapshot)]) -> Vec<(MapId, MapSnapshot)> {
        let mut others = Vec::new();
        for (id, snapshot) in maps {
            let map = self.shape.as_ref().and_then(|shape| shape.maps.get(id.index()));
            match map.filter(|map| map.key.as_ref().is_some_and(flame::has_stack)) {
                Some(map) => self.samples.push((map.name.clone(), flame::samples(snapshot, &self.names))),
                None => others.push((*id, snapshot.clone())),
            }
        }
        others
    }

    /// Draws and writes the file; returns the number of stacks in it. Several maps stand beside each other, each under
    /// a frame with its name.
    pub fn write(self) -> Result<usize> {
        let several = self.samples.len() > 1;
        let mut all = Samples::new();
        for (name, samples) in self.samples {
            for (frames, weight) in samples {
                let outer = several.then(|| FlameFrame { name: name.as_str().into(), kind: FrameKind::Key });
                all.insert(outer.into_iter().chain(frames).collect(), weight);
            }
        }
        let svg = flame::render(&all, &self.options).map_err(|error| match error {
            FlameError::NoSamples => anyhow::anyhow!(
                "{} was not written: no map with a stack in its key had entries at the end, as in \
                 `profile:hz:99 {{ @[kstack, ustack, comm] = count(); }}`",
                self.path.display()
            ),
            error => error.into(),
        })?;
        std::fs::write(&self.path, svg).with_context(|| format!("'{}' cannot be written", self.path.display()))?;
        Ok(all.len())
    }
}
