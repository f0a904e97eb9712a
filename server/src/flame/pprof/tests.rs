//! What the writer of profiles makes, read back field by field.

use std::io::Read;

use super::super::{DetailedFrame, DetailedSamples, FlameFrame, FrameKind};
use super::*;

fn frame(name: &str, kind: FrameKind, module: Option<&str>) -> DetailedFrame {
    DetailedFrame { frame: FlameFrame { name: name.into(), kind }, module: module.map(Into::into), why: None }
}

fn samples() -> DetailedSamples {
    let comm = frame("cat", FrameKind::Key, None);
    let main = frame("main", FrameKind::User, Some("/bin/cat"));
    let read = frame("vfs_read", FrameKind::Kernel, None);
    DetailedSamples::from([(vec![comm.clone(), main.clone()], 2), (vec![comm, main, read], u64::MAX)])
}

const FACTS: Facts<'static> =
    Facts { unit: "samples", began_ns: 1_700_000_000_000_000_000, duration_ns: 5_000_000_000 };

#[test]
fn what_is_written_is_read_again() {
    let profile = read(&write(&samples(), &FACTS).unwrap()).unwrap();
    assert_eq!(profile.types, [("samples".to_owned(), "count".to_owned())]);
    let names: Vec<Vec<String>> = profile
        .samples
        .iter()
        .map(|sample| sample.frames.iter().map(|frame| String::from_utf8_lossy(&frame.name).into_owned()).collect())
        .collect();
    assert_eq!(names, [vec!["main", "cat"], vec!["vfs_read", "main", "cat"]]);
    let innermost = &profile.samples[1].frames[0];
    assert_eq!((innermost.is_kernel, &innermost.module), (true, &None));
    assert_eq!(profile.samples[0].frames[0].module.as_deref(), Some(&b"/bin/cat"[..]));
    // Weights are signed in a profile.
    assert_eq!(profile.samples.iter().map(|sample| sample.values[0]).collect::<Vec<_>>(), [2, i64::MAX]);
}

#[test]
fn the_bytes_are_those_of_the_published_schema() {
    let only = DetailedSamples::from([(vec![frame("f", FrameKind::Key, None)], 300)]);
    let file = write(&only, &Facts { unit: "bytes", ..Facts::default() }).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_end(&mut plain).unwrap();
    let expected: &[&[u8]] = &[
        b"\x0a\x04\x08\x01\x10\x01",             // sample_type { type: 1, unit: 1 }
        b"\x70\x01",                             // default_sample_type: 1
        b"\x12\x07\x0a\x01\x01\x12\x02\xac\x02", // sample { location_id: [1], value: [300] }
        b"\x2a\x06\x08\x01\x10\x02\x18\x02",     // function { id: 1, name: 2, system_name: 2 }
        b"\x22\x06\x08\x01\x22\x02\x08\x01",     // location { id: 1, line { function_id: 1 } }
        b"\x32\x00",                             // string_table: ""
        b"\x32\x05bytes",
        b"\x32\x01f",
    ];
    assert_eq!(plain, expected.concat());
}

#[test]
fn what_is_no_profile_is_refused() {
    let good = write(&samples(), &FACTS).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&good[..]).read_to_end(&mut plain).unwrap();
    assert!(read(&plain).is_ok());
    assert!(matches!(read(&good[..good.len() / 2]), Err(PprofError::Packed(_))));
    for bytes in [&b""[..], b"hello", b"main;read 12\n", &plain[..plain.len() - 3], b"\x12\x03\x0a\x01\x07"] {
        assert_eq!(read(bytes), Err(PprofError::NotAProfile), "{bytes:?}");
    }
    // A place that nobody describes.
    let dangling = [&plain[..], b"\x12\x06\x0a\x01\x63\x12\x01\x01"].concat();
    assert_eq!(read(&dangling), Err(PprofError::NotAProfile));
}
