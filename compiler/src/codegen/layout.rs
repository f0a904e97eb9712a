//! Where everything lives that outlasts one event: the globals, the kernel maps, and the limits they must keep.

use crate::aggregations;
use crate::diagnostic::Diagnostic;
use crate::hir::{self, Eviction};
use crate::kernel::Kernel;
use crate::manifest::{
    CGROUP_MAP, Counter, CounterCause, GLOBALS_MAP, GlobalsHeader, GlobalsLayout, Helper, KernelMap, KernelMapKind,
    MapId, MapStorage, PROCESSES_MAP, SCRATCH_MAP, STACKS_SEEN_MAP,
};
use crate::source::Span;
use crate::types::Type;

use super::error::CodegenError;
use super::ring;

/// The most bytes that one CPU's part of a value may have (PCPU_MIN_UNIT_SIZE in include/linux/percpu.h).
pub const PER_CPU_VALUE_LIMIT: u32 = 32 << 10;
/// The most bytes of scratch memory that one program may have on each CPU.
pub const SCRATCH_LIMIT: u32 = 1 << 20;
/// The most bytes of all scratch memory: every program has its own on every CPU.
pub const ALL_SCRATCH_LIMIT: u64 = 512 << 20;
/// The most bytes of a plain value: what user space can still read in one piece.
const VALUE_LIMIT: u32 = 1 << 20;
/// Maps up to this size get all their memory at once, bytes. Elements that are allocated one by one run out when many
/// new keys come at the same time: then the kernel refuses an update although the map has room.
const PREALLOCATED: u64 = 16 << 20;
/// Stacks that one run remembers as sent; beyond it stacks are counted as failed.
const STACKS_SEEN: u32 = 64 << 10;
/// Processes that are followed at a time; those beyond are counted.
const FOLLOWED: u32 = 64 << 10;
/// Bytes that the kernel adds to each element of a hash map (struct htab_elem and the allocator's slack).
const HASH_ELEMENT_OVERHEAD: u64 = 64;
/// Bytes between neighbours' cells that keep them in separate cache lines.
const CACHE_LINE: u32 = 64;

/// How the maps of a script are stored, and what the programs share.
#[derive(Debug)]
pub struct Layout {
    pub storage: Vec<MapStorage>,
    pub shared_size: u32,
    /// Offset in the shared part of bytes that are always 0, as many as the largest value that may be missing.
    pub zeros: u32,
    pub cpus: u32,
    has_own_pids: bool,
    /// Bytes of a slot that cells and counters take.
    slot_used: u32,
    pub counters: Vec<Counter>,
}

impl Layout {
    /// Assigns storage to every map.
    ///
    /// Errors: values that no per-CPU map can hold.
    pub fn new(program: &hir::Program, kernel: &dyn Kernel) -> Result<Self, Vec<Diagnostic>> {
        let cpus = kernel.possible_cpus().max(1);
        let has_own_pids = program.programs.iter().any(|it| it.filter.not_own);
        let own_pids = if has_own_pids { GlobalsHeader::OWN_PIDS_MOST * 4 } else { 0 };
        let mut shared = GlobalsHeader::SIZE + own_pids;
        let mut slot = 0;
        let mut zeros_size = 8;
        let mut storage = Vec::new();
        let mut errors = Vec::new();
        for (index, map) in program.maps.iter().enumerate() {
            errors.extend(value_too_large(map).map(Diagnostic::from));
            let value_size = value_size(&map.value);
            zeros_size = zeros_size.max(value_size);
            storage.push(match (&map.key, &map.value) {
                (None, Type::Aggregate(_)) => {
                    slot += value_size;
                    MapStorage::PerCpuGlobal { offset: slot - value_size }
                }
                (None, _) => {
                    shared += 8 + value_size;
                    MapStorage::Global { offset: shared - 8 - value_size }
                }
                (Some(_), Type::Aggregate(_)) => MapStorage::PerCpuHash { symbol: symbol(index, &map.name) },
                (Some(_), _) => MapStorage::Hash { symbol: symbol(index, &map.name) },
            });
        }
        let zeros = shared;
        shared = (shared + zeros_size).next_multiple_of(CACHE_LINE);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { storage, shared_size: shared, zeros, cpus, has_own_pids, slot_used: slot, counters: Vec::new() })
    }

    pub fn storage(&self, map: MapId) -> &MapStorage {
        &self.storage[map.index()]
    }

    /// The counter for a cause at a place of the script; made at first use. With a helper, there is room for what it
    /// returned.
    pub fn counter(&mut self, cause: CounterCause, span: Span, helper: Option<&str>) -> Counter {
        let is_known = |counter: &&Counter| {
            counter.cause == cause
                && counter.span == span
                && counter.helper.as_ref().map(|helper| helper.name.as_str()) == helper
        };
        if let Some(known) = self.counters.iter().find(is_known) {
            return known.clone();
        }
        let offset = self.slot_used;
        let helper = helper.map(|name| Helper { name: name.to_owned(), result_offset: offset + 8 });
        self.slot_used += if helper.is_some() { 16 } else { 8 };
        let counter = Counter { offset, cause, span, expanded_from: Vec::new(), helper };
        self.counters.push(counter.clone());
        counter
    }

    /// The final layout of the globals, once all counters are known.
    pub fn globals(&self) -> GlobalsLayout {
        GlobalsLayout {
            shared_size: self.shared_size,
            slot_size: self.slot_used.max(8).next_multiple_of(CACHE_LINE),
            cpus: self.cpus,
            has_own_pids: self.has_own_pids,
        }
    }

    /// All kernel maps; `scratch` is the size of one program's scratch memory and the number of programs, `ring` the
    /// bytes of the ring, if there is to be one.
    pub fn kernel_maps(
        &self,
        program: &hir::Program,
        scratch: (u32, u32),
        ring: Option<u32>,
        stacks: bool,
    ) -> Vec<KernelMap> {
        let array = |symbol: &str, kind, value_size, max_entries, mmapable| KernelMap {
            symbol: symbol.to_owned(),
            kind,
            key_size: 4,
            value_size,
            max_entries,
            no_prealloc: false,
            mmapable,
        };
        let mut maps = vec![array(GLOBALS_MAP, KernelMapKind::Array, self.globals().size(), 1, true)];
        if let Some(ring) = ring {
            maps.push(ring::map(ring));
        }
        if stacks {
            maps.push(KernelMap {
                symbol: STACKS_SEEN_MAP.to_owned(),
                kind: KernelMapKind::Hash,
                key_size: 8,
                value_size: 1,
                max_entries: STACKS_SEEN,
                no_prealloc: true,
                mmapable: false,
            });
        }
        if program.follows {
            maps.push(KernelMap {
                symbol: PROCESSES_MAP.to_owned(),
                kind: KernelMapKind::Hash,
                key_size: 8,
                value_size: 8,
                max_entries: FOLLOWED,
                no_prealloc: true,
                mmapable: false,
            });
        }
        if program.programs.iter().any(|it| it.filter.cgroup) {
            maps.push(array(CGROUP_MAP, KernelMapKind::CgroupArray, 4, 1, false));
        }
        let (size, programs) = (scratch.0.next_multiple_of(8), scratch.1);
        if is_large_scratch(size) {
            maps.push(array(SCRATCH_MAP, KernelMapKind::Array, size, programs * self.cpus, false));
        } else if size > 0 {
            maps.push(array(SCRATCH_MAP, KernelMapKind::PerCpuArray, size, programs, false));
        }
        for (definition, storage) in program.maps.iter().zip(&self.storage) {
            maps.extend(hash_map(definition, storage, self.cpus));
        }
        maps
    }
}

/// Whether scratch memory is too large for a per-CPU map: then it is a plain one with an entry for every program on
/// every CPU.
pub fn is_large_scratch(bytes: u32) -> bool {
    bytes > PER_CPU_VALUE_LIMIT
}

/// Bytes of a map's value, one CPU's cell for aggregations, rounded up to 8.
pub fn value_size(value: &Type) -> u32 {
    match value {
        Type::Aggregate(aggregate) => u32::try_from(aggregations::cell_size(aggregate)).unwrap_or(u32::MAX),
        value => value.size().saturating_add(7) & !7,
    }
    .min(u32::MAX >> 8)
}

fn value_too_large(map: &hir::MapDef) -> Option<CodegenError> {
    let size = value_size(&map.value);
    let is_aggregation = matches!(map.value, Type::Aggregate(_));
    let (limit, on_each) = if is_aggregation { (PER_CPU_VALUE_LIMIT, " on each CPU") } else { (VALUE_LIMIT, "") };
    if size <= limit {
        return None;
    }
    let message = format!("A value of {} has {size} bytes{on_each}, at most {limit} bytes are possible", map.name);
    let help = match map.value {
        Type::Aggregate(crate::types::Aggregate::TimeSeries { .. }) => "Keep fewer intervals",
        Type::Aggregate(_) => "Use fewer buckets",
        _ => "Use shorter strings: str(p, 64), or the setting max_strlen",
    };
    Some(CodegenError::limit(map.span, message).with_help(help))
}

/// Estimated bytes of kernel memory when the map is full.
fn memory(map: &hir::MapDef, cpus: u32) -> u64 {
    let Some(key) = &map.key else { return u64::from(value_size(&map.value)) };
    let copies = if matches!(map.value, Type::Aggregate(_)) { u64::from(cpus) } else { 1 };
    let element = u64::from(key.size().next_multiple_of(8)) + HASH_ELEMENT_OVERHEAD;
    let element = element + u64::from(value_size(&map.value)) * copies;
    element.saturating_mul(u64::from(map.max_entries))
}

fn hash_map(definition: &hir::MapDef, storage: &MapStorage, cpus: u32) -> Option<KernelMap> {
    let (symbol, per_cpu) = match storage {
        MapStorage::Hash { symbol } => (symbol, false),
        MapStorage::PerCpuHash { symbol } => (symbol, true),
        MapStorage::Global { .. } | MapStorage::PerCpuGlobal { .. } => return None,
    };
    let kind = match (definition.eviction, per_cpu) {
        (Eviction::None, false) => KernelMapKind::Hash,
        (Eviction::None, true) => KernelMapKind::PerCpuHash,
        (Eviction::LeastRecentlyUsed, false) => KernelMapKind::LruHash,
        (Eviction::LeastRecentlyUsed, true) => KernelMapKind::LruPerCpuHash,
    };
    Some(KernelMap {
        symbol: symbol.clone(),
        kind,
        key_size: definition.key.as_ref().map_or(4, |key| key.size().max(1)),
        value_size: value_size(&definition.value).max(8),
        max_entries: definition.max_entries.max(1),
        // The kernel refuses the flag for LRU maps.
        no_prealloc: definition.eviction == Eviction::None && memory(definition, cpus) > PREALLOCATED,
        mmapable: false,
    })
}

fn symbol(index: usize, name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("map{index}_{plain}")
}
