//! What a compilation may ask about a machine. The host implements it over `/sys` and `/proc`, tests over a fixture.

use std::path::PathBuf;
use std::sync::Arc;

use crate::types::Type;

pub mod c_constants;
pub mod c_declarations;
pub mod c_names;
pub mod fixture;
pub mod overlay;
pub mod syscalls;
pub mod tracepoint_format;

/// A kernel or user-space facility that decides how something is lowered, or whether it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Feature {
    /// The instruction set `v4`: signed division, sign-extending loads (Linux 6.6).
    InstructionsV4,
    /// `bpf_loop` (5.17).
    Loop,
    /// `bpf_for_each_map_elem` (5.13).
    ForEachMapElement,
    /// `bpf_map_lookup_percpu_elem` (5.19).
    LookupPerCpuElement,
    /// `BPF_LINK_TYPE_UPROBE_MULTI` (6.6).
    UprobeMulti,
    /// `BPF_LINK_TYPE_KPROBE_MULTI` (5.18, with CONFIG_FPROBE).
    KprobeMulti,
    /// `BPF_TRACE_KPROBE_SESSION` (6.10): one program at the entry and the return of many kernel functions.
    KprobeSession,
    Kprobes,
    /// fentry and fexit trampolines.
    Trampolines,
    HardwareEvents,
    /// `/sys/kernel/btf/vmlinux`.
    Btf,
    /// `bpf_send_signal` and `bpf_send_signal_thread` (5.5).
    SendSignal,
    /// `bpf_jiffies64` (5.5).
    Jiffies,
    /// `bpf_ktime_get_tai_ns` (6.1).
    TaiClock,
    /// `bpf_get_func_ip` in uprobes and uretprobes (6.6).
    UprobeFunctionAddress,
    /// `bpf_override_return` (4.16, with CONFIG_BPF_KPROBE_OVERRIDE).
    OverrideReturn,
}

/// A member of a struct, union or tracepoint record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// Arrays of `char` are strings of that capacity.
    pub ty: Type,
    /// Bytes from the start of the outermost type; members of anonymous structs and unions are promoted.
    pub offset: u32,
    /// Offset and width in bits within the `ty`-sized unit at `offset`, for bit-fields.
    pub bits: Option<(u8, u8)>,
    /// How C writes the declaration, for listings: `struct sock * sk`.
    pub declaration: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StructType {
    pub name: String,
    /// Bytes.
    pub size: u32,
    pub fields: Vec<Field>,
}

impl StructType {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// How a field of a tracepoint record is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracepointFieldKind {
    /// In place, at the field's offset.
    Plain,
    /// `__data_loc`: a u32 at the offset, length << 16 | offset from the start of the record.
    DataLocation,
    /// `__rel_loc`: the same, relative to the end of the u32.
    RelativeLocation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracepointField {
    pub field: Field,
    pub kind: TracepointFieldKind,
}

/// The record of a tracepoint without its common header (the first 8 bytes).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TracepointFormat {
    pub fields: Vec<TracepointField>,
    /// Bytes of the whole record that are always there.
    pub size: u32,
}

/// What the kernel proper is called where a module could be.
pub const VMLINUX: &str = "vmlinux";

/// A function of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelFunction {
    pub name: String,
    /// None: the kernel proper.
    pub module: Option<String>,
}

/// A function of a BPF program that is loaded; a program has one for itself, and one for each that it calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramFunction {
    pub name: String,
    /// The number that the kernel gave the program when it was loaded.
    pub program: u32,
}

/// What a function of the kernel takes and returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionType {
    /// `offset` is 8 * the number of 64-bit words that the parameters before it take.
    pub parameters: StructType,
    /// `Void` where it returns nothing.
    pub result: Type,
    /// Takes more than its parameters say.
    pub is_variadic: bool,
}

impl FunctionType {
    /// Gives each parameter its place: one word, or as many as a struct passed by value needs.
    pub fn new(mut parameters: StructType, result: Type, is_variadic: bool) -> Self {
        let mut offset = 0;
        for parameter in &mut parameters.fields {
            parameter.offset = offset;
            offset += parameter.ty.size().max(1).next_multiple_of(8);
        }
        parameters.size = offset;
        Self { parameters, result, is_variadic }
    }

    /// Words that all parameters take.
    pub fn words(&self) -> u32 {
        self.parameters.size / 8
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSymbol {
    pub name: String,
    /// Virtual address in the file.
    pub address: u64,
    /// Offset in the file, what a uprobe attaches to.
    pub file_offset: u64,
    /// Bytes; 0 where the file does not say.
    pub size: u64,
}

/// A statement of a source file in the code of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlace {
    /// Path of the source file as the compiler noted it.
    pub source: String,
    pub line: u32,
    /// From 1; 0 where the compiler did not note it.
    pub column: u32,
    /// Virtual address in the file.
    pub address: u64,
    /// Offset in the file, what a uprobe attaches to.
    pub file_offset: u64,
    /// The same for the places in one function, or in one inlined copy of it.
    pub scope: u64,
}

/// A variable of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserObject {
    /// Virtual address in the file.
    pub address: u64,
    /// Bytes; 0 where the file does not say.
    pub size: u64,
}

/// One place of a USDT probe; a probe in inlined code has several, with arguments in different places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsdtLocation {
    pub provider: String,
    pub name: String,
    /// Virtual address in the file.
    pub address: u64,
    /// Offset in the file, what a uprobe attaches to.
    pub file_offset: u64,
    /// Offset in the file of the counter of those who trace the probe; 0 without one.
    pub semaphore: u64,
    /// As the note has it: `-4@%eax 8@16(%rsp)`.
    pub arguments: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    #[error("No such file: '{0}'")]
    NotFound(String),
    #[error("'{0}' is not an ELF executable or library")]
    NotElf(String),
    #[error("Could not read '{path}': {reason}")]
    Unreadable { path: String, reason: String },
}

/// Facts about one machine. Answers are cheap to repeat: implementations cache.
///
/// Patterns know one wildcard, `*`; names without it match exactly.
pub trait Kernel: Send + Sync {
    fn has(&self, feature: Feature) -> bool;
    /// Release, as `uname -r` prints it.
    fn release(&self) -> &str;
    /// Processors that may ever come online; per-CPU maps have this many values.
    fn possible_cpus(&self) -> u32;

    /// `(category, event)` pairs in alphabetical order.
    fn tracepoints(&self, category: &str, event: &str) -> Vec<(String, String)>;
    fn tracepoint_format(&self, category: &str, event: &str) -> Option<Arc<TracepointFormat>>;
    /// Names of raw tracepoints in alphabetical order.
    fn raw_tracepoints(&self, pattern: &str) -> Vec<String>;
    /// The arguments of a raw tracepoint as BTF describes them: names and types, `offset` = 8 * index.
    fn raw_tracepoint_arguments(&self, name: &str) -> Option<Arc<StructType>>;

    /// Names of the kernel's iterators in alphabetical order; the program of `NAME` gets a `struct bpf_iter__NAME`.
    fn iterators(&self, pattern: &str) -> Vec<String>;

    /// A struct or union by its name with keyword (`struct file`), or a typedef of one by its bare name.
    fn struct_type(&self, name: &str) -> Option<Arc<StructType>>;
    /// A type by name: `u32`, `size_t`, `struct file`, `enum pid_type`; typedefs are followed.
    fn named_type(&self, name: &str) -> Option<Type>;
    /// The type and value of an enum constant.
    fn enum_constant(&self, name: &str) -> Option<(Type, i64)>;
    /// The BTF id of a kernel type by its name with keyword (`struct file`, `enum pid_type`).
    fn type_id(&self, name: &str) -> Option<u32>;
    /// Names of structs and unions for suggestions, with keyword.
    fn struct_names(&self) -> Vec<String>;

    fn kernel_symbol(&self, name: &str) -> Option<u64>;
    /// Kernel functions that could be traced where kprobes exist, in alphabetical order.
    fn kernel_functions(&self, pattern: &str) -> Vec<String>;
    /// A function by its name; without a module, anywhere. Says nothing about whether it can be traced.
    fn kernel_function(&self, module: Option<&str>, name: &str) -> Option<KernelFunction>;
    /// Functions that a kprobe can be put on, by patterns, in alphabetical order, each name once. Slow the first time.
    fn traceable_functions(&self, module: Option<&str>, pattern: &str) -> Vec<KernelFunction>;
    /// None where BTF does not describe it.
    fn function_type(&self, function: &KernelFunction) -> Option<Arc<FunctionType>>;

    /// Functions of loaded BPF programs that a trampoline can be put on, by a pattern, in alphabetical order; of one
    /// program, or of all.
    fn program_functions(&self, program: Option<u32>, pattern: &str) -> Vec<ProgramFunction>;

    /// Whether there is a kfunc of that name: a kernel function made for BPF programs.
    fn has_kfunc(&self, name: &str) -> bool;
    /// Device and inode of the PID namespace that the tracer runs in; None where it is the initial one.
    fn pid_namespace(&self) -> Option<(u64, u64)>;

    /// The file that a path, a bare command name or a library name (`libc`, `libssl.so.3`) stands for.
    fn binary(&self, name: &str, pid: Option<u32>) -> Result<PathBuf, BinaryError>;
    /// Function symbols of an ELF file that match, sorted by name.
    fn user_symbols(&self, path: &std::path::Path, pattern: &str) -> Result<Vec<UserSymbol>, BinaryError>;

    /// Bytes of an ELF file for x86-64 from an offset on, as many as there are; None where it cannot be read, and for
    /// other processors.
    fn user_code(&self, path: &std::path::Path, file_offset: u64, len: usize) -> Option<Vec<u8>>;
    /// Where the debug information of an ELF file says that statements of a source file begin, in the order of lines,
    /// columns and addresses. The source file is named by its last parts. None without debug information.
    fn source_places(&self, path: &std::path::Path, source: &str) -> Option<Arc<Vec<SourcePlace>>>;
    /// What the function at an address of an ELF file takes and returns. None where no debug information says it.
    fn user_function_type(&self, path: &std::path::Path, address: u64) -> Option<Arc<FunctionType>>;

    /// The files that a path with wildcards stands for; `*` alone: all files with code that the process has mapped, or
    /// without one, those of every process. Without a wildcard: [`Kernel::binary`].
    fn binaries(&self, pattern: &str, pid: Option<u32>) -> Result<Vec<PathBuf>, BinaryError>;
    /// Every place of every USDT probe of an ELF file, in the order of provider, name and address.
    fn usdt_locations(&self, path: &std::path::Path) -> Result<Arc<Vec<UsdtLocation>>, BinaryError>;
    /// A variable of an ELF file by name.
    fn user_object(&self, path: &std::path::Path, name: &str) -> Option<UserObject>;

    /// The id of a cgroup (v2) by its path.
    fn cgroup_id(&self, path: &str) -> Option<u64>;
}

/// Major and minor number of a release such as `6.18.44-generic`; zeros when it has none.
pub fn version(release: &str) -> (u32, u32) {
    let mut parts = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Whether the path of a source file ends with these parts.
pub fn is_source(path: &str, wanted: &str) -> bool {
    path.strip_suffix(wanted)
        .is_some_and(|before| before.is_empty() || before.ends_with('/') || wanted.starts_with('/'))
}

/// Whether a name matches a pattern in which `*` stands for any run of characters. Linear in time.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p + 1, n));
            p += 1;
        } else if p < pattern.len() && pattern[p] == name[n] {
            p += 1;
            n += 1;
        } else if let Some((after_star, from)) = retry {
            p = after_star;
            n = from + 1;
            retry = Some((after_star, n));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn a_star_matches_any_run() {
        assert!(matches_pattern("sys_*_exec*", "sys_enter_execve"));
        assert!(matches_pattern("*", ""));
        assert!(matches_pattern("a*b*c", "aXbbXc"));
        assert!(!matches_pattern("a*b", "abc"));
        assert!(!matches_pattern("abc", "abcd"));
    }
}
