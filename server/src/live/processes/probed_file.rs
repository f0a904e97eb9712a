//! A last resort for addresses in a process that nobody could look at: the one file in which its probe is.
//!
//! A program with fixed addresses has the same in every process. Any other was moved by whole pages: an address that
//! can only be one of the probed places tells by how much.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use object::{Object as _, ObjectKind, ObjectSegment as _, ReadCache, SegmentFlags};
use tracedeck_compiler::manifest::{AttachSpec, Manifest, UprobeSpec};

use super::{Content, FileKey, MappedFile, Mapping, ProcessImage};

/// `PF_X`: a segment that may be executed.
const EXECUTABLE: u32 = 1;
/// A mapping begins at a multiple of this at least.
const PAGE: u64 = 4096;

/// What a process must have mapped for an address to be where a probe of this number is; None where several files or
/// several places would do.
pub fn image(manifest: &Manifest, probe: u32, pid: u32, address: u64) -> Option<ProcessImage> {
    let program = manifest.programs.iter().find(|program| program.attach.iter().any(|point| point.probe.0 == probe))?;
    let specs = program.attach.iter().map(|point| match &point.spec {
        AttachSpec::Uprobe(spec) => Some(spec),
        _ => None,
    });
    let specs: Vec<&UprobeSpec> = specs.collect::<Option<_>>()?;
    let path = &specs.first()?.path;
    if specs.iter().any(|spec| spec.path != *path) {
        return None;
    }
    let places = specs.iter().flat_map(|spec| &spec.places).map(|place| place.file_offset);
    of_file(path, places, pid, address)
}

fn of_file(path: &str, places: impl Iterator<Item = u64>, pid: u32, address: u64) -> Option<ProcessImage> {
    let open = File::open(path).ok()?;
    let key = FileKey::of(&open.metadata().ok()?);
    let cache = ReadCache::new(&open);
    let elf = object::File::parse(&cache).ok()?;
    // Start, length, offset in the file.
    let segments: Vec<(u64, u64, u64)> = elf
        .segments()
        .filter(|segment| matches!(segment.flags(), SegmentFlags::Elf { p_flags } if p_flags & EXECUTABLE != 0))
        .map(|segment| (segment.address(), segment.size(), segment.file_range().0))
        .collect();
    let moved_by = match elf.kind() {
        ObjectKind::Executable => 0,
        ObjectKind::Dynamic => {
            let mut distances = places.filter_map(|place| {
                let segment = segments.iter().find(|(_, size, offset)| (*offset..offset + size).contains(&place))?;
                let distance = address.checked_sub(place - segment.2 + segment.0)?;
                (distance % PAGE == 0).then_some(distance)
            });
            let distance = distances.next()?;
            if distances.any(|other| other != distance) {
                return None;
            }
            distance
        }
        _ => return None,
    };
    drop(elf);
    let file = Arc::new(MappedFile { key, path: path.to_owned(), open: Some(open) });
    let mut mappings: Vec<Mapping> = segments
        .iter()
        .map(|(start, size, offset)| Mapping {
            start: start + moved_by,
            end: start + moved_by + size,
            content: Content::File { file: file.clone(), offset: *offset },
        })
        .collect();
    mappings.sort_by_key(|mapping| mapping.start);
    let image = ProcessImage { pid, mappings };
    image.find(address).is_some().then_some(image)
}

impl FileKey {
    /// As `/proc/PID/maps` would tell it.
    fn of(metadata: &std::fs::Metadata) -> Self {
        let device = metadata.dev();
        Self { device: u64::from(libc::major(device)) << 32 | u64::from(libc::minor(device)), inode: metadata.ino() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_a_probed_place_tells_where_the_file_lies() {
        // This test's own program, which may lie anywhere.
        let address = an_address_that_is_a_probed_place_tells_where_the_file_lies as fn() as usize as u64;
        let own = super::super::Processes::default().image(std::process::id(), &[address]).expect("this process");
        let mapping = own.find(address).expect("its code");
        let Content::File { file, offset } = &mapping.content else { panic!("a file") };
        let place = address - mapping.start + offset;
        let found = of_file(&file.path, [place, place + 1].into_iter(), 7, address).expect("the place");
        let (Some(Mapping { start, content: Content::File { offset, .. }, .. }), 7) = (found.find(address), found.pid)
        else {
            panic!("{found:?}")
        };
        assert_eq!(address - start + offset, place);
        assert!(of_file(&file.path, [place + 1].into_iter(), 7, address).is_none(), "not at a place");
        assert!(of_file(&file.path, [place, place + PAGE].into_iter(), 7, address).is_none(), "at one of two");
        assert!(of_file("/no/such/file", [place].into_iter(), 7, address).is_none());
    }
}
