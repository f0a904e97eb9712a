//! Bytes from the kernel -> values: ring records, map keys and values, scalar maps in the globals.
//!
//! Pure and total: any bytes give a value or a [`DecodeError`], never a panic or a read past the end. A value whose
//! bytes are missing, or make no sense for its type, is `Value::None`.

use super::record::{Header, RecordKind, STACK_PREFIX_SIZE, STACK_USER};
use super::value::{MapSnapshot, Number, Value};
use super::{calls, order};
use crate::aggregations;
use crate::manifest::{GlobalsLayout, Manifest, MapId, MapStorage, ScriptMap, SiteId, Slot, SlotPlace, StructLayout};
use crate::types::{StackSpace, Type};

pub use calls::Call;

/// A ring record, decoded; addresses and ids have no names yet.
#[derive(Debug, Clone, PartialEq)]
pub enum RawEvent<'m> {
    /// An asynchronous call of the script.
    Call { site: SiteId, call: Call<'m> },
    /// The frames of a stack that later records and maps name by id.
    Stack(RawStack),
}

/// A captured stack, innermost frame first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStack {
    pub id: u64,
    pub space: StackSpace,
    /// tgid; 0 for kernel stacks.
    pub pid: u32,
    pub frames: Vec<u64>,
}

/// A record that no program of this manifest can have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("a record of {0} bytes has no known kind")]
    UnknownKind(usize),
    #[error("a record names site {0}, which the script does not have")]
    UnknownSite(u16),
    #[error("a record of site {site} has {got} bytes, expected at least {needed}")]
    TooShort { site: u16, needed: u32, got: usize },
}

/// Reads what the programs of one manifest write.
#[derive(Debug, Clone, Copy)]
pub struct Decoder<'m> {
    manifest: &'m Manifest,
}

/// Deeper values than any script can declare are cut off: a damaged manifest must not exhaust the stack.
const MAX_DEPTH: u32 = 64;

impl<'m> Decoder<'m> {
    pub fn new(manifest: &'m Manifest) -> Self {
        Self { manifest }
    }

    /// Decodes a ring record, header included.
    pub fn record(&self, bytes: &[u8]) -> Result<RawEvent<'m>, DecodeError> {
        let (header, payload) = Header::read(bytes).ok_or(DecodeError::UnknownKind(bytes.len()))?;
        match header.kind {
            RecordKind::Stack => Ok(RawEvent::Stack(stack(header, payload)?)),
            RecordKind::Site => {
                let site =
                    self.manifest.sites.get(usize::from(header.site)).ok_or(DecodeError::UnknownSite(header.site))?;
                if payload.len() < site.fixed_size as usize {
                    return Err(DecodeError::TooShort {
                        site: header.site,
                        needed: site.fixed_size,
                        got: payload.len(),
                    });
                }
                let call = self.call(&site.kind, site.fixed_size, payload);
                Ok(RawEvent::Call { site: SiteId(u32::from(header.site)), call })
            }
        }
    }

    /// The values of a payload's slots, in order.
    pub(super) fn slots(&self, slots: &[Slot], fixed_size: u32, payload: &[u8]) -> Vec<Value> {
        let mut tail = payload.get(fixed_size as usize..).unwrap_or_default();
        let mut values = Vec::with_capacity(slots.len());
        for slot in slots {
            values.push(match slot.place {
                SlotPlace::Fixed { offset } => self.value(&slot.ty, payload.get(offset as usize..).unwrap_or_default()),
                SlotPlace::Tail { offset } => {
                    let length = unsigned(payload, offset as usize, 4).unwrap_or(0) as usize;
                    let (bytes, rest) = tail.split_at(length.min(tail.len()));
                    tail = rest;
                    tail_value(&slot.ty, bytes)
                }
            });
        }
        values
    }

    /// A value of a type from its bytes in memory layout; bytes beyond its size are ignored.
    pub fn value(&self, ty: &Type, bytes: &[u8]) -> Value {
        self.value_at(ty, bytes, 0)
    }

    fn value_at(&self, ty: &Type, bytes: &[u8], depth: u32) -> Value {
        let Some(bytes) = bytes.get(..ty.size() as usize).filter(|_| depth < MAX_DEPTH) else { return Value::None };
        match ty {
            Type::Tuple(parts) => {
                let parts = parts.iter().zip(ty.offsets());
                Value::Tuple(parts.map(|(part, offset)| self.part(part, bytes, offset, depth)).collect())
            }
            Type::Record(fields) => {
                let fields = fields.iter().zip(ty.offsets());
                Value::Record(
                    fields
                        .map(|(field, offset)| (field.name.clone(), self.part(&field.ty, bytes, offset, depth)))
                        .collect(),
                )
            }
            Type::Array { of, len } => {
                // Elements without size would make an endless array of nothing.
                let count = if of.size() == 0 { 0 } else { *len };
                let element = |index| self.part(of, bytes, of.size().saturating_mul(index), depth);
                Value::Array((0..count).map(element).collect())
            }
            Type::Struct { name, .. } => match self.manifest.structs.iter().find(|layout| *layout.name == **name) {
                Some(layout) => self.structure(layout, bytes, depth),
                None => Value::Buffer(bytes.to_vec()),
            },
            _ => leaf(ty, bytes).unwrap_or(Value::None),
        }
    }

    fn part(&self, ty: &Type, bytes: &[u8], offset: u32, depth: u32) -> Value {
        self.value_at(ty, bytes.get(offset as usize..).unwrap_or_default(), depth + 1)
    }

    fn structure(&self, layout: &StructLayout, bytes: &[u8], depth: u32) -> Value {
        let fields = layout.fields.iter().map(|field| {
            let whole = self.part(&field.ty, bytes, field.offset, depth);
            let value = match (field.bits, &whole) {
                (Some((shift, width)), Value::Number(number)) => Value::Number(bit_field(*number, shift, width)),
                // An array of characters may be full: that is no sign of truncation.
                (None, Value::String { bytes, .. }) => Value::String { bytes: bytes.clone(), truncated: false },
                _ => whole,
            };
            (field.name.clone(), value)
        });
        Value::Record(fields.collect())
    }

    /// The key of a map's entry.
    pub fn key(&self, map: &ScriptMap, bytes: &[u8]) -> Option<Value> {
        map.key.as_ref().map(|ty| self.value(ty, bytes))
    }

    /// The value of a map's entry: one slice for plain maps, one for each CPU for aggregations.
    pub fn map_value(&self, map: &ScriptMap, cells: &[&[u8]]) -> Value {
        match &map.value {
            Type::Aggregate(aggregate) => aggregations::merge(aggregate, cells),
            ty => self.value(ty, cells.first().copied().unwrap_or_default()),
        }
    }

    /// A keyed map from its raw entries: (key bytes, value bytes of each CPU), in the order of output.
    pub fn keyed_map<'b>(
        &self,
        id: MapId,
        entries: impl IntoIterator<Item = (&'b [u8], &'b [&'b [u8]])>,
    ) -> MapSnapshot {
        let Some(map) = self.manifest.maps.get(id.index()) else { return MapSnapshot::default() };
        let mut decoded: Vec<order::Entry<'b>> = entries
            .into_iter()
            .map(|(key, cells)| order::Entry {
                raw_key: key,
                key: self.key(map, key).unwrap_or(Value::None),
                value: self.map_value(map, cells),
            })
            .collect();
        order::sort(&map.value, &mut decoded);
        MapSnapshot { entries: decoded.into_iter().map(|entry| (Some(entry.key), entry.value)).collect(), omitted: 0 }
    }

    /// A scalar map from the bytes of the globals. No entry while nothing was stored in it; None where the map is keyed.
    pub fn scalar_map(&self, id: MapId, globals: &[u8]) -> Option<MapSnapshot> {
        let map = self.manifest.maps.get(id.index())?;
        let value = match map.storage {
            MapStorage::Global { offset } => match unsigned(globals, offset as usize, 8) {
                None | Some(0) => None,
                Some(_) => Some(self.value(&map.value, globals.get(offset as usize + 8..).unwrap_or_default())),
            },
            MapStorage::PerCpuGlobal { offset } => {
                let Type::Aggregate(aggregate) = &map.value else { return Some(MapSnapshot::default()) };
                let cells = cells(&self.manifest.globals, globals, offset, aggregations::cell_size(aggregate));
                let merged = aggregations::merge_cells(aggregate, cells);
                let value = (aggregations::of(aggregate).value)(aggregate, &merged);
                merged.iter().any(|word| *word != 0).then_some(value)
            }
            MapStorage::Hash { .. } | MapStorage::PerCpuHash { .. } => return None,
        };
        Some(MapSnapshot { entries: value.map(|value| (None, value)).into_iter().collect(), omitted: 0 })
    }
}

/// Every CPU's cell of a scalar aggregation.
fn cells<'b>(
    layout: &GlobalsLayout,
    globals: &'b [u8],
    offset: u32,
    size: usize,
) -> impl Iterator<Item = &'b [u8]> + use<'b> {
    let (first, step) = (layout.slot(0) as usize + offset as usize, layout.slot_size as usize);
    (0..layout.cpus as usize).filter_map(move |cpu| globals.get(first + step * cpu..)?.get(..size))
}

fn stack(header: Header, payload: &[u8]) -> Result<RawStack, DecodeError> {
    let too_short = DecodeError::TooShort { site: 0, needed: STACK_PREFIX_SIZE, got: payload.len() };
    let (prefix, frames) = payload.split_at_checked(STACK_PREFIX_SIZE as usize).ok_or(too_short)?;
    let is_user = unsigned(prefix, 12, 4).unwrap_or(0) & u64::from(STACK_USER) != 0;
    Ok(RawStack {
        id: unsigned(prefix, 0, 8).unwrap_or(0),
        space: if is_user { StackSpace::User } else { StackSpace::Kernel },
        pid: unsigned(prefix, 8, 4).unwrap_or(0) as u32,
        frames: frames
            .as_chunks::<8>()
            .0
            .iter()
            .take(header.extra as usize)
            .map(|frame| u64::from_ne_bytes(*frame))
            .collect(),
    })
}

/// An unsigned integer of 1, 2, 4 or 8 bytes at an offset; None where the bytes end before it.
pub(super) fn unsigned(bytes: &[u8], offset: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(offset..)?.get(..size)?;
    Some(match bytes {
        [a] => u64::from(*a),
        [a, b] => u64::from(u16::from_ne_bytes([*a, *b])),
        [a, b, c, d] => u64::from(u32::from_ne_bytes([*a, *b, *c, *d])),
        _ => u64::from_ne_bytes(bytes.try_into().ok()?),
    })
}

/// An integer of 1, 2, 4 or 8 bytes, extended to 64 bits by its sign.
fn integer(bytes: &[u8], size: u8, signed: bool) -> Option<Number> {
    let bits = unsigned(bytes, 0, usize::from(size))?;
    let unused = 64 - u32::from(size.clamp(1, 8)) * 8;
    Some(if signed { Number::Signed(((bits << unused) as i64) >> unused) } else { Number::Unsigned(bits) })
}

fn bit_field(unit: Number, shift: u8, width: u8) -> Number {
    let width = u32::from(width.clamp(1, 64));
    let bits = unit.bits().checked_shr(u32::from(shift)).unwrap_or(0);
    let unused = 64 - width;
    match unit {
        Number::Signed(_) => Number::Signed(((bits << unused) as i64) >> unused),
        Number::Unsigned(_) => Number::Unsigned((bits << unused) >> unused),
    }
}

/// Text up to its NUL. Without one it filled all of its `capacity` and was cut.
fn text(bytes: &[u8], capacity: usize) -> Value {
    let end = bytes.iter().position(|byte| *byte == 0);
    Value::String {
        bytes: bytes[..end.unwrap_or(bytes.len())].to_vec(),
        truncated: end.is_none() && bytes.len() >= capacity && capacity > 0,
    }
}

/// A string or buffer that travelled in its actual length.
fn tail_value(ty: &Type, bytes: &[u8]) -> Value {
    match ty {
        Type::String { capacity } => text(bytes, *capacity as usize),
        Type::Buffer { .. } => Value::Buffer(bytes.to_vec()),
        _ => Value::None,
    }
}

/// A value without parts. `bytes` has the type's size.
fn leaf(ty: &Type, bytes: &[u8]) -> Option<Value> {
    let word = |offset| unsigned(bytes, offset, 8);
    let half = |offset| unsigned(bytes, offset, 4).map(|value| value as u32);
    Some(match ty {
        Type::Bool => Value::Bool(*bytes.first()? != 0),
        Type::Int { bytes: size, signed } => Value::Number(integer(bytes, *size, *signed)?),
        Type::Enum { bytes: size, signed, symbols, .. } => {
            let value = integer(bytes, *size, *signed)?.bits() as i64;
            let symbol = symbols.iter().find(|(_, known)| *known == value).map(|(name, _)| name.clone());
            Value::Enum { symbol, value }
        }
        Type::Pointer { .. } => Value::Pointer(word(0)?),
        Type::String { capacity } => text(bytes, *capacity as usize),
        Type::Buffer { .. } => {
            let data = bytes.get(4..)?;
            Value::Buffer(data[..(half(0)? as usize).min(data.len())].to_vec())
        }
        Type::Inet => {
            let address: [u8; 16] = bytes.get(4..20)?.try_into().ok()?;
            match half(0)? {
                2 => Value::Inet([address[0], address[1], address[2], address[3]].into()),
                10 => Value::Inet(address.into()),
                _ => Value::None,
            }
        }
        Type::Mac => Value::Mac(bytes.try_into().ok()?),
        Type::Username => Value::Username(word(0)?),
        Type::Timestamp => {
            let format = half(0)?;
            Value::Timestamp { format: (format != u32::MAX).then_some(format), boot_ns: word(8)? }
        }
        Type::CgroupPath => Value::CgroupPath { id: word(0)?, filter: half(8)? },
        Type::KernelSymbol => Value::KernelSymbol(word(0)?),
        Type::UserSymbol => Value::UserSymbol { address: word(0)?, pid: half(8)?, probe: half(12)? },
        Type::Stack { space, mode, .. } => Value::Stack { id: word(0)?, space: *space, mode: *mode },
        Type::Void
        | Type::Aggregate(_)
        | Type::Tuple(_)
        | Type::Record(_)
        | Type::Array { .. }
        | Type::Struct { .. } => return None,
    })
}

#[cfg(test)]
mod tests;
