//! Kernel and user stacks.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::abi::record::MAX_FRAMES;
use crate::hir::Expr;
use crate::sema::config;
use crate::sema::evidence::literal;
use crate::sema::{CallSite, Typer};
use crate::types::Type;
use crate::types::{StackMode, StackSpace};

pub static KSTACK: Builtin = Builtin {
    name: "kstack",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "kstack[([mode, ][limit])]",
    doc: "The kernel stack. Modes are `bpftrace`, `perf` and `raw`; the limit is a number of frames, 127 by default.",
    example: r#"profile:hz:99 { @[kstack] = count(); }"#,
    analyze: Analysis::Call(kstack),
    lower: calls::symbols::stack,
};

pub static USTACK: Builtin = Builtin {
    name: "ustack",
    kind: Kind::Value,
    timing: Timing::Asynchronous,
    rules: Rules::NONE,
    signature: "ustack[([mode, ][limit])]",
    doc: "The user stack of the current thread. Modes are `bpftrace`, `perf`, `raw` and `build_id`.",
    example: r#"profile:hz:99 { @[ustack(8), comm] = count(); }"#,
    analyze: Analysis::Call(ustack),
    lower: calls::symbols::stack,
};

/// Frames when the script does not say how many.
pub const DEFAULT_FRAMES: u16 = 127;

fn kstack(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    stack(typer, site, StackSpace::Kernel)
}

fn ustack(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    stack(typer, site, StackSpace::User)
}

fn stack(typer: &mut Typer<'_>, site: &CallSite<'_>, space: StackSpace) -> Option<Expr> {
    site.expect(typer, 0..=2)?;
    typer.check_context(site.builtin.name, site.span)?;
    let mut mode = typer.config.run.stack_mode;
    let mut limit = DEFAULT_FRAMES;
    for index in 0..site.arguments.len() {
        match site.word(index).and_then(config::stack_mode) {
            Some(found) if index == 0 => mode = found,
            _ => limit = frames(typer, site, index)?,
        }
    }
    if mode == StackMode::BuildId && space == StackSpace::Kernel {
        let message = "The mode build_id is for user stacks: the kernel is no file with a build id";
        return typer.error("argument-type", site.span, message);
    }
    Some(site.call(Type::Stack { space, mode, limit }, Vec::new()))
}

fn frames(typer: &mut Typer<'_>, site: &CallSite<'_>, index: usize) -> Option<u16> {
    let name = site.builtin.name;
    let span = site.argument_span(index);
    if let Some(word) = site.word(index)
        && crate::builtins::find(word).is_none()
        && !typer.is_value_name(word)
    {
        let message = format!("{name}(): unknown stack mode '{word}': modes are bpftrace, perf, raw and build_id");
        return typer.error("argument-type", span, message);
    }
    let value = site.value(typer, index)?;
    match literal(&value) {
        Some(count) if (1..=i128::from(MAX_FRAMES)).contains(&count) => Some(count as u16),
        Some(count) => {
            let message = format!("{name}(): the number of frames is from 1 to {MAX_FRAMES}, not {count}");
            typer.error("argument-range", span, message)
        }
        None => typer.error("literal-required", span, format!("{name}() needs a literal number of frames")),
    }
}
