//! Numbers that have a text everywhere: errors, signals, system calls.
//!
//! The texts are tables in the object, so that the text is a string like any other: it can be compared and be a key.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::Expr;
use crate::kernel::syscalls;
use crate::sema::{CallSite, Typer};
use crate::types::Type;

pub static STRERROR: Builtin = Builtin {
    name: "strerror",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "strerror(error)",
    doc: "The text of an error number; the sign does not matter: system calls return errors as negative numbers.",
    example: r#"t:syscalls:sys_exit_openat /args.ret < 0/ { @[strerror(args.ret)] = count(); }"#,
    analyze: Analysis::Call(text),
    lower: calls::messages::error,
};

pub static SIGNAL_NAME: Builtin = Builtin {
    name: "signal_name",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "signal_name(signal)",
    doc: "The name of a signal by its number: `SIGKILL` for 9; those for real time count from `SIGRTMIN` or to `SIGRTMAX`, as `kill -l` does.",
    example: r#"begin { print(signal_name(9)); }"#,
    analyze: Analysis::Call(text),
    lower: calls::messages::signal,
};

pub static SYSCALL_NAME: Builtin = Builtin {
    name: "syscall_name",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "syscall_name(number)",
    doc: "The name of a system call of this architecture (x86-64) by its number.",
    example: r#"t:syscalls:sys_enter_openat { @[syscall_name(args.__syscall_nr)] = count(); }"#,
    analyze: Analysis::Call(text),
    lower: calls::messages::syscall,
};

/// Bytes of a text, its NUL included.
pub const TEXT_SIZE: u32 = 64;

/// Texts by number, and the one for numbers without.
pub struct Texts {
    /// What the object calls the table.
    pub symbol: &'static str,
    /// A line for each: number, space, text.
    lines: &'static str,
    pub unknown: &'static str,
}

pub static ERRORS: Texts =
    Texts { symbol: "errors", lines: include_str!("messages/errors.txt"), unknown: "Unknown error" };
pub static SIGNALS: Texts = Texts { symbol: "signals", lines: include_str!("messages/signals.txt"), unknown: "N/A" };
pub static SYSCALLS: Texts = Texts { symbol: "syscalls", lines: syscalls::TABLE, unknown: "unknown system call" };

impl Texts {
    /// Number and text, in ascending order.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &'static str)> {
        self.lines.lines().filter_map(|line| {
            let (number, text) = line.split_once(' ')?;
            Some((number.parse().ok()?, text))
        })
    }

    /// The texts from 0 on; the last is the one for every other number.
    pub fn rows(&self) -> Vec<&'static str> {
        let count = self.entries().map(|(number, _)| number + 1).max().unwrap_or(0);
        let mut rows = vec![self.unknown; count as usize + 1];
        for (number, text) in self.entries() {
            rows[number as usize] = text;
        }
        rows
    }
}

fn text(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1)?;
    let number = site.integer(typer, 0)?;
    let number = typer.convert(number, &Type::INT64)?;
    Some(site.call(Type::String { capacity: TEXT_SIZE }, vec![number]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_their_texts_fit() {
        for table in [&ERRORS, &SIGNALS, &SYSCALLS] {
            let numbers: Vec<u32> = table.entries().map(|(number, _)| number).collect();
            assert!(numbers.is_sorted() && numbers.len() == table.lines.lines().count(), "{}", table.symbol);
            assert!(table.rows().iter().all(|text| !text.is_empty() && text.len() < TEXT_SIZE as usize));
            assert_eq!(table.rows().last(), Some(&table.unknown));
        }
    }

    #[test]
    fn gaps_have_the_text_for_unknown_numbers() {
        let rows = ERRORS.rows();
        assert_eq!((rows[2], rows[41]), ("No such file or directory", ERRORS.unknown));
        assert_eq!((SYSCALLS.rows()[0], SYSCALLS.rows()[400]), ("read", SYSCALLS.unknown));
    }
}
