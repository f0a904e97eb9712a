//! Ring-buffer records: an 8-byte [`Header`], then a payload.
//!
//! Payload of [`RecordKind::Site`]: the fixed part that the site's manifest entry describes (`Site::fixed_size`
//! bytes), then the tail: the bytes of every `SlotPlace::Tail` slot in slot order.
//!
//! Payload of [`RecordKind::Stack`]: u64 stack id, u32 tgid (0 for kernel stacks), u32 [`STACK_USER`] or 0, then `extra`
//! frames of u64, innermost first. A stack is sent before the first record or map update that names its id.

/// Bytes of a header: u16 kind, u16 site, u32 extra.
pub const HEADER_SIZE: u32 = 8;
/// Bytes between the header and the frames of a stack record.
pub const STACK_PREFIX_SIZE: u32 = 16;
/// Flag of a stack record: frames are user addresses of the process tgid.
pub const STACK_USER: u32 = 1;
/// The most frames a stack may have, whatever `perf_event_max_stack` says.
pub const MAX_FRAMES: u32 = 1024;

/// A stack id is a hash of the frames below this bit, and the number of frames from it on: [`MAX_FRAMES`] fits.
pub const STACK_ID_COUNT_SHIFT: u32 = 53;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    Site = 1,
    Stack = 2,
}

/// The start of every record, in the byte order of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: RecordKind,
    /// `SiteId` for `Site`, 0 otherwise.
    pub site: u16,
    /// `Stack`: number of frames. `Site`: 0.
    pub extra: u32,
}

impl Header {
    /// None where the bytes are too few or the kind is unknown.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, payload) = bytes.split_at_checked(HEADER_SIZE as usize)?;
        let kind = match u16::from_ne_bytes([header[0], header[1]]) {
            1 => RecordKind::Site,
            2 => RecordKind::Stack,
            _ => return None,
        };
        let site = u16::from_ne_bytes([header[2], header[3]]);
        let extra = u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
        Some((Self { kind, site, extra }, payload))
    }

    /// The header as the little-endian u64 that a program stores in one instruction.
    pub fn word(self) -> u64 {
        self.kind as u64 | u64::from(self.site) << 16 | u64::from(self.extra) << 32
    }
}
