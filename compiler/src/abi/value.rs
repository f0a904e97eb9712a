//! Values as user space sees them: decoded, per-CPU cells merged, symbols still addresses until something names them.

use serde::{Deserialize, Serialize};

use crate::types::{Aggregate, SeriesFunction, StackMode, StackSpace};

/// A number of a signedness that only its type knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Number {
    Signed(i64),
    Unsigned(u64),
}

impl Number {
    pub fn new(bits: u64, signed: bool) -> Self {
        if signed { Self::Signed(bits as i64) } else { Self::Unsigned(bits) }
    }

    /// The 64 bits, whatever they mean.
    pub fn bits(self) -> u64 {
        match self {
            Self::Signed(value) => value as u64,
            Self::Unsigned(value) => value,
        }
    }

    pub fn wide(self) -> i128 {
        match self {
            Self::Signed(value) => i128::from(value),
            Self::Unsigned(value) => i128::from(value),
        }
    }
}

/// A value of the script. Names from traced processes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Printed `null`.
    None,
    Bool(bool),
    Number(Number),
    /// Hexadecimal.
    Pointer(u64),
    /// Without NUL; `truncated` when the text filled its buffer.
    String {
        bytes: Vec<u8>,
        truncated: bool,
    },
    Enum {
        symbol: Option<String>,
        value: i64,
    },
    Buffer(Vec<u8>),
    Tuple(Vec<Value>),
    /// Records and C structs.
    Record(Vec<(String, Value)>),
    Array(Vec<Value>),
    Inet(std::net::IpAddr),
    Mac([u8; 6]),
    Username(u64),
    /// Index of the strftime format in the manifest's strings (None: the ISO form), boot clock nanoseconds.
    Timestamp {
        format: Option<u32>,
        boot_ns: u64,
    },
    CgroupPath {
        id: u64,
        filter: u32,
    },
    KernelSymbol(u64),
    UserSymbol {
        address: u64,
        pid: u32,
        probe: u32,
    },
    /// Frames by id; see [`crate::abi::format::Names::stack`].
    Stack {
        id: u64,
        space: StackSpace,
        mode: StackMode,
    },
    Stats(Stats),
    Histogram(Histogram),
    Series(Series),
}

/// A merged `avg` or `stats` cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stats {
    pub count: u64,
    pub total: Number,
}

impl Stats {
    /// Total divided by count, towards zero; 0 without samples.
    pub fn average(&self) -> Number {
        match (self.total, self.count) {
            (Number::Signed(_), 0) => Number::Signed(0),
            (Number::Unsigned(_), 0) => Number::Unsigned(0),
            (Number::Signed(total), count) => Number::Signed((i128::from(total) / i128::from(count)) as i64),
            (Number::Unsigned(total), count) => Number::Unsigned(total / count),
        }
    }
}

/// A merged `hist` or `lhist` cell: a count for each bucket, the first is for values below the range.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Histogram {
    /// `Aggregate::Hist` or `Aggregate::LinearHist`.
    pub shape: Aggregate,
    pub buckets: Vec<u64>,
}

/// A merged `tseries` cell: (epoch, value), oldest first; epoch * interval is TAI nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Series {
    pub interval_ns: u64,
    pub function: SeriesFunction,
    pub points: Vec<(u64, Number)>,
}

/// One map at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MapSnapshot {
    /// In the order of output: ascending, the biggest last. A scalar map has at most one entry, without a key.
    pub entries: Vec<(Option<Value>, Value)>,
    /// Entries that a bounded reader left out.
    pub omitted: u64,
}

/// A resolved frame of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    pub address: u64,
    /// None: no symbol was found; `reason` says why.
    pub symbol: Option<String>,
    /// Bytes from the symbol's start.
    pub offset: u64,
    /// File name of the binary, library or kernel module; None for the kernel proper.
    pub module: Option<String>,
    /// `file:line` where debug information has it.
    pub source: Option<String>,
    /// Inlined into the frame that follows.
    pub inlined: bool,
    pub reason: Option<Unresolved>,
}

/// Why a frame has no symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unresolved {
    NoSymbols,
    ProcessGone,
    /// Anonymous executable memory without a perf map.
    JustInTime,
    Unmapped,
}

/// A stack with names, innermost frame first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    pub id: u64,
    pub space: StackSpace,
    /// tgid; 0 for kernel stacks.
    pub pid: u32,
    pub frames: Vec<Frame>,
    /// Where in which file each address is, for the mode `build_id`; empty unless the script uses it.
    #[serde(default)]
    pub places: Vec<FilePlace>,
}

/// An address of a process as a place in a file, which means the same on every machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    pub address: u64,
    /// Hexadecimal build id of the file and the offset in it; None for memory that is no file, or one without the id.
    pub build_id: Option<(String, u64)>,
}
