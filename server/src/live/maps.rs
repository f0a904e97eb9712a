//! The script's maps as user space sees them: snapshots, and what `clear` and `zero` do.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::sync::Arc;

use tracedeck_compiler::abi::decode::Decoder;
use tracedeck_compiler::abi::format::map::zero;
use tracedeck_compiler::abi::value::MapSnapshot;
use tracedeck_compiler::aggregations;
use tracedeck_compiler::manifest::{Manifest, MapId, MapStorage, STACKS_SEEN_MAP, ScriptMap};
use tracedeck_compiler::types::Type;

use super::bpf::map::{Entries, Map};
use super::bpf::memory::Memory;

/// Reads and resets the maps of a run.
pub struct Maps {
    manifest: Arc<Manifest>,
    kernel: HashMap<String, Map>,
    globals: Arc<Memory>,
    /// A hash of the raw bytes of each map at its last live snapshot.
    seen: Vec<Option<u64>>,
    /// Scalar aggregations that `zero` set to 0: their memory looks as if they never had a value.
    zeroed: HashSet<MapId>,
}

/// Raw bytes of a map.
enum Raw {
    /// Of all globals.
    Globals(Arc<Vec<u8>>),
    Entries(Entries),
}

/// The bytes of the globals, copied once for all scalar maps that are read together.
#[derive(Default)]
struct Moment(Option<Arc<Vec<u8>>>);

impl Maps {
    pub fn new(manifest: Arc<Manifest>, kernel: HashMap<String, Map>, globals: Arc<Memory>) -> Self {
        let seen = vec![None; manifest.maps.len()];
        Self { manifest, kernel, globals, seen, zeroed: HashSet::new() }
    }

    /// A map at this moment; with a limit, only its largest entries. 0: no limit.
    pub fn snapshot(&self, id: MapId, limit: u32) -> io::Result<MapSnapshot> {
        let Some(map) = self.manifest.maps.get(id.index()) else { return Ok(MapSnapshot::default()) };
        Ok(self.decode(id, map, &self.read(map, &mut Moment::default())?, limit))
    }

    /// The maps that are not what they were when this was last asked. A map that never held anything has not changed.
    pub fn changed(&mut self, limit: u32) -> io::Result<Vec<(MapId, MapSnapshot)>> {
        let mut changed = Vec::new();
        let mut moment = Moment::default();
        for index in 0..self.manifest.maps.len() {
            let map = &self.manifest.maps[index];
            let raw = self.read(map, &mut moment)?;
            let hash = self.hash(map, &raw);
            let is_new = self.seen[index].is_none();
            if self.seen[index] != Some(hash) {
                let snapshot = self.decode(MapId(index as u32), map, &raw, limit);
                if !(is_new && snapshot.entries.is_empty()) {
                    changed.push((MapId(index as u32), snapshot));
                }
                self.seen[index] = Some(hash);
            }
        }
        Ok(changed)
    }

    /// All maps that hold something, in the order of their names.
    pub fn all(&self) -> io::Result<Vec<(MapId, MapSnapshot)>> {
        let mut ids: Vec<MapId> = (0..self.manifest.maps.len()).map(|index| MapId(index as u32)).collect();
        ids.sort_by_key(|id| &self.manifest.maps[id.index()].name);
        let mut all = Vec::new();
        for id in ids {
            let snapshot = self.snapshot(id, 0)?;
            if !snapshot.entries.is_empty() {
                all.push((id, snapshot));
            }
        }
        Ok(all)
    }

    /// How many stacks the programs remember as sent, before each is sent again whenever it is met.
    pub fn remembered_stacks(&self) -> u64 {
        self.kernel.get(STACKS_SEEN_MAP).map_or(u64::MAX, |map| u64::from(map.max_entries()))
    }

    /// Makes the programs send every stack once more.
    pub fn forget_stacks(&self) -> io::Result<()> {
        self.kernel.get(STACKS_SEEN_MAP).map_or(Ok(()), remove_all)
    }

    /// Whether keys or values of a map name stacks.
    pub fn names_stacks(&self, id: MapId) -> bool {
        self.manifest
            .maps
            .get(id.index())
            .is_some_and(|map| has_stack(&map.value) || map.key.as_ref().is_some_and(has_stack))
    }

    /// Removes all entries; a scalar map has no value afterwards.
    pub fn clear(&mut self, id: MapId) -> io::Result<()> {
        self.zeroed.remove(&id);
        let Some(map) = self.manifest.maps.get(id.index()) else { return Ok(()) };
        match &map.storage {
            MapStorage::Global { offset } => {
                let value = map.value.size().next_multiple_of(8) as usize;
                self.globals.clear(*offset as usize, 8 + value);
            }
            MapStorage::PerCpuGlobal { offset } => self.clear_cells(*offset, &map.value),
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                if let Some(kernel) = self.kernel.get(symbol) {
                    remove_all(kernel)?;
                }
            }
        }
        Ok(())
    }

    /// Sets all values to zero and keeps the keys.
    pub fn zero(&mut self, id: MapId) -> io::Result<()> {
        let manifest = self.manifest.clone();
        let Some(map) = manifest.maps.get(id.index()) else { return Ok(()) };
        match &map.storage {
            MapStorage::Global { offset } => {
                self.globals.clear(*offset as usize + 8, map.value.size().next_multiple_of(8) as usize);
            }
            MapStorage::PerCpuGlobal { offset } => {
                if !self.snapshot(id, 0)?.entries.is_empty() {
                    self.zeroed.insert(id);
                }
                self.clear_cells(*offset, &map.value);
            }
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                if let Some(kernel) = self.kernel.get(symbol) {
                    let zeros = vec![0; kernel.value_size()];
                    for key in kernel.entries()?.keys.chunks_exact(kernel.key_size().max(1)) {
                        kernel.replace(key, &zeros)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn clear_cells(&self, offset: u32, value: &Type) {
        let Type::Aggregate(aggregate) = value else { return };
        let layout = &self.manifest.globals;
        for cpu in 0..layout.cpus {
            self.globals.clear((layout.slot(cpu) + offset) as usize, aggregations::cell_size(aggregate));
        }
    }

    fn read(&self, map: &ScriptMap, moment: &mut Moment) -> io::Result<Raw> {
        match &map.storage {
            MapStorage::Global { .. } | MapStorage::PerCpuGlobal { .. } => {
                let copy = || Arc::new(self.globals.copy(0, self.manifest.globals.size() as usize));
                Ok(Raw::Globals(moment.0.get_or_insert_with(copy).clone()))
            }
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                let entries = self.kernel.get(symbol).map(Map::entries).transpose()?;
                Ok(Raw::Entries(entries.unwrap_or_default()))
            }
        }
    }

    fn decode(&self, id: MapId, map: &ScriptMap, raw: &Raw, limit: u32) -> MapSnapshot {
        let decoder = Decoder::new(&self.manifest);
        let mut snapshot = match raw {
            Raw::Globals(bytes) => {
                let mut snapshot = decoder.scalar_map(id, bytes).unwrap_or_default();
                if snapshot.entries.is_empty() && self.zeroed.contains(&id) {
                    snapshot.entries.push((None, zero(&map.value)));
                }
                snapshot
            }
            Raw::Entries(entries) => self.decode_entries(&decoder, id, map, entries),
        };
        if limit > 0 && snapshot.entries.len() > limit as usize {
            // Ascending, the largest last.
            let omitted = snapshot.entries.len() - limit as usize;
            snapshot.entries.drain(..omitted);
            snapshot.omitted += omitted as u64;
        }
        snapshot
    }

    fn decode_entries(&self, decoder: &Decoder<'_>, id: MapId, map: &ScriptMap, entries: &Entries) -> MapSnapshot {
        let (MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol }) = &map.storage else {
            return MapSnapshot::default();
        };
        let Some(kernel) = self.kernel.get(symbol) else { return MapSnapshot::default() };
        let (key_size, value_size) = (kernel.key_size().max(1), kernel.value_size().max(1));
        let copies = match map.storage {
            MapStorage::PerCpuHash { .. } => self.manifest.globals.cpus.max(1) as usize,
            MapStorage::Hash { .. } | MapStorage::Global { .. } | MapStorage::PerCpuGlobal { .. } => 1,
        };
        let cells: Vec<&[u8]> = entries.values.chunks_exact((value_size / copies).max(1)).collect();
        let pairs = entries.keys.chunks_exact(key_size).zip(cells.chunks(copies));
        decoder.keyed_map(id, pairs)
    }

    fn hash(&self, map: &ScriptMap, raw: &Raw) -> u64 {
        let mut hasher = DefaultHasher::new();
        match (raw, &map.storage) {
            (Raw::Entries(entries), _) => {
                hasher.write(&entries.keys);
                hasher.write(&entries.values);
            }
            (Raw::Globals(bytes), MapStorage::Global { offset }) => {
                let from = *offset as usize;
                hasher.write(bytes.get(from..from + 8 + map.value.size() as usize).unwrap_or(bytes));
            }
            (Raw::Globals(bytes), MapStorage::PerCpuGlobal { offset }) => {
                let size =
                    if let Type::Aggregate(aggregate) = &map.value { aggregations::cell_size(aggregate) } else { 8 };
                let layout = &self.manifest.globals;
                for cpu in 0..layout.cpus {
                    let from = (layout.slot(cpu) + offset) as usize;
                    hasher.write(bytes.get(from..from + size).unwrap_or(&[]));
                }
            }
            (Raw::Globals(bytes), MapStorage::Hash { .. } | MapStorage::PerCpuHash { .. }) => hasher.write(bytes),
        }
        hasher.finish()
    }
}

fn remove_all(kernel: &Map) -> io::Result<()> {
    for key in kernel.entries()?.keys.chunks_exact(kernel.key_size().max(1)) {
        kernel.delete(key)?;
    }
    Ok(())
}

/// Whether a value of this type names stacks.
pub fn has_stack(ty: &Type) -> bool {
    matches!(ty, Type::Stack { .. })
        || matches!(ty, Type::Array { of, .. } if has_stack(of))
        || ty.parts().into_iter().any(has_stack)
}
