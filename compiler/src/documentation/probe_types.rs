//! Probe types at a glance: how each works, what can be read there, which test attaches it.

use std::fmt::Write as _;

use crate::probes;

/// The whole document, in Markdown.
pub fn document() -> String {
    let mut out = String::from(
        "# Probe types\n\n\
         How each probe type works, what can be read there, the Linux release that brought what it needs, and the tests that\n\
         attach it and compare its numbers with what the traced program did: those of `kernel/` run on the kernel at hand,\n\
         those of `vm/` on others in an emulated machine. How attach points are written is in [language.md](language.md).\n\
         This file is generated from the compiler's table by `cargo xtask codegen`.\n\n\
         | type | mechanism | arguments | since | tested |\n|---|---|---|---|---|\n",
    );
    for kind in probes::ALL {
        let aliases: Vec<String> = kind.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        let tested: Vec<String> = kind.tested.iter().map(|test| format!("`{test}`")).collect();
        let _ = writeln!(
            out,
            "| `{}`{aliases} | {} | {} | {} | {} |",
            kind.name,
            kind.mechanism,
            kind.arguments,
            kind.since,
            tested.join("<br>")
        );
    }
    out
}
