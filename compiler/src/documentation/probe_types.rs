//! Probe types at a glance: how each works, what can be read there, which test attaches it.

use std::fmt::Write as _;

use crate::probes::{self, Shown};

/// The whole document, in Markdown.
pub fn document() -> String {
    let mut out = String::from(
        "# Probe types\n\n\
         How each probe type works, what can be read there, the Linux release that brought what it needs. How attach points are\n\
         written is in [language.md](language.md). This file is generated from the compiler's table by `cargo xtask codegen`.\n\n\
         | type | mechanism | arguments | since |\n|---|---|---|---|\n",
    );
    for kind in probes::ALL {
        let aliases: Vec<String> = kind.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        let _ =
            writeln!(out, "| `{}`{aliases} | {} | {} | {} |", kind.name, kind.mechanism, kind.arguments, kind.since);
    }
    out.push_str(
        "\n## Tested where\n\n\
         The tests that attach each type to a program of theirs, and compare how often it fired with what the program did, what\n\
         was read with the program's values, what a pattern matched, what a condition let through, where stacks lead. Those of\n\
         `kernel/` run on the kernel at hand, those of `vm/` and the files that tier shares with `kernel/` on Linux 6.12 and 6.1 in\n\
         an emulated machine.\n",
    );
    for kind in probes::ALL {
        let _ = write!(out, "\n### `{}`\n\n| what | shown by |\n|---|---|\n", kind.name);
        for (name, shown) in kind.tested.columns() {
            let cell = match shown {
                Shown::By(tests) => quoted(tests),
                Shown::Not(reason) => format!("not: {reason}"),
            };
            let _ = writeln!(out, "| {name} | {cell} |");
        }
        if !kind.tested.further.is_empty() {
            let _ = writeln!(out, "| further | {} |", quoted(kind.tested.further));
        }
    }
    out
}

fn quoted(tests: &[&str]) -> String {
    tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>")
}
