//! All that a loader and a decoder need to know about a compiled script. Plain data.
//!
//! The object holds one function per [`Program`], in the section [`Program::section`]. Every BPF map is an undefined
//! symbol of the object: the symbol [`KernelMap::symbol`] stands for the map itself (`BPF_PSEUDO_MAP_FD`), the same
//! name with [`VALUE_SUFFIX`] for the address of its first value (`BPF_PSEUDO_MAP_VALUE`; arrays with one element).
//! A call of a function that the object does not define is a call of the kernel's kfunc of that name; a symbol with
//! [`KERNEL_VARIABLE_PREFIX`] is a variable of the kernel.

use serde::{Deserialize, Serialize};

use crate::abi::format::Format;
use crate::source::Span;
use crate::source::expansions::Expansions;
use crate::types::{StackMode, Type};

/// `symbol.value` in the object is the address of the map's value, not the map.
pub const VALUE_SUFFIX: &str = ".value";

/// `kernel:NAME` in the object is the address of a variable of the kernel.
pub const KERNEL_VARIABLE_PREFIX: &str = "kernel:";

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

id! {
    /// Index into [`Manifest::probes`].
    ProbeId
    /// Index into [`Manifest::maps`].
    MapId
    /// Index into [`Manifest::sites`].
    SiteId
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// One per attach point after expansion, in script order.
    pub probes: Vec<ProbeInfo>,
    pub programs: Vec<Program>,
    /// Programs of the tracer's own that keep [`PROCESSES_MAP`] up to date, attached before all others.
    pub followers: Vec<Program>,
    /// The script's maps.
    pub maps: Vec<ScriptMap>,
    /// Every BPF map to create.
    pub kernel_maps: Vec<KernelMap>,
    /// Asynchronous call sites.
    pub sites: Vec<Site>,
    /// Per-CPU counters of losses and run-time warnings, read by user space.
    pub counters: Vec<Counter>,
    pub globals: GlobalsLayout,
    /// Strings that values refer to by index: strftime formats, cgroup filters.
    pub strings: Vec<String>,
    /// Layouts of the C structs whose values reach user space whole, members' structs included.
    #[serde(default)]
    pub structs: Vec<StructLayout>,
    pub settings: RunSettings,
}

/// A C struct or union as a decoder sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructLayout {
    /// As in `Type::Struct`.
    pub name: String,
    pub fields: Vec<FieldLayout>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldLayout {
    pub name: String,
    pub ty: Type,
    /// Bytes from the start of the struct.
    pub offset: u32,
    /// Offset and width in bits within the `ty`-sized unit at `offset`, for bit-fields.
    pub bits: Option<(u8, u8)>,
}

/// What of the config block the engine and the outputs need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSettings {
    pub print_maps_on_exit: bool,
    pub stack_mode: StackMode,
    pub max_cat_bytes: u32,
    /// Appended to strings that fill their buffer.
    pub truncation_trailer: String,
    /// Pages of the ring buffer; None: the engine's default.
    pub ring_pages: Option<u32>,
    pub missing_probes: MissingProbes,
    /// What the programs say about their licence; the kernel offers some helpers to GPL programs only.
    pub license: String,
    /// Bytes of the verifier's log; None: as many as it needs.
    pub log_size: Option<u32>,
    /// Whether names of C++ and Rust are shown as in the source.
    pub cpp_demangle: bool,
    /// Whether frames have files and lines, and the functions that were inlined there.
    pub show_debug_info: bool,
    /// Temporary values of more bytes do not go to the programs' stack.
    pub on_stack_limit: u32,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            print_maps_on_exit: true,
            stack_mode: StackMode::Bpftrace,
            max_cat_bytes: 10240,
            truncation_trailer: "..".to_owned(),
            ring_pages: None,
            missing_probes: MissingProbes::Error,
            license: "GPL".to_owned(),
            log_size: None,
            cpp_demangle: true,
            show_debug_info: true,
            on_stack_limit: 32,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MissingProbes {
    Error,
    Warn,
    Ignore,
}

impl Manifest {
    /// Brings every place back to where it stands in the script; what may be told of at run time keeps the uses of macros
    /// that led there.
    pub fn place(&mut self, expansions: &Expansions) {
        let uses = |span| -> Vec<(Span, String)> {
            let uses = expansions.place(span).expanded_from.into_iter();
            uses.map(|(span, name)| (span, name.to_owned())).collect()
        };
        self.counters.iter_mut().for_each(|it| it.expanded_from = uses(it.span));
        self.sites.iter_mut().for_each(|it| it.expanded_from = uses(it.span));
        self.for_each_span(|span| *span = expansions.in_file(*span));
    }

    fn for_each_span(&mut self, mut visit: impl FnMut(&mut Span)) {
        self.probes.iter_mut().for_each(|it| visit(&mut it.span));
        self.maps.iter_mut().for_each(|it| visit(&mut it.span));
        self.sites.iter_mut().for_each(|it| visit(&mut it.span));
        self.counters.iter_mut().for_each(|it| visit(&mut it.span));
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeInfo {
    /// The expanded attach point as `probe` prints it: `tracepoint:syscalls:sys_enter_read`.
    pub name: String,
    pub span: Span,
}

/// One BPF program and where it is attached. Several attach points share a program where the body is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Section of the object, unique; its first function is the program, the others are callbacks of its loops.
    pub section: String,
    pub kind: ProgramKind,
    pub attach: Vec<AttachPoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachPoint {
    pub probe: ProbeId,
    pub spec: AttachSpec,
}

/// The BPF program type to load as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramKind {
    Tracepoint,
    PerfEvent,
    /// kprobe, kretprobe, uprobe and uretprobe; `multi` for BPF_TRACE_UPROBE_MULTI.
    Kprobe {
        multi: bool,
    },
    /// kprobe and kretprobe on many functions: BPF_TRACE_KPROBE_MULTI.
    KprobeMulti,
    /// The same at both ends of the functions: BPF_TRACE_KPROBE_SESSION. Attached to the entry first, then to the return.
    KprobeSession,
    /// Also begin and end, run by BPF_PROG_TEST_RUN.
    RawTracepoint,
    /// BPF_PROG_TYPE_TRACING with BPF_TRACE_RAW_TP on `btf_trace_NAME`.
    TracingRawTracepoint {
        name: String,
    },
    /// BPF_PROG_TYPE_TRACING with BPF_TRACE_ITER on `bpf_iter_NAME`.
    Iterator {
        name: String,
    },
    /// BPF_PROG_TYPE_XDP, never attached: the one type that the kernel runs many times and measures itself.
    Xdp,
    /// BPF_PROG_TYPE_TRACING with BPF_TRACE_FENTRY or BPF_TRACE_FEXIT on a function.
    Trampoline {
        function: String,
        home: FunctionHome,
        is_return: bool,
    },
}

/// Where a function is that a trampoline is put on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionHome {
    /// The kernel proper.
    Kernel,
    Module(String),
    /// A BPF program, by the number that the kernel gave it.
    Program(u32),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttachSpec {
    Begin,
    End,
    Interval {
        period: Period,
    },
    /// On every processor, or on one.
    Profile {
        period: Period,
        cpu: Option<u32>,
    },
    /// After so many events; on every processor, or for the threads of some processes.
    Counter {
        counter: PerfCounter,
        count: u64,
        pids: Vec<u32>,
    },
    Watchpoint(WatchpointSpec),
    Iterator(IteratorSpec),
    /// The tracer received SIGUSR1.
    Signal,
    /// Run by the engine, its return value says whether it passed.
    Test {
        name: String,
    },
    /// Run by the engine until it is measured.
    Bench {
        name: String,
    },
    Tracepoint {
        category: String,
        event: String,
    },
    RawTracepoint {
        name: String,
    },
    /// One program for the tracepoints of many system calls, which finds out which it is. The probes have the ids from
    /// the attach point's on, in the order of these numbers.
    Syscalls {
        is_exit: bool,
        numbers: Vec<u32>,
    },
    Uprobe(UprobeSpec),
    Kprobe(KprobeSpec),
    /// The program says where.
    Trampoline,
}

/// How many places a script is attached to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Attach points as a person counts them: every match of a pattern is one.
    pub all: u32,
    /// Those that are functions, of the kernel or of programs: events that nobody designed, as frequent as may be.
    pub functions: u32,
}

impl Places {
    /// From so many functions on, whoever starts the script should be asked.
    pub const MANY_FUNCTIONS: u32 = 200;

    /// Those of some attach points; one that several programs serve counts once.
    pub fn of<'a>(points: impl Iterator<Item = &'a AttachPoint>) -> Self {
        let mut counted = std::collections::BTreeSet::new();
        let mut places = Self::default();
        for point in points.filter(|point| counted.insert(point.probe.0)) {
            places.all += point.spec.places();
            if matches!(point.spec, AttachSpec::Kprobe(_) | AttachSpec::Uprobe(_) | AttachSpec::Trampoline) {
                places.functions += point.spec.places();
            }
        }
        places
    }

    pub fn has_many_functions(self) -> bool {
        self.functions >= Self::MANY_FUNCTIONS
    }
}

impl AttachSpec {
    /// How many probes it is for a person: every match of a pattern is one, however many links they take.
    pub fn places(&self) -> u32 {
        match self {
            Self::Syscalls { numbers, .. } => numbers.len() as u32,
            Self::Kprobe(spec) => spec.places.len() as u32,
            Self::Uprobe(spec) => {
                // A USDT probe may be at several places.
                let names: std::collections::BTreeSet<&str> =
                    spec.places.iter().map(|place| place.symbol.as_str()).collect();
                names.len() as u32
            }
            _ => 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    Hertz(u64),
    Nanoseconds(u64),
}

/// What a perf event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PerfCounter {
    Software(SoftwareEvent),
    Hardware(HardwareEvent),
    /// The processor's own code of an event, `config` of PERF_TYPE_RAW.
    Raw(u64),
}

/// `PERF_COUNT_SW_*` of linux/perf_event.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SoftwareEvent {
    CpuClock = 0,
    TaskClock = 1,
    PageFaults = 2,
    ContextSwitches = 3,
    CpuMigrations = 4,
    MinorFaults = 5,
    MajorFaults = 6,
    AlignmentFaults = 7,
    EmulationFaults = 8,
    Dummy = 9,
    BpfOutput = 10,
}

/// `PERF_COUNT_HW_*` of linux/perf_event.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HardwareEvent {
    CpuCycles = 0,
    Instructions = 1,
    CacheReferences = 2,
    CacheMisses = 3,
    BranchInstructions = 4,
    BranchMisses = 5,
    BusCycles = 6,
    FrontendStalls = 7,
    BackendStalls = 8,
    RefCycles = 9,
}

/// A piece of memory whose use fires a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchpointSpec {
    pub address: u64,
    /// 1, 2, 4 or 8 bytes.
    pub length: u32,
    pub access: Access,
    /// Empty: an address of the kernel, or of the `-c` child.
    pub pids: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    Write,
    ReadWrite,
    Execute,
}

/// One walk over the kernel's objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IteratorSpec {
    /// Leave it behind at this path of the BPF file system instead of walking.
    pub pin: Option<String>,
    /// Only objects of this process, where the kernel can tell.
    pub pid: Option<u32>,
}

/// Every function of one kprobe attach point; more than one are attached as one multi link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KprobeSpec {
    pub places: Vec<KprobePlace>,
    pub is_return: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KprobePlace {
    /// By name, `module:function` in a module, and bytes from its start.
    Symbol {
        name: String,
        offset: u64,
    },
    Address(u64),
}

/// Every place of one uprobe attach point in one file; more than one place is attached as one multi link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UprobeSpec {
    pub path: String,
    pub places: Vec<UprobePlace>,
    pub is_return: bool,
    /// Only these processes; empty: all.
    pub pids: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UprobePlace {
    pub symbol: String,
    pub file_offset: u64,
    /// Offset in the file of a counter that the kernel raises while the place is traced; 0 without one.
    #[serde(default)]
    pub semaphore: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelMap {
    pub symbol: String,
    pub kind: KernelMapKind,
    /// Bytes; 0 for ring buffers.
    pub key_size: u32,
    /// Bytes; for per-CPU kinds the bytes of one CPU's value, rounded up to 8.
    pub value_size: u32,
    /// Bytes for the ring buffer, entries otherwise.
    pub max_entries: u32,
    pub no_prealloc: bool,
    /// BPF_F_MMAPABLE: user space reads and writes it as memory.
    pub mmapable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelMapKind {
    Array,
    PerCpuArray,
    Hash,
    PerCpuHash,
    LruHash,
    LruPerCpuHash,
    RingBuffer,
    CgroupArray,
}

/// Symbols of the BPF maps that every program has.
pub const GLOBALS_MAP: &str = "td_globals";
pub const RING_MAP: &str = "td_ring";
/// Stack ids already sent: u64 id -> u8.
pub const STACKS_SEEN_MAP: &str = "td_stacks";
/// Processes that are followed: u64 tgid, or [`NAMESPACED`] and the tgid in the tracer's PID namespace, -> u64 boot time at
/// which the process was started, 0 where that is not known.
pub const PROCESSES_MAP: &str = "td_processes";
/// A bit of the keys of [`PROCESSES_MAP`].
pub const NAMESPACED: u64 = 1 << 32;
/// One control group: only processes in it are traced.
pub const CGROUP_MAP: &str = "td_cgroup";
/// Per-CPU scratch memory for values too large for the BPF stack.
pub const SCRATCH_MAP: &str = "td_scratch";

/// The layout of the one value of [`GLOBALS_MAP`]: a shared part, then one slot per possible CPU.
/// The map is mmapable, so user space reads scalar maps, counters and flags without system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GlobalsLayout {
    /// Bytes of the shared part, a multiple of 64. It begins with a [`GlobalsHeader`].
    pub shared_size: u32,
    /// Bytes of one CPU's slot, a multiple of 64 (a cache line: neighbours do not share one).
    pub slot_size: u32,
    pub cpus: u32,
    /// Whether programs leave out the tracer's own processes.
    pub has_own_pids: bool,
}

impl GlobalsLayout {
    pub fn size(&self) -> u32 {
        self.shared_size + self.slot_size * self.cpus
    }

    /// Byte offset of a CPU's slot.
    pub fn slot(&self, cpu: u32) -> u32 {
        self.shared_size + self.slot_size * cpu
    }
}

/// Byte offsets at the start of the shared part of the globals.
pub struct GlobalsHeader;

impl GlobalsHeader {
    /// u32: every program but `end` returns at once while it is not 0. Set to stop a run in an instant.
    pub const STOPPED: u32 = 0;
    /// u64: `elapsed` counts from here, nanoseconds of the boot clock. The loader sets it before `begin`.
    pub const START_NS: u32 = 8;
    /// u32: pid of the `-c` child, 0 without one.
    pub const CHILD_PID: u32 = 16;
    /// Bytes that the header takes.
    pub const SIZE: u32 = 32;
    /// Behind it, where [`GlobalsLayout::has_own_pids`]: u32 each, up to a zero, the tgids of the tracer's own processes.
    pub const OWN_PIDS: u32 = 32;
    /// How many there may be.
    pub const OWN_PIDS_MOST: u32 = 8;
}

/// A map of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptMap {
    /// With its `@`.
    pub name: String,
    pub storage: MapStorage,
    /// None for a scalar map.
    pub key: Option<Type>,
    /// `Type::Aggregate` for aggregations.
    pub value: Type,
    /// Where the map is first used.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MapStorage {
    /// A scalar map in the shared part of the globals: a u64 that is 1 once assigned, then the value at `offset` + 8.
    Global { offset: u32 },
    /// A scalar aggregation: one cell in each CPU's slot, at this offset.
    PerCpuGlobal { offset: u32 },
    /// A keyed map with plain values.
    Hash { symbol: String },
    /// A keyed aggregation: one cell per CPU.
    PerCpuHash { symbol: String },
}

/// An asynchronous call: the program sends a record, user space acts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    pub kind: SiteKind,
    pub span: Span,
    /// The uses of macros that led there, from the innermost to the outermost.
    #[serde(default)]
    pub expanded_from: Vec<(Span, String)>,
    /// Bytes of the payload's fixed part (after the record header).
    pub fixed_size: u32,
}

/// The payload of each kind is its slots; the fixed-size extras are named where there are any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SiteKind {
    Printf {
        stream: PrintfStream,
        format: Format,
        arguments: Vec<Slot>,
    },
    /// `print(x)` of a value that is not a map.
    Print {
        value: Slot,
    },
    /// `print(@m, top, div)`: payload u64 top (0: all), u64 div (0: 1).
    PrintMap {
        map: MapId,
    },
    /// `print(@m[k])` of a value that only user space can put together: a histogram, stats, a series.
    PrintEntry {
        map: MapId,
        key: Slot,
    },
    Clear {
        map: MapId,
    },
    Zero {
        map: MapId,
    },
    /// Payload: u64 exit code.
    Exit,
    /// strftime format.
    Time {
        format: String,
    },
    /// Payload: the strings, in tail order, each a `String` slot; empty ones after the first end are not sent.
    Join {
        separator: String,
        arguments: Vec<Slot>,
    },
    /// `skboutput()`: boot time, bytes of the packet, and what was captured of them, for a pcap file.
    Packet {
        path: String,
        arguments: Vec<Slot>,
    },
    Cat {
        format: Format,
        arguments: Vec<Slot>,
    },
    System {
        format: Format,
        arguments: Vec<Slot>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrintfStream {
    Out,
    /// `errorf`
    Error,
    /// `warnf`
    Warning,
}

/// Where a value lies in a record's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub ty: Type,
    pub place: SlotPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotPlace {
    /// At this offset of the payload, in the type's own layout.
    Fixed { offset: u32 },
    /// A string or buffer of actual length: a u32 length at this offset of the payload, the bytes in the tail that
    /// follows the fixed part, in slot order, without padding or NUL.
    Tail { offset: u32 },
}

/// A u64 in each CPU's slot that counts something that must not be lost silently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// Byte offset within a slot.
    pub offset: u32,
    pub cause: CounterCause,
    /// The expression or statement at which it happens; empty where it belongs to the whole script.
    pub span: Span,
    /// The uses of macros that led there, from the innermost to the outermost.
    pub expanded_from: Vec<(Span, String)>,
    /// The helper whose failures are counted.
    pub helper: Option<Helper>,
}

/// A BPF helper that may fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Helper {
    /// Without `bpf_`.
    pub name: String,
    /// Byte offset within a slot of the i64 that it returned when it last failed there.
    pub result_offset: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CounterCause {
    /// A record found no room in the ring buffer.
    RingFull,
    /// An update found the map full.
    MapFull {
        map: MapId,
    },
    /// A stack could not be captured or sent.
    StackFailed,
    /// A process that was started should have been followed.
    NotFollowed,
    DivisionByZero,
    /// A `while` had more passes than the kernel allows a loop.
    LoopCut,
    ArrayBounds,
    /// `delete` of a missing key, its result unused.
    MissingKey {
        map: MapId,
    },
    /// A read of kernel or user memory failed (counted only with `-k`).
    ReadFailed,
    /// A map was read at a key that it does not have (counted only with `-k`).
    LookupFailed {
        map: MapId,
    },
}
