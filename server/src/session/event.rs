//! What happens in a run, as plain data: every consumer (terminal, browser, store) sees the same events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracedeck_compiler::abi::value::{MapSnapshot, Stack, Value};
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::diagnostic::{Diagnostic, Severity};
use tracedeck_compiler::manifest::{CounterCause, MapId, PrintfStream, ProbeId, ProbeInfo, RunSettings};
use tracedeck_compiler::source::{SourceFile, Span};
use tracedeck_compiler::types::Type;

/// An event with its place in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// 1, 2, 3, … within a run, without gaps.
    pub sequence: u64,
    /// Monotonic nanoseconds since the run was started.
    pub at_ns: u64,
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The script compiled; what follows refers to this description.
    Compiled(Arc<RunShape>),
    /// A compile error or a warning from the compiler. Rendered text beside the parts, so that any consumer can show it.
    Diagnostic(RunDiagnostic),
    /// Every probe is attached; counts begin, end and each expanded attach point.
    Attached { probes: u32 },
    /// Progress of a long attach.
    Attaching { done: u32, total: u32 },
    /// Output of the script.
    Output(Output),
    /// A test or benchmark of the script; its output comes in between.
    Trial(Trial),
    /// The live content of maps that changed since the last snapshot; at most about ten in a second.
    Maps(Vec<(MapId, MapSnapshot)>),
    /// Stacks that later events name by id; sent before the first use.
    Stacks(Vec<Arc<Stack>>),
    /// Symbols and other names that later events refer to by number; sent before the first use.
    Names(Vec<ResolvedName>),
    /// Total of one cause so far (not a difference).
    Lost {
        cause: CounterCause,
        span: Span,
        /// The uses of macros that led there, from the innermost to the outermost.
        expanded_from: Vec<(Span, String)>,
        total: u64,
        /// The BPF helper that failed, without `bpf_`, and what it returned last.
        helper: Option<(String, i64)>,
    },
    /// Something the person should know that ends nothing: a target exited, a symbol table is missing.
    Warning { message: String },
    /// Final state of the maps, printed on exit; empty maps are left out. In order of the maps' names.
    FinalMaps(Vec<(MapId, MapSnapshot)>),
    /// Nothing follows.
    Ended { reason: EndReason, exit_code: u8 },
    /// What the programs cost so far, in the order of the script; about once in a second where the run measures that.
    Costs(Vec<ProgramCost>),
}

/// How often one program ran, and how long that took in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCost {
    /// The first of the probes that it serves.
    pub probe: ProbeId,
    /// How many it serves.
    pub probes: u32,
    pub hits: u64,
    pub nanoseconds: u64,
}

impl ProgramCost {
    /// Mean nanoseconds.
    pub fn per_hit(&self) -> u64 {
        self.nanoseconds.checked_div(self.hits).unwrap_or(0)
    }
}

/// What happens to a test or a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trial {
    /// What the script says from here on belongs to it.
    Started { name: String },
    /// A test ran; an error message in between fails it, too.
    Tested { name: String, duration_ns: u64, returned: u32, exit_code: u8 },
    /// A benchmark was measured; one that did not return 0 wants to be skipped.
    Measured { name: String, average_ns: u64, iterations: u64, returned: u32 },
}

/// What of the manifest the consumers need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunShape {
    pub probes: Vec<ProbeInfo>,
    pub maps: Vec<MapShape>,
    pub strings: Vec<String>,
    pub settings: RunSettings,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapShape {
    /// With `@`.
    pub name: String,
    pub key: Option<Type>,
    pub value: Type,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDiagnostic {
    pub severity: Severity,
    pub code: String,
    pub message: String,
    pub span: Span,
    pub help: Vec<String>,
    /// The block that a terminal shows, ends with a newline.
    pub rendered: String,
}

impl RunDiagnostic {
    pub fn new(diagnostic: &Diagnostic, source: &SourceFile) -> Self {
        Self {
            severity: diagnostic.severity,
            code: diagnostic.code.to_owned(),
            message: diagnostic.message.clone(),
            span: diagnostic.span,
            help: diagnostic.help.clone(),
            rendered: render(source, diagnostic),
        }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// What the script asked to be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Output {
    /// printf, errorf, warnf. Formatted in the engine; the bytes are as the script made them, without an added newline.
    Printf {
        stream: PrintfStream,
        text: Vec<u8>,
        /// Byte ranges of `text` that came from values and hold control bytes or invalid UTF-8: a terminal shows them
        /// escaped, so that a process name cannot forge lines or move the cursor. Almost always empty.
        foreign: Vec<(u32, u32)>,
        span: Span,
        /// The uses of macros that led there, from the innermost to the outermost.
        expanded_from: Vec<(Span, String)>,
    },
    /// `time()`, `join()`, `cat()`, `system()`: text as it goes to the output.
    Time(Vec<u8>),
    Join(Vec<u8>),
    Cat(Vec<u8>),
    System(Vec<u8>),
    /// `print(x)` of a value.
    Value {
        value: Value,
        ty: Type,
    },
    /// `print(@m, top, div)`: the map at the moment the call was handled.
    Map {
        map: MapId,
        snapshot: MapSnapshot,
        top: u64,
        div: u64,
    },
    /// `clear(@m)`
    Cleared {
        map: MapId,
    },
    /// `zero(@m)`
    Zeroed {
        map: MapId,
    },
}

impl Output {
    /// Text of no place in the script.
    pub fn plain(text: Vec<u8>) -> Self {
        let stream = PrintfStream::Out;
        Self::Printf { stream, text, foreign: Vec::new(), span: Span::default(), expanded_from: Vec::new() }
    }
}

/// A name that only the machine of the run could resolve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolvedName {
    KernelSymbol {
        address: u64,
        name: String,
    },
    UserSymbol {
        address: u64,
        pid: u32,
        name: String,
    },
    Username {
        uid: u64,
        name: String,
    },
    CgroupPath {
        id: u64,
        filter: u32,
        path: String,
    },
    /// A boot-clock time of the run in wall time: wall = boot + offset.
    BootToWall {
        offset_ns: i64,
    },
    /// Offset of TAI to UTC and of local time to UTC, seconds.
    Clock {
        tai_minus_utc: i32,
        local_minus_utc: i32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// The script called `exit()`, or had only begin and end probes.
    Finished,
    /// A person or a signal stopped it.
    Stopped,
    /// The `-c` command or the `-p` process ended.
    TargetExited,
    /// It ran as long as it was allowed to.
    TimeLimit { seconds: u64 },
    /// Compile errors (diagnostics came before), or a limit of this kernel, or an attach failure.
    Failed { message: String },
    /// The worker process died: signal or exit status.
    WorkerDied { message: String },
    /// The server stopped while it ran.
    Interrupted,
    /// It went on; this is a copy of what there was.
    Frozen,
}
