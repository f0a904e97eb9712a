//! Bounds-checked reading of a BTF blob: the header, one type record after the other, strings.
//!
//! A blob may continue another one, as those of modules do: its offsets go on where those of the other end, so that one
//! number says where something is, in whichever of the two.
//!
//! Layout from the kernel's `include/uapi/linux/btf.h`. Every access that leaves the blob yields `None` or zero.

use std::sync::Arc;

/// Kinds of type records, `BTF_KIND_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Int,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Function,
    FunctionProto,
    Variable,
    DataSection,
    Float,
    DeclTag,
    TypeTag,
    Enum64,
}

impl Kind {
    fn from_number(number: u32) -> Option<Self> {
        const KINDS: [Kind; 19] = [
            Kind::Int,
            Kind::Pointer,
            Kind::Array,
            Kind::Struct,
            Kind::Union,
            Kind::Enum,
            Kind::Forward,
            Kind::Typedef,
            Kind::Volatile,
            Kind::Const,
            Kind::Restrict,
            Kind::Function,
            Kind::FunctionProto,
            Kind::Variable,
            Kind::DataSection,
            Kind::Float,
            Kind::DeclTag,
            Kind::TypeTag,
            Kind::Enum64,
        ];
        KINDS.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    /// Bytes after the 12 that every record has.
    fn tail(self, count: u32) -> u32 {
        match self {
            Self::Int | Self::Variable | Self::DeclTag => 4,
            Self::Array => 12,
            Self::Struct | Self::Union | Self::DataSection | Self::Enum64 => 12 * count,
            Self::Enum | Self::FunctionProto => 8 * count,
            _ => 0,
        }
    }
}

/// One type record.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    pub kind: Kind,
    /// Offset into the string section.
    pub name: u32,
    /// Members, enumerators, parameters.
    pub count: u32,
    /// Bit-field offsets for structs, signedness for enums, "is a union" for forward declarations.
    pub flag: bool,
    /// Bytes, or the id of another type, as the kind has it.
    pub size_or_type: u32,
    /// Where the tail starts in the blob.
    pub tail: u32,
}

/// Three numbers of a member: name offset, type or value, offset or high half.
pub type Entry = (u32, u32, u32);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    #[error("this is not BTF of the machine's byte order (no 0xeb9f at its start)")]
    NotBtf,
    #[error("the BTF header points outside the data")]
    BadHeader,
    #[error("the BTF is cut off or holds an unknown kind at type {0}")]
    BadType(u32),
}

/// The bytes and where their sections are.
pub struct Blob {
    bytes: Bytes,
    /// What this one continues, and the offset of the first byte here.
    base: Option<Arc<Blob>>,
    start: u32,
    types: (u32, u32),
    strings: (u32, u32),
}

/// Where the blob lies: in memory of our own, or in the kernel's.
pub enum Bytes {
    Owned(Vec<u8>),
    Mapped(memmap2::Mmap),
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Bytes {
    /// Maps the file where the kernel allows it (sysfs does for BTF since Linux 6.16), else reads it: 5 MB in steps of
    /// a page.
    #[allow(unsafe_code)]
    pub fn of_file(path: &std::path::Path) -> std::io::Result<Self> {
        let file = std::fs::File::open(path)?;
        // SAFETY: what sysfs maps is the kernel's own read-only section; it neither changes nor shrinks. Other files
        // are only mapped if they are on sysfs, too.
        // Only private mappings are allowed.
        let map = || unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) };
        match path.starts_with("/sys/kernel/btf").then(map).transpose() {
            Ok(Some(map)) => Ok(Self::Mapped(map)),
            _ => std::fs::read(path).map(Self::Owned),
        }
    }
}

impl Blob {
    pub fn new(bytes: impl Into<Bytes>, base: Option<Arc<Blob>>) -> Result<Self, BtfError> {
        let bytes = bytes.into();
        let start = base.as_ref().map_or(0, |base| base.end());
        let whole = u32::try_from(bytes.len()).ok().and_then(|len| start.checked_add(len));
        let mut blob = Self { bytes, base, start, types: (0, 0), strings: (0, 0) };
        let end = whole.filter(|_| blob.u16(start) == 0xeb9f).ok_or(BtfError::NotBtf)?;
        let header = start.checked_add(blob.u32(start + 4)).ok_or(BtfError::BadHeader)?;
        let section = |offset: u32, length: u32| {
            let start = header.checked_add(offset)?;
            let section_end = start.checked_add(length)?;
            (section_end <= end).then_some((start, section_end))
        };
        let types = section(blob.u32(start + 8), blob.u32(start + 12)).ok_or(BtfError::BadHeader)?;
        let strings = section(blob.u32(start + 16), blob.u32(start + 20)).ok_or(BtfError::BadHeader)?;
        (blob.types, blob.strings) = (types, strings);
        Ok(blob)
    }

    /// Start and end of the type section in the blob.
    pub fn types(&self) -> (u32, u32) {
        self.types
    }

    /// The offset behind the last byte.
    fn end(&self) -> u32 {
        self.start + self.bytes.len() as u32
    }

    /// Bytes of the string section, those of what this one continues among them.
    pub fn string_bytes(&self) -> u32 {
        self.base.as_ref().map_or(0, |base| base.string_bytes()) + (self.strings.1 - self.strings.0)
    }

    fn from(&self, at: u32) -> &[u8] {
        match (at.checked_sub(self.start), &self.base) {
            (Some(own), _) => self.bytes.get(own as usize..).unwrap_or_default(),
            (None, Some(base)) => base.from(at),
            (None, None) => &[],
        }
    }

    fn u16(&self, at: u32) -> u16 {
        self.from(at).first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    pub fn u32(&self, at: u32) -> u32 {
        self.from(at).first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The record at an offset and the offset of the next one; `None` when it is cut off or of an unknown kind.
    pub fn record(&self, at: u32) -> Option<(Record, u32)> {
        if at.checked_add(12)? > self.types.1 {
            return None;
        }
        let info = self.u32(at + 4);
        let kind = Kind::from_number((info >> 24) & 0x1f)?;
        let record = Record {
            kind,
            name: self.u32(at),
            count: info & 0xffff,
            flag: info >> 31 == 1,
            size_or_type: self.u32(at + 8),
            tail: at + 12,
        };
        let next = record.tail.checked_add(kind.tail(record.count))?;
        (next <= self.types.1).then_some((record, next))
    }

    /// The `index`-th entry of a record with 8 or 12 byte entries; the third number is 0 for the shorter ones.
    pub fn entry(&self, record: &Record, index: u32) -> Entry {
        let width = if matches!(record.kind, Kind::Enum | Kind::FunctionProto) { 8 } else { 12 };
        let at = record.tail + index * width;
        (self.u32(at), self.u32(at + 4), if width == 12 { self.u32(at + 8) } else { 0 })
    }

    /// The bytes of a string, without its NUL; empty when the offset is outside.
    pub fn name_bytes(&self, offset: u32) -> &[u8] {
        let before = self.base.as_ref().map_or(0, |base| base.string_bytes());
        let Some(own) = offset.checked_sub(before) else {
            return self.base.as_ref().map_or(&[], |base| base.name_bytes(offset));
        };
        let Some(start) = self.strings.0.checked_add(own).filter(|start| *start < self.strings.1) else { return &[] };
        let bytes = self.from(start);
        let bytes = &bytes[..bytes.len().min((self.strings.1 - start) as usize)];
        &bytes[..bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len())]
    }

    pub fn name(&self, offset: u32) -> &str {
        std::str::from_utf8(self.name_bytes(offset)).unwrap_or("")
    }
}
