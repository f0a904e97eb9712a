//! `watchpoint`: reads and writes of an address.

use super::{Expander, ProbeKind, Shown, Support, Tested, plain};
use crate::diagnostic::Diagnostic;
use crate::hir::Context;
use crate::manifest::{Access, AttachSpec, ProgramKind, WatchpointSpec};

pub static WATCHPOINT: ProbeKind = ProbeKind {
    name: "watchpoint",
    aliases: &["w"],
    syntax: "watchpoint:ADDRESS:LENGTH:MODE",
    doc: "Memory is written (`w`), read or written (`rw`) or executed (`x`): 1, 2, 4 or 8 bytes at an address. With \
          `-p` or `-c` an address of that process, else one of the kernel. A processor has four of them.",
    since: "4.9",
    mechanism: "a perf event for a breakpoint of the processor",
    arguments: "registers, stacks",
    tested: Tested {
        count: Shown::By(&["kernel/watchpoints::writes_are_counted_in_threads_that_start_later_too"]),
        values: Shown::By(&["kernel/watchpoints::an_executed_instruction_fires"]),
        wildcard: Shown::Not("an address is no name that could match"),
        predicate: Shown::By(&["kernel/watchpoints::reads_and_writes_are_counted_and_stacks_lead_there"]),
        stack: Shown::By(&["kernel/watchpoints::reads_and_writes_are_counted_and_stacks_lead_there"]),
        further: &["kernel/threads::a_watchpoint_fires_in_threads_that_start_later"],
    },
    example: "watchpoint:0xffffffff82a01000:8:w",
    support: Support::Yes(expand),
};

/// From here on addresses belong to the kernel.
const KERNEL_HALF: u64 = 1 << 63;

fn expand(expander: &mut Expander<'_>, parts: &[String]) {
    let [address, length, mode] = parts else {
        if parts.len() > 3 {
            return expander.at_most(parts, 3).unwrap_or_default();
        }
        return expander.malformed("An address, a length and a mode are needed");
    };
    let Some(address) = number(address) else {
        return expander.malformed(format!("The address of a watchpoint is a number, not '{address}'"));
    };
    if address == 0 {
        return expander.malformed("The address of a watchpoint must not be 0");
    }
    let Some(length @ (1 | 2 | 4 | 8)) = number(length) else {
        return expander.malformed(format!("The length of a watchpoint is 1, 2, 4 or 8 bytes, not '{length}'"));
    };
    let access = match mode.as_str() {
        "w" => Access::Write,
        "rw" | "wr" => Access::ReadWrite,
        "x" => Access::Execute,
        "r" => {
            let message = "The processor cannot watch for reads alone";
            let help = "The mode rw watches for reads and writes";
            return expander.error(Diagnostic::error("watchpoint-mode", expander.span, message).with_help(help));
        }
        _ => return expander.malformed(format!("The mode of a watchpoint is w, rw or x, not '{mode}'")),
    };
    if access == Access::Execute && length != 8 {
        let message = "A watchpoint of the mode x has the length 8";
        return expander.error(Diagnostic::error("watchpoint-mode", expander.span, message));
    }
    if access != Access::Execute && !address.is_multiple_of(length) {
        let message = format!("A watchpoint of {length} bytes needs an address that is a multiple of {length}");
        return expander.error(Diagnostic::error("watchpoint-alignment", expander.span, message));
    }
    let is_kernel = address >= KERNEL_HALF;
    let pids = expander.options.processes.pids.clone();
    if !is_kernel && pids.is_empty() && !expander.options.has_child {
        let message = format!("{address:#x} is an address of a process: say of which, with -p or -c");
        return expander.error(Diagnostic::error("watchpoint-process", expander.span, message));
    }
    let spec = WatchpointSpec { address, length: length as u32, access, pids };
    let name = format!("watchpoint:{}", parts.join(":"));
    expander.push(plain(name, AttachSpec::Watchpoint(spec), ProgramKind::PerfEvent, Context::PerfEvent));
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
