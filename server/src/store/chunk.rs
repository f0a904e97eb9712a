//! Events of a run in the database: about one compressed chunk for each second.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, params};
use tracedeck_compiler::abi::value::MapSnapshot;

use super::{Result, StoreError, runs};
use crate::session::event::{Event, Stamped};
use crate::session::steps::Step;

/// Raised with every change of what an event contains.
pub const FORMAT: i64 = 3;

/// Fast enough to be forgotten beside the events' own cost.
const LEVEL: i32 = 1;

/// Events of one run that are stored together.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub run: String,
    /// Counts the chunks of a run from 0.
    pub number: u32,
    pub events: Vec<Arc<Stamped>>,
    /// Names of the maps in the events, in order of their ids.
    pub map_names: Arc<[String]>,
    /// What came in between the states that are kept.
    pub steps: Vec<Step>,
}

impl Chunk {
    /// The compressed events. Of each map only the last of the live snapshots in the chunk is kept: a recording has
    /// one state of a map in a second.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut seen = HashSet::new();
        let mut kept: Vec<Arc<Stamped>> = Vec::with_capacity(self.events.len());
        for event in self.events.iter().rev() {
            match &event.event {
                Event::Maps(maps) if maps.iter().any(|(id, _)| seen.contains(id)) => {
                    let fresh: Vec<_> = maps.iter().filter(|(id, _)| !seen.contains(id)).cloned().collect();
                    seen.extend(fresh.iter().map(|(id, _)| *id));
                    if !fresh.is_empty() {
                        kept.push(Arc::new(Stamped { event: Event::Maps(fresh), ..**event }));
                    }
                }
                Event::Maps(maps) => {
                    seen.extend(maps.iter().map(|(id, _)| *id));
                    kept.push(Arc::clone(event));
                }
                _ => kept.push(Arc::clone(event)),
            }
        }
        kept.reverse();
        compress(&kept)
    }

    /// The compressed steps; None where there are none.
    pub fn encoded_steps(&self) -> Result<Option<Vec<u8>>> {
        if self.steps.is_empty() { Ok(None) } else { compress(&self.steps).map(Some) }
    }

    /// The final content of the maps, by name, compressed.
    pub fn final_maps(&self) -> Result<Vec<(&str, Vec<u8>)>> {
        let mut out = Vec::new();
        for event in &self.events {
            let Event::FinalMaps(maps) = &event.event else { continue };
            for (id, snapshot) in maps {
                if let Some(name) = self.map_names.get(id.index()) {
                    out.push((name.as_str(), compress::<MapSnapshot>(snapshot)?));
                }
            }
        }
        Ok(out)
    }

    pub fn last_sequence(&self) -> u64 {
        self.events.last().map_or(0, |event| event.sequence)
    }
}

/// One event as a chunk of its own.
pub fn encode_one(event: &Stamped) -> Result<Vec<u8>> {
    compress(std::slice::from_ref(event))
}

fn compress<T: serde::Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let plain = postcard::to_allocvec(value).map_err(|error| StoreError::Damaged(error.to_string()))?;
    zstd::bulk::compress(&plain, LEVEL).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The events of a run, still compressed: they may be many times as large when they are not.
#[derive(Debug, Default)]
pub struct Recording {
    chunks: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Recording {
    /// Hands out the events in order, decompressing one chunk at a time. Stops at the first that cannot be read.
    pub fn play(self, mut take: impl FnMut(Stamped)) -> Result<()> {
        for (events, _) in self.chunks {
            decompress::<Vec<Stamped>>(&events)?.into_iter().for_each(&mut take);
        }
        Ok(())
    }

    /// The same chunk by chunk, each with its steps.
    pub fn play_closely(self, mut take: impl FnMut(Vec<Stamped>, Vec<Step>)) -> Result<()> {
        for (events, steps) in self.chunks {
            take(decompress(&events)?, steps.map_or(Ok(Vec::new()), |steps| decompress(&steps))?);
        }
        Ok(())
    }

    /// Hands out what happened until a moment, and returns the steps that lead there from the last states before it.
    pub fn play_until(self, at_ns: u64, mut take: impl FnMut(Stamped)) -> Result<Vec<Step>> {
        for (events, steps) in self.chunks {
            let events: Vec<Stamped> = decompress(&events)?;
            let goes_beyond = events.last().is_some_and(|last| last.at_ns > at_ns);
            events.into_iter().filter(|event| event.at_ns <= at_ns).for_each(&mut take);
            if goes_beyond {
                let steps: Vec<Step> = steps.map_or(Ok(Vec::new()), |steps| decompress(&steps))?;
                return Ok(steps.into_iter().filter(|step| step.at_ns <= at_ns).collect());
            }
        }
        Ok(Vec::new())
    }
}

fn decompress<T: serde::de::DeserializeOwned>(compressed: &[u8]) -> Result<T> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged(error.to_string());
    let plain = zstd::stream::decode_all(compressed).map_err(|error| damaged(&error))?;
    postcard::from_bytes(&plain).map_err(|error| damaged(&error))
}

/// Copies a run's events out of the database.
pub fn load(connection: &Connection, run: &str) -> Result<Recording> {
    let format = runs::event_format(connection, run)?;
    if format != FORMAT {
        return Err(StoreError::Damaged(format!(
            "it was recorded by another version of tracedeck (format {format}, this one reads {FORMAT})"
        )));
    }
    let mut statement = connection.prepare_cached(
        "SELECT events, steps FROM chunks LEFT JOIN steps USING (run, number) WHERE run = ?1 ORDER BY number",
    )?;
    let chunks = statement.query_map(params![run], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Recording { chunks: chunks.collect::<rusqlite::Result<_>>()? })
}
