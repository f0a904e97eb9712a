//! `skboutput()`: packets in files that other tools read (pcap, one file for each path of the script).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};

/// A file in microseconds, in the byte order of this machine.
const MAGIC: u32 = 0xa1b2_c3d4;
const VERSION: (u16, u16) = (2, 4);
/// `LINKTYPE_RAW`: packets begin with the IP header.
const LINK_TYPE: u32 = 101;
const MOST_BYTES: u32 = 256 << 10;

/// The files that a run writes.
#[derive(Default)]
pub struct Packets {
    files: HashMap<String, File>,
}

impl Packets {
    /// Appends a packet: what was captured of `length` bytes, at a time in nanoseconds since 1970.
    pub fn write(&mut self, path: &str, wall_ns: i128, length: u64, captured: &[u8]) -> io::Result<()> {
        let file = match self.files.entry(path.to_owned()) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let mut file = File::create(path)?;
                file.write_all(&header())?;
                new.insert(file)
            }
        };
        file.write_all(&record(wall_ns, length, captured))
    }
}

fn header() -> Vec<u8> {
    let mut bytes = MAGIC.to_ne_bytes().to_vec();
    bytes.extend(VERSION.0.to_ne_bytes());
    bytes.extend(VERSION.1.to_ne_bytes());
    // Times are in UTC and exact.
    bytes.extend([0; 8]);
    bytes.extend(MOST_BYTES.to_ne_bytes());
    bytes.extend(LINK_TYPE.to_ne_bytes());
    bytes
}

fn record(wall_ns: i128, length: u64, captured: &[u8]) -> Vec<u8> {
    let seconds = wall_ns.div_euclid(1_000_000_000) as u32;
    let micros = (wall_ns.rem_euclid(1_000_000_000) / 1000) as u32;
    let length = u32::try_from(length).unwrap_or(u32::MAX).max(captured.len() as u32);
    let mut bytes = Vec::with_capacity(16 + captured.len());
    for word in [seconds, micros, captured.len() as u32, length] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend_from_slice(captured);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_header_and_the_packets() {
        let path = std::env::temp_dir().join(format!("tracedeck-packets-{}.pcap", std::process::id()));
        let name = path.to_string_lossy().into_owned();
        let mut packets = Packets::default();
        packets.write(&name, 1_500_000_000_123_456_789, 100, b"abc").expect("a packet");
        packets.write(&name, 0, 2, b"xy").expect("another");
        let bytes = std::fs::read(&path).expect("the file");
        std::fs::remove_file(&path).expect("removing it");
        assert_eq!(bytes.len(), 24 + 16 + 3 + 16 + 2);
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((word(0), word(20)), (MAGIC, LINK_TYPE));
        assert_eq!((word(24), word(28), word(32), word(36)), (1_500_000_000, 123_456, 3, 100));
        assert_eq!(&bytes[40..43], b"abc");
    }
}
