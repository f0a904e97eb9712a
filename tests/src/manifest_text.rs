//! A manifest as short text for golden files: one line for each thing in it.

use std::fmt::Write as _;

use tracedeck_compiler::abi::format::{Format, Length, Piece, Spec};
use tracedeck_compiler::manifest::{KernelMap, Manifest, MapStorage, RunSettings, SiteKind, Slot, SlotPlace};

/// The whole manifest, without spans: those are compared where they show, in messages.
pub fn text(manifest: &Manifest) -> String {
    let mut out = String::new();
    for program in &manifest.programs {
        let _ = writeln!(out, "program {} {:?}", program.section, program.kind);
        for point in &program.attach {
            let name = manifest.probes.get(point.probe.index()).map_or("?", |probe| probe.name.as_str());
            let _ = writeln!(out, "  probe {} {name}: {:?}", point.probe.0, point.spec);
        }
    }
    for map in &manifest.maps {
        let key = map.key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
        let place = match &map.storage {
            MapStorage::Global { offset } => format!("global +{offset}"),
            MapStorage::PerCpuGlobal { offset } => format!("each CPU +{offset}"),
            MapStorage::Hash { symbol } => format!("hash {symbol}"),
            MapStorage::PerCpuHash { symbol } => format!("per-CPU hash {symbol}"),
        };
        let _ = writeln!(out, "map {}{key}: {} in {place}", map.name, map.value);
    }
    for map in &manifest.kernel_maps {
        let _ = writeln!(out, "{}", kernel_map(map));
    }
    for (index, site) in manifest.sites.iter().enumerate() {
        let _ = writeln!(out, "site {index} ({} bytes): {}", site.fixed_size, site_kind(&site.kind));
    }
    for counter in &manifest.counters {
        let helper = counter.helper.as_ref().map_or(String::new(), |helper| format!(" of {}", helper.name));
        let _ = writeln!(out, "counter +{}: {:?}{helper}", counter.offset, counter.cause);
    }
    let globals = &manifest.globals;
    let _ = writeln!(out, "globals: {} + {} x {} CPUs", globals.shared_size, globals.slot_size, globals.cpus);
    if !manifest.strings.is_empty() {
        let _ = writeln!(out, "strings: {:?}", manifest.strings);
    }
    for layout in &manifest.structs {
        let _ = writeln!(out, "struct {}", layout.name);
        for field in &layout.fields {
            let bits = field.bits.map_or(String::new(), |(from, width)| format!(" bits {from}+{width}"));
            let _ = writeln!(out, "  +{} {}: {}{bits}", field.offset, field.name, field.ty);
        }
    }
    if manifest.settings != RunSettings::default() {
        let _ = writeln!(out, "settings: {:?}", manifest.settings);
    }
    out
}

fn site_kind(kind: &SiteKind) -> String {
    match kind {
        SiteKind::Printf { stream, format, arguments } => formatted(&format!("printf {stream:?}"), format, arguments),
        SiteKind::Cat { format, arguments } => formatted("cat", format, arguments),
        SiteKind::System { format, arguments } => formatted("system", format, arguments),
        SiteKind::Join { separator, arguments } => format!("join {separator:?}{}", slots(arguments)),
        SiteKind::PrintEntry { map, key } => format!("print entry of {map:?}{}", slots(std::slice::from_ref(key))),
        SiteKind::Print { value } => format!("print{}", slots(std::slice::from_ref(value))),
        other => format!("{other:?}"),
    }
}

fn formatted(call: &str, format: &Format, arguments: &[Slot]) -> String {
    let pieces: String = format.pieces.iter().map(|piece| format!(" {}", piece_text(piece))).collect();
    format!("{call}{pieces}{}", slots(arguments))
}

fn piece_text(piece: &Piece) -> String {
    let spec = match piece {
        Piece::Literal(bytes) => return format!("{:?}", String::from_utf8_lossy(bytes)),
        Piece::Spec(spec) => spec,
    };
    let Spec { left, plus, space, alternate, zero, width, precision, length, conversion } = spec;
    let flags = [(left, "-"), (plus, "+"), (space, " "), (alternate, "#"), (zero, "0")];
    let flags: String = flags.iter().filter(|(is_set, _)| **is_set).map(|(_, flag)| *flag).collect();
    let width = width.map_or(String::new(), |width| width.to_string());
    let precision = precision.map_or(String::new(), |precision| format!(".{precision}"));
    let length = if *length == Length::Int { String::new() } else { format!(" {length:?}") };
    format!("<{flags}{width}{precision}{conversion:?}{length}>")
}

/// Types of arguments with where they lie in the record: a number in the fixed part, `tail` behind it.
fn slots(slots: &[Slot]) -> String {
    let place = |slot: &Slot| match slot.place {
        SlotPlace::Fixed { offset } => format!("\n  {} at {offset}", slot.ty),
        SlotPlace::Tail { offset } => format!("\n  {} in the tail, its length at {offset}", slot.ty),
    };
    slots.iter().map(place).collect()
}

fn kernel_map(map: &KernelMap) -> String {
    let flags = [(map.no_prealloc, " no-prealloc"), (map.mmapable, " mmapable")];
    let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
    let KernelMap { symbol, kind, key_size, value_size, max_entries, .. } = map;
    format!("kernel map {symbol}: {kind:?} {key_size} -> {value_size} x{max_entries}{flags}")
}
