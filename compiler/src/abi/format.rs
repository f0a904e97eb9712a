//! Values as text: printf formats as data, the names that text needs, and the writers of each layout.

use serde::{Deserialize, Serialize};

pub mod clock;
#[cfg(test)]
pub mod fixture;
pub mod gfp;
pub mod histogram;
pub mod map;
pub mod printf;
pub mod series;
pub mod stack;
pub mod strftime;
pub mod text;

use super::value::Stack;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// Escapes resolved, `%%` reduced.
    Literal(Vec<u8>),
    /// Takes the next argument.
    Spec(Spec),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub left: bool,
    pub plus: bool,
    pub space: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<u32>,
    pub precision: Option<u32>,
    pub length: Length,
    pub conversion: Conversion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Length {
    /// No modifier: 32 bits.
    #[default]
    Int,
    Char,
    Short,
    /// `l ll j z t L`: 64 bits.
    Long,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Conversion {
    /// `d i`
    Signed,
    /// `u`
    Unsigned,
    /// `o`
    Octal,
    /// `x`
    Hex,
    /// `X`
    HexUpper,
    /// `c`
    Char,
    /// `p`
    Pointer,
    /// `s`
    Text,
    /// `r`
    Buffer,
    /// `rx`
    BufferHex,
    /// `rh`
    BufferHexSpaced,
    /// `gr`
    GfpFlags,
    /// `v`: the natural form of the type.
    Natural,
}

/// Whether a time in nanoseconds, from the boot clock or TAI, is one of TAI: no machine has been up since its first year,
/// for TAI 2000.
pub fn is_tai(ns: u64) -> bool {
    ns >= 946_684_800_000_000_000
}

/// What only user space knows when a value becomes text.
pub trait Names {
    fn kernel_symbol(&self, address: u64) -> Option<String>;
    fn user_symbol(&self, address: u64, pid: u32, probe: u32) -> Option<String>;
    fn stack(&self, id: u64) -> Option<std::sync::Arc<Stack>>;
    fn username(&self, uid: u64) -> Option<String>;
    /// `hierarchy:path` pairs joined by commas.
    fn cgroup_path(&self, id: u64, filter: u32) -> Option<String>;
    /// A time as local wall time in a strftime format (with `%f %l %k`); None for the ISO default. It counts from boot,
    /// or is international atomic time, see [`is_tai`].
    fn timestamp(&self, format: Option<u32>, ns: u64) -> Option<String>;
    /// A TAI time, nanoseconds, as (seconds since the epoch in UTC, local UTC offset in seconds).
    fn tai_to_wall(&self, tai_ns: u64) -> (i64, i32);
    /// Appended to truncated strings.
    fn truncation_trailer(&self) -> &str;
}
