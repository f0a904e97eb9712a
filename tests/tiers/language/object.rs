//! An object against the manifest that describes it, read with a reader that the compiler does not use.

use std::collections::{BTreeSet, HashSet};

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use tracedeck_compiler::Compiled;
use tracedeck_compiler::manifest::{KERNEL_VARIABLE_PREFIX, MapStorage, VALUE_SUFFIX};

/// What does not fit; empty where all does.
pub fn disagreements(compiled: &Compiled) -> Vec<String> {
    let files: Result<Vec<_>, _> = compiled.objects.iter().map(|bytes| object::File::parse(bytes.as_slice())).collect();
    let files = match files {
        Ok(files) => files,
        Err(error) => return vec![format!("an object cannot be read: {error}")],
    };
    let mut problems = Vec::new();
    for file in &files {
        if file.architecture() != object::Architecture::Bpf || !file.is_little_endian() {
            problems.push(format!("built for {:?}", file.architecture()));
        }
        symbols(file, compiled, &mut problems);
    }
    sections(&files, compiled, &mut problems);
    references(compiled, &mut problems);
    problems
}

/// One section for each program, whole instructions in each, a function at its start.
fn sections(files: &[object::File<'_>], compiled: &Compiled, problems: &mut Vec<String>) {
    let all = || compiled.manifest.programs.iter().chain(&compiled.manifest.followers);
    let described: BTreeSet<&str> = all().map(|it| it.section.as_str()).collect();
    if described.len() != all().count() {
        problems.push("two programs share a section".to_owned());
    }
    let mut built = BTreeSet::new();
    let of_files = files.iter().flat_map(|file| file.sections().map(move |section| (file, section)));
    for (file, section) in of_files.filter(|(_, it)| it.kind() == SectionKind::Text && it.size() > 0) {
        if !built.insert(section.name().unwrap_or("?").to_owned()) {
            problems.push(format!("{:?} is in two objects", section.name()));
        }
        if !section.size().is_multiple_of(8) {
            problems.push(format!("{} bytes in {:?} are no whole instructions", section.size(), section.name()));
        }
        let starts = file.symbols().any(|symbol| {
            symbol.section_index() == Some(section.index())
                && symbol.address() == section.address()
                && symbol.kind() == object::SymbolKind::Text
        });
        if !starts {
            problems.push(format!("no function starts {:?}", section.name()));
        }
    }
    if !built.iter().map(String::as_str).eq(described.iter().copied()) {
        problems.push(format!("sections {built:?}, described {described:?}"));
    }
}

/// Every undefined symbol is a map of the manifest, or something of the kernel.
fn symbols(file: &object::File<'_>, compiled: &Compiled, problems: &mut Vec<String>) {
    let maps: HashSet<&str> = compiled.manifest.kernel_maps.iter().map(|map| map.symbol.as_str()).collect();
    if maps.len() != compiled.manifest.kernel_maps.len() {
        problems.push("two maps share a symbol".to_owned());
    }
    for symbol in file.symbols().filter(|symbol| symbol.is_undefined()) {
        let name = symbol.name().unwrap_or("?");
        let map = name.strip_suffix(VALUE_SUFFIX).unwrap_or(name);
        let of_kernel = name.starts_with("bpf_") || name.starts_with(KERNEL_VARIABLE_PREFIX);
        if !name.is_empty() && !of_kernel && !maps.contains(map) {
            problems.push(format!("'{name}' is no map of the manifest"));
        }
    }
}

/// What the manifest's parts say about each other.
fn references(compiled: &Compiled, problems: &mut Vec<String>) {
    let manifest = &compiled.manifest;
    for map in &manifest.maps {
        let end_of_shared = manifest.globals.shared_size;
        let end_of_slot = manifest.globals.slot_size;
        let fits = match &map.storage {
            MapStorage::Global { offset } => offset + 8 + map.value.size() <= end_of_shared,
            MapStorage::PerCpuGlobal { offset } => *offset < end_of_slot,
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                manifest.kernel_maps.iter().any(|kernel| kernel.symbol == *symbol)
            }
        };
        if !fits {
            problems.push(format!("{} has no place: {:?}", map.name, map.storage));
        }
    }
    for program in &manifest.programs {
        for point in &program.attach {
            if manifest.probes.get(point.probe.index()).is_none() {
                problems.push(format!("{} names probe {}", program.section, point.probe.0));
            }
        }
    }
    let beyond = |counter: &&tracedeck_compiler::manifest::Counter| counter.offset + 8 > manifest.globals.slot_size;
    problems.extend(manifest.counters.iter().filter(beyond).map(|it| format!("no place for {:?}", it.cause)));
}
