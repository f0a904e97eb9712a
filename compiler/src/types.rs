//! The types of the language: sizes in memory, alignment, and how messages write them.

use std::fmt;
use std::sync::Arc;

/// Whose memory a pointer points into; decides which `probe_read` helper dereferences it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum AddressSpace {
    Kernel,
    User,
    /// Memory that the program may load from directly: the context, a BTF-typed kernel object the verifier tracks.
    Trusted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum StackSpace {
    Kernel,
    User,
}

/// How the frames of a stack are written (language.md 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub enum StackMode {
    #[default]
    Bpftrace,
    Perf,
    Raw,
    BuildId,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RecordField {
    pub name: String,
    pub ty: Type,
}

/// A type of an expression, variable, map key or map value.
///
/// "Scalar" types live in registers; all others live in memory, in the layout that [`Type::size`],
/// [`Type::align`] and [`Type::offsets`] describe, in the maps and in ring-buffer records alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Type {
    /// No value: the type of a call such as `clear(@m)`.
    Void,
    Bool,
    /// 1, 2, 4 or 8 bytes.
    Int {
        bytes: u8,
        signed: bool,
    },
    /// `to` is `Void` for an untyped pointer.
    Pointer {
        to: Arc<Type>,
        space: AddressSpace,
    },
    Array {
        of: Arc<Type>,
        len: u32,
    },
    /// `capacity` bytes, the NUL included. Text that fills the capacity without a NUL was truncated.
    String {
        capacity: u32,
    },
    /// `buf()`: a u32 length, then `capacity` bytes of data.
    Buffer {
        capacity: u32,
    },
    /// A C struct or union, by name; its fields come from `Kernel::struct_type` or from the script.
    /// `name` includes the keyword (`struct task_struct`), a typedef's name does not.
    Struct {
        name: Arc<str>,
        size: u32,
    },
    Enum {
        name: Arc<str>,
        bytes: u8,
        signed: bool,
        /// Symbol and value, so that decoding needs no further lookup.
        symbols: Arc<[(String, i64)]>,
    },
    Tuple(Arc<[Type]>),
    Record(Arc<[RecordField]>),
    /// `ntop()`: u32 address family (2 or 10), then 16 bytes of address (v4 in the first four).
    Inet,
    /// Six bytes.
    Mac,
    /// A uid (u64), resolved to a name when printed.
    Username,
    /// `strftime()`: u32 index into the manifest's format strings (`u32::MAX`: the ISO form), u32 clock (0 boot),
    /// u64 nanoseconds.
    Timestamp,
    /// `cgroup_path()`: u64 id, u32 index into the manifest's strings (filter), 4 bytes of padding.
    CgroupPath,
    /// A kernel address (u64).
    KernelSymbol,
    /// A user address (u64), the tgid (u32), the probe id (u32).
    UserSymbol,
    /// A u64 stack id; 0 is the empty stack. The frames travel once, in a `Stack` record (abi/record.rs).
    Stack {
        space: StackSpace,
        mode: StackMode,
        /// The most frames that are captured.
        limit: u16,
    },
    /// A value of an aggregating map; never in a variable or in a record.
    Aggregate(Aggregate),
}

/// Which aggregation a map holds, with the parameters that all its calls must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Aggregate {
    Count,
    Sum { signed: bool },
    Min { signed: bool },
    Max { signed: bool },
    Avg { signed: bool },
    Stats { signed: bool },
    Hist { bits: u8 },
    LinearHist { min: u64, max: u64, step: u64 },
    TimeSeries { interval_ns: u64, epochs: u32, function: SeriesFunction, signed: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SeriesFunction {
    Last,
    Avg,
    Max,
    Min,
    Sum,
}

impl Type {
    pub const INT8: Self = Self::Int { bytes: 1, signed: true };
    pub const INT16: Self = Self::Int { bytes: 2, signed: true };
    pub const INT32: Self = Self::Int { bytes: 4, signed: true };
    pub const INT64: Self = Self::Int { bytes: 8, signed: true };
    pub const UINT8: Self = Self::Int { bytes: 1, signed: false };
    pub const UINT16: Self = Self::Int { bytes: 2, signed: false };
    pub const UINT32: Self = Self::Int { bytes: 4, signed: false };
    pub const UINT64: Self = Self::Int { bytes: 8, signed: false };

    pub fn pointer(to: Self, space: AddressSpace) -> Self {
        Self::Pointer { to: Arc::new(to), space }
    }

    pub fn tuple(parts: impl Into<Arc<[Self]>>) -> Self {
        Self::Tuple(parts.into())
    }

    /// Fits a register: integers, bool, pointers, enums, kernel symbols, user names and stack ids.
    pub fn is_scalar(&self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::Int { .. }
                | Self::Pointer { .. }
                | Self::Enum { .. }
                | Self::KernelSymbol
                | Self::Username
                | Self::Stack { .. }
        )
    }

    pub fn is_int(&self) -> bool {
        matches!(self, Self::Int { .. } | Self::Enum { .. } | Self::Bool)
    }

    pub fn is_signed(&self) -> bool {
        matches!(self, Self::Int { signed: true, .. } | Self::Enum { signed: true, .. })
    }

    /// Bytes in memory.
    pub fn size(&self) -> u32 {
        match self {
            Self::Void | Self::Aggregate(_) => 0,
            Self::Bool => 1,
            Self::Int { bytes, .. } | Self::Enum { bytes, .. } => u32::from(*bytes),
            Self::Pointer { .. } | Self::Username | Self::KernelSymbol | Self::Stack { .. } => 8,
            Self::Array { of, len } => of.size().saturating_mul(*len),
            Self::String { capacity } => *capacity,
            Self::Buffer { capacity } => 4 + capacity,
            Self::Struct { size, .. } => *size,
            Self::Tuple(parts) => layout(parts.iter()).1,
            Self::Record(fields) => layout(fields.iter().map(|field| &field.ty)).1,
            Self::Inet => 20,
            Self::Mac => 6,
            Self::Timestamp | Self::UserSymbol | Self::CgroupPath => 16,
        }
    }

    /// Alignment in memory, at most 8. C structs are copied bytewise and need none.
    pub fn align(&self) -> u32 {
        match self {
            Self::Void | Self::Aggregate(_) | Self::Bool | Self::String { .. } | Self::Mac | Self::Struct { .. } => 1,
            Self::Int { bytes, .. } | Self::Enum { bytes, .. } => u32::from(*bytes),
            Self::Array { of, .. } => of.align(),
            Self::Buffer { .. } | Self::Inet => 4,
            Self::Tuple(parts) => parts.iter().map(Self::align).max().unwrap_or(1),
            Self::Record(fields) => fields.iter().map(|field| field.ty.align()).max().unwrap_or(1),
            Self::Pointer { .. }
            | Self::Username
            | Self::KernelSymbol
            | Self::Stack { .. }
            | Self::Timestamp
            | Self::UserSymbol
            | Self::CgroupPath => 8,
        }
    }

    /// The byte offsets of the parts of a tuple or record; empty for other types.
    pub fn offsets(&self) -> Vec<u32> {
        match self {
            Self::Tuple(parts) => layout(parts.iter()).0,
            Self::Record(fields) => layout(fields.iter().map(|field| &field.ty)).0,
            _ => Vec::new(),
        }
    }

    /// The types of the parts of a tuple or record, in order.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Tuple(parts) => parts.iter().collect(),
            Self::Record(fields) => fields.iter().map(|field| &field.ty).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the layout leaves bytes that no part covers; keys zero them, or equal keys would differ.
    pub fn has_padding(&self) -> bool {
        let parts = self.parts();
        if parts.is_empty() {
            return false;
        }
        parts.iter().map(|part| part.size()).sum::<u32>() != self.size() || parts.iter().any(|part| part.has_padding())
    }
}

/// Natural C layout: offsets of the parts, and the size rounded up to the strictest alignment.
fn layout<'a>(parts: impl Iterator<Item = &'a Type>) -> (Vec<u32>, u32) {
    let (mut offsets, mut end, mut align) = (Vec::new(), 0_u32, 1_u32);
    for part in parts {
        align = align.max(part.align());
        end = end.next_multiple_of(part.align());
        offsets.push(end);
        end = end.saturating_add(part.size());
    }
    (offsets, end.next_multiple_of(align))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Bool => f.write_str("bool"),
            Self::Int { bytes, signed } => write!(f, "{}int{}", if *signed { "" } else { "u" }, u32::from(*bytes) * 8),
            Self::Pointer { to, .. } => write!(f, "{to} *"),
            Self::Array { of, len } => write!(f, "{of}[{len}]"),
            Self::String { capacity } => write!(f, "string[{capacity}]"),
            Self::Buffer { capacity } => write!(f, "buffer[{capacity}]"),
            // Of a program's type, what stands behind the name is how it is found again.
            Self::Struct { name, .. } => f.write_str(name.split('@').next().unwrap_or(name)),
            Self::Enum { name, .. } => write!(f, "enum {name}"),
            Self::Tuple(parts) => {
                f.write_str("(")?;
                for (index, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if index == 0 { "" } else { "," })?;
                }
                f.write_str(")")
            }
            Self::Record(fields) => {
                f.write_str("record {")?;
                for (index, field) in fields.iter().enumerate() {
                    write!(f, "{} .{} = {}", if index == 0 { "" } else { "," }, field.name, field.ty)?;
                }
                f.write_str(" }")
            }
            Self::Inet => f.write_str("inet"),
            Self::Mac => f.write_str("macaddr_t"),
            Self::Username => f.write_str("username_t"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::CgroupPath => f.write_str("cgroup_path_t"),
            Self::KernelSymbol => f.write_str("ksym_t"),
            Self::UserSymbol => f.write_str("usym_t"),
            Self::Stack { space: StackSpace::Kernel, .. } => f.write_str("kstack_t"),
            Self::Stack { space: StackSpace::User, .. } => f.write_str("ustack_t"),
            Self::Aggregate(aggregate) => write!(f, "{aggregate}"),
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsigned = |signed: &bool| if *signed { "" } else { "u" };
        match self {
            Self::Count => f.write_str("count_t"),
            Self::Sum { signed } => write!(f, "{}sum_t", unsigned(signed)),
            Self::Min { signed } => write!(f, "{}min_t", unsigned(signed)),
            Self::Max { signed } => write!(f, "{}max_t", unsigned(signed)),
            Self::Avg { signed } => write!(f, "{}avg_t", unsigned(signed)),
            Self::Stats { signed } => write!(f, "{}stats_t", unsigned(signed)),
            Self::Hist { .. } => f.write_str("hist_t"),
            Self::LinearHist { .. } => f.write_str("lhist_t"),
            Self::TimeSeries { .. } => f.write_str("tseries_t"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_is_laid_out_as_c_would() {
        let tuple = Type::tuple([Type::UINT32, Type::UINT64, Type::String { capacity: 3 }]);
        assert_eq!(tuple.offsets(), [0, 8, 16]);
        assert_eq!((tuple.size(), tuple.align(), tuple.has_padding()), (24, 8, true));
        assert_eq!(tuple.to_string(), "(uint32,uint64,string[3])");
    }
}
