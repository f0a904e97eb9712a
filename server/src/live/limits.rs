//! What a script may take of the machine: probes, kernel memory, time. Each limit has its own message.

use std::time::Duration;

use tracedeck_compiler::manifest::{KernelMap, KernelMapKind, Manifest};
use tracedeck_compiler::options::Limits;
use tracedeck_compiler::source::Span;

use super::bpf::map::is_per_cpu;
use super::failure::Failure;

/// Bytes that the kernel adds to each entry of a hash map: the bucket and the element's header.
const HASH_ENTRY_OVERHEAD: u64 = 64;

/// Refuses what is over a limit before anything is created.
pub fn check(manifest: &Manifest, limits: &Limits, cpus: u32) -> Result<(), Failure> {
    if manifest.probes.len() > limits.max_probes {
        let span = manifest.probes.get(limits.max_probes).map_or(Span::default(), |probe| probe.span);
        return Err(Failure::new(
            "too-many-probes",
            span,
            format!("the script has {} probes, more than the limit of {}", manifest.probes.len(), limits.max_probes),
        )
        .with_help("narrow the wildcards"));
    }
    if manifest.programs.len() > limits.max_programs {
        return Err(Failure::new(
            "too-many-programs",
            Span::default(),
            format!(
                "the script has {} programs, more than the limit of {}",
                manifest.programs.len(),
                limits.max_programs
            ),
        ));
    }
    let bytes: u64 = manifest.kernel_maps.iter().map(|map| map_bytes(map, cpus)).fold(0, u64::saturating_add);
    if bytes > limits.max_map_bytes {
        let largest = manifest.kernel_maps.iter().max_by_key(|map| map_bytes(map, cpus));
        let help = largest.map_or_else(String::new, |map| {
            format!(
                "the largest, {}, takes {} MB for {} entries; lower max_map_keys or shorten its key",
                map_name(manifest, &map.symbol),
                megabytes(map_bytes(map, cpus)),
                map.max_entries
            )
        });
        return Err(Failure::new(
            "maps-too-large",
            Span::default(),
            format!(
                "the maps would take {} MB of kernel memory, more than the limit of {} MB",
                megabytes(bytes),
                megabytes(limits.max_map_bytes)
            ),
        )
        .with_help(help));
    }
    Ok(())
}

/// The name of a map as the script writes it, or the engine's own for a map that no script names.
pub fn map_name<'a>(manifest: &'a Manifest, symbol: &'a str) -> &'a str {
    use tracedeck_compiler::manifest::MapStorage::{Global, Hash, PerCpuGlobal, PerCpuHash};
    let is_stored = |map: &&tracedeck_compiler::manifest::ScriptMap| match &map.storage {
        Hash { symbol: own } | PerCpuHash { symbol: own } => own == symbol,
        Global { .. } | PerCpuGlobal { .. } => false,
    };
    manifest.maps.iter().find(is_stored).map_or(symbol, |map| &map.name)
}

/// Kernel memory of a map when it is full, bytes, estimated.
pub fn map_bytes(map: &KernelMap, cpus: u32) -> u64 {
    let copies = if is_per_cpu(map.kind) { u64::from(cpus) } else { 1 };
    let value = u64::from(map.value_size).next_multiple_of(8).saturating_mul(copies);
    let entries = u64::from(map.max_entries);
    match map.kind {
        KernelMapKind::RingBuffer => entries,
        KernelMapKind::Array | KernelMapKind::PerCpuArray | KernelMapKind::CgroupArray => entries.saturating_mul(value),
        KernelMapKind::Hash | KernelMapKind::PerCpuHash | KernelMapKind::LruHash | KernelMapKind::LruPerCpuHash => {
            let entry = u64::from(map.key_size).next_multiple_of(8) + value + HASH_ENTRY_OVERHEAD;
            entries.saturating_mul(entry)
        }
    }
}

/// How long a run may last; None: as long as it likes.
pub fn run_time(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(kind: KernelMapKind, max_entries: u32) -> KernelMap {
        KernelMap {
            symbol: "at_k".to_owned(),
            kind,
            key_size: 8,
            value_size: 64,
            max_entries,
            no_prealloc: false,
            mmapable: false,
        }
    }

    #[test]
    fn a_per_cpu_map_costs_its_values_once_for_each_cpu() {
        let shared = map_bytes(&map(KernelMapKind::Hash, 1000), 128);
        let per_cpu = map_bytes(&map(KernelMapKind::PerCpuHash, 1000), 128);
        assert_eq!(per_cpu - shared, 1000 * 64 * 127);
    }

    #[test]
    fn maps_over_the_budget_are_refused_with_numbers() {
        let manifest = Manifest { kernel_maps: vec![map(KernelMapKind::PerCpuHash, 1 << 20)], ..Manifest::default() };
        let failure = check(&manifest, &Limits::default(), 128).expect_err("8 GB");
        assert_eq!(failure.code, "maps-too-large");
        assert!(failure.message.contains("limit of 512 MB"), "{}", failure.message);
        check(&manifest, &Limits::default(), 1).expect("fits on one CPU");
    }
}
