//! Files that are generated from Rust sources. A test fails when one of them is stale.

use anyhow::Result;

use crate::shell;

pub fn run() -> Result<()> {
    shell::step("frontend/src/protocol.gen.ts and tests/protocol from server/src/http/protocol.rs");
    let mut command = shell::command("cargo", &["test", "--quiet", "-p", "tracedeck", "--lib", "http::protocol::"]);
    shell::run(command.env("UPDATE", "1"))?;
    shell::step("docs/language.md, docs/probes.md and docs/tools.md from the tables");
    let mut command =
        shell::command("cargo", &["test", "--quiet", "-p", "tracedeck-tests", "--test", "language", "documentation::"]);
    shell::run(command.env("UPDATE", "1"))
}
