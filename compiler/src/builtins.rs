//! Builtin values and functions: one record each, in a file for itself or for a tight family, and the table of all.

mod aggregations;
mod arguments;
mod assertions;
mod cgroups;
mod commands;
mod control;
pub(crate) mod cpu;
mod debug;
pub mod maps;
pub mod messages;
mod network;
mod objects;
mod output;
pub mod packets;
mod parameters;
mod parents;
mod pointers;
mod predicates;
mod probe;
pub(crate) mod process;
pub mod registers;
mod settings;
mod signals;
pub mod stacks;
pub mod strings;
mod symbols;
mod text;
mod time;

use crate::hir::Expr;
use crate::sema::{CallSite, Typer};
use crate::types::Aggregate;

/// How a builtin is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bare word; `pid()` means the same.
    Value,
    /// Only as a call.
    Function,
    /// A call that is the whole right side of a map assignment: `@ = count()`.
    Aggregation,
}

/// When the work of a builtin is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// In the kernel, when the probe fires.
    Kernel,
    /// In user space, a moment after the probe fired.
    Asynchronous,
    /// By the compiler; the program holds the result.
    CompileTime,
}

/// Where a builtin may be used, and with which permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Only with `--unsafe`.
    pub needs_unsafe: bool,
    /// Names of the probe types that offer it; none: all do.
    pub probes: &'static [&'static str],
}

impl Rules {
    /// Everybody may use it everywhere.
    pub const NONE: Self = Self { needs_unsafe: false, probes: &[] };
    /// Everywhere, with `--unsafe`.
    pub const UNSAFE: Self = Self { needs_unsafe: true, probes: &[] };

    /// In probes of these types.
    pub const fn only_in(probes: &'static [&'static str]) -> Self {
        Self { probes, ..Self::NONE }
    }

    /// In probes of these types, with `--unsafe`.
    pub const fn unsafe_in(probes: &'static [&'static str]) -> Self {
        Self { probes, ..Self::UNSAFE }
    }
}

/// Types a call by its arguments; reports what is wrong with them. None after an error, or where a type is not known yet.
#[derive(Clone, Copy)]
pub enum Analysis {
    Call(fn(&mut Typer<'_>, &CallSite<'_>) -> Option<Expr>),
    Aggregation(fn(&mut Typer<'_>, &CallSite<'_>) -> Option<Sampled>),
}

/// An aggregation and the sample that a call adds to it; none for `count()`.
pub type Sampled = (Aggregate, Option<Expr>);

/// A builtin value (`pid`) or function (`str()`).
pub struct Builtin {
    pub name: &'static str,
    pub kind: Kind,
    pub timing: Timing,
    /// Checked before `analyze` is called.
    pub rules: Rules,
    /// How it is called, for help texts: `str(pointer[, length])`.
    pub signature: &'static str,
    /// What it is for, one or two sentences.
    pub doc: &'static str,
    /// A script that compiles; tests run it through the compiler.
    pub example: &'static str,
    /// Types a call.
    pub analyze: Analysis,
    /// Emits the code of a call. Never called for aggregations, and for what sema resolves to plain expressions.
    pub lower: crate::codegen::Lower,
}

/// Every builtin, in the order of the documentation.
pub static ALL: &[&Builtin] = &[
    &process::PID,
    &process::TID,
    &process::UID,
    &process::GID,
    &process::USERNAME,
    &process::COMM,
    &parents::PPID,
    &parents::PCOMM,
    &parents::LEADER_TID,
    &parents::LEADER_COMM,
    &cgroups::CGROUP,
    &cpu::CPU,
    &cpu::NCPUS,
    &cpu::NUMAID,
    &cpu::USERMODE,
    &cpu::CURTASK,
    &cpu::RAND,
    &time::NSECS,
    &time::ELAPSED,
    &time::JIFFIES,
    &probe::PROBE,
    &probe::PROBETYPE,
    &probe::FUNC,
    &arguments::ARGS,
    &arguments::ARGUMENT,
    &arguments::RETVAL,
    &arguments::CTX,
    &stacks::KSTACK,
    &stacks::USTACK,
    &process::CPID,
    &process::HAS_CPID,
    &settings::CONFIG,
    &output::PRINTF,
    &output::PRINT,
    &output::ERRORF,
    &output::WARNF,
    &debug::DEBUGF,
    &time::TIME,
    &commands::JOIN,
    &commands::CAT,
    &commands::SYSTEM,
    &control::EXIT,
    &assertions::FAIL,
    &assertions::ASSERT,
    &assertions::STATIC_ASSERT,
    &assertions::ASSERT_STR,
    &maps::CLEAR,
    &maps::ZERO,
    &maps::DELETE,
    &maps::HAS_KEY,
    &maps::FIND,
    &maps::LEN,
    &strings::STR,
    &strings::BUF,
    &strings::STRNCMP,
    &text::STRSTR,
    &text::STRCONTAINS,
    &strings::STRLEN,
    &text::STRCAP,
    &text::STR_CONCAT,
    &text::MEMCMP,
    &messages::STRERROR,
    &messages::SIGNAL_NAME,
    &messages::SYSCALL_NAME,
    &settings::DEFAULT_STR_LENGTH,
    &time::STRFTIME,
    &symbols::KSYM,
    &symbols::USYM,
    &symbols::KADDR,
    &symbols::UADDR,
    &symbols::PERCPU_KADDR,
    &registers::REG,
    &pointers::KPTR,
    &pointers::UPTR,
    &pointers::IS_ERR,
    &pointers::CONTAINER_OF,
    &network::NTOP,
    &network::PTON,
    &objects::SOCKET_COOKIE,
    &objects::PATH,
    &packets::SKBOUTPUT,
    &network::MACADDR,
    &network::BSWAP,
    &cgroups::CGROUPID,
    &cgroups::CGROUP_PATH,
    &signals::SIGNAL,
    &signals::SIGNAL_THREAD,
    &signals::OVERRIDE,
    &signals::WRITE_USER,
    &predicates::IS_STR,
    &predicates::IS_PTR,
    &predicates::IS_ARRAY,
    &predicates::IS_INTEGER,
    &predicates::IS_UNSIGNED_INTEGER,
    &predicates::IS_LITERAL,
    &predicates::IS_SCALAR,
    &predicates::KFUNC_EXIST,
    &predicates::KFUNC_ALLOWED,
    &aggregations::COUNT,
    &aggregations::SUM,
    &aggregations::MIN,
    &aggregations::MAX,
    &aggregations::AVG,
    &aggregations::STATS,
    &aggregations::HIST,
    &aggregations::LHIST,
    &aggregations::TSERIES,
    &parameters::GETOPT,
];

/// The builtin of that name; `arg0` stands for every `argN`.
pub fn find(name: &str) -> Option<&'static Builtin> {
    if argument_index(name).is_some() {
        return Some(&arguments::ARGUMENT);
    }
    ALL.iter().copied().find(|builtin| builtin.name == name)
}

/// N of `argN`.
pub fn argument_index(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("arg")?;
    let plain = digits == "0" || !digits.starts_with('0');
    if plain && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_has_a_name_of_its_own_and_is_documented() {
        for (index, builtin) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.name != builtin.name), "{} twice", builtin.name);
            assert!(builtin.signature.starts_with(builtin.name), "{}", builtin.name);
            assert!(builtin.doc.ends_with('.'), "{}", builtin.name);
        }
    }

    #[test]
    fn arguments_are_found_by_their_number() {
        assert_eq!(argument_index("arg12"), Some(12));
        assert_eq!((argument_index("arg"), argument_index("args"), argument_index("arg01")), (None, None, None));
        assert_eq!(find("arg3").map(|builtin| builtin.name), Some("arg0"));
    }
}
