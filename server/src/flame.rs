//! Maps with a stack in their key as samples, folded lines, and inferno's SVG.
//!
//! Names are escaped where they come in: none can break a line or the XML. In folded text, and in the SVG that is drawn
//! from it, what separates frames and counts is escaped as well, so that none can forge a frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracedeck_compiler::abi::escape;
use tracedeck_compiler::abi::format::Names;
use tracedeck_compiler::abi::format::text::TextWriter;
use tracedeck_compiler::abi::value::{Frame, MapSnapshot, Stack, Unresolved, Value};
use tracedeck_compiler::types::{StackSpace, Type};

mod export;
mod functions;
pub mod pprof;
mod svg;
mod tree;

pub use export::{folded, speedscope};
pub use functions::{FunctionRow, functions};
pub use svg::{FlameError, FlameOptions, render};
pub use tree::{Tree, tree};

/// What a frame of a flame graph stands for; decides its colour and its annotation in folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrameKind {
    /// A part of the key that is not a stack: the name or id of a process, a probe.
    Key,
    User,
    Kernel,
    Inlined,
    /// Code that was made at run time.
    JustInTime,
    /// No symbol is known.
    Unresolved,
}

/// A frame, its name as it is shown: escaped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlameFrame {
    pub name: Arc<str>,
    pub kind: FrameKind,
}

/// A stack with its weight, outermost frame first.
pub type Samples = BTreeMap<Vec<FlameFrame>, u64>;

/// A frame with all that the explorer says about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DetailedFrame {
    pub frame: FlameFrame,
    /// Binary, library or kernel module; escaped as names are.
    pub module: Option<Arc<str>>,
    /// Why there is no symbol, as a sentence without a full stop.
    pub why: Option<&'static str>,
}

/// As [`Samples`], with details: functions of one name in two libraries are two frames.
pub type DetailedSamples = BTreeMap<Vec<DetailedFrame>, u64>;

/// Whether a key holds a stack, alone or in a tuple.
pub fn has_stack(key: &Type) -> bool {
    matches!(key, Type::Stack { .. }) || key.parts().into_iter().any(has_stack)
}

/// The entries of a map as samples; equal stacks are added up. The parts of a key that are not stacks become the
/// outermost frames, then come user frames, then kernel frames. Entries without a positive weight are left out.
pub fn samples(snapshot: &MapSnapshot, names: &dyn Names) -> Samples {
    gather(snapshot, names, |_, frame| frame)
}

/// The same with modules and reasons.
pub fn detailed_samples(snapshot: &MapSnapshot, names: &dyn Names) -> DetailedSamples {
    gather(snapshot, names, |origin, frame| DetailedFrame {
        module: origin.and_then(|origin| origin.module.as_ref()).map(|module| frame_name(module.as_bytes()).into()),
        why: origin.and_then(why),
        frame,
    })
}

/// Functions of one name in two libraries become one again.
pub fn without_details(samples: &DetailedSamples) -> Samples {
    let mut plain = Samples::new();
    for (stack, weight) in samples {
        let total = plain.entry(stack.iter().map(|frame| frame.frame.clone()).collect()).or_insert(0_u64);
        *total = total.saturating_add(*weight);
    }
    plain
}

/// What came after `before`: for counters that only grow, the samples of the time between.
pub fn since(mut samples: DetailedSamples, before: &DetailedSamples) -> DetailedSamples {
    samples.retain(|frames, weight| {
        *weight = weight.saturating_sub(before.get(frames).copied().unwrap_or(0));
        *weight > 0
    });
    samples
}

/// Adds up the stacks of a map. `describe` gets each frame with what it was made from; None for a part of the key.
fn gather<F: Ord>(
    snapshot: &MapSnapshot,
    names: &dyn Names,
    describe: impl Fn(Option<&Frame>, FlameFrame) -> F,
) -> BTreeMap<Vec<F>, u64> {
    let mut samples = BTreeMap::new();
    for (key, value) in &snapshot.entries {
        let (Some(key), Some(weight)) = (key, weight(value)) else { continue };
        let mut labels = Vec::new();
        let mut stacks = Vec::new();
        split_key(key, names, &mut labels, &mut stacks);
        stacks.sort_by_key(|stack| stack.space == StackSpace::Kernel);
        let mut frames: Vec<F> = labels.into_iter().map(|label| describe(None, label)).collect();
        for stack in &stacks {
            frames.extend(stack.frames.iter().rev().map(|frame| describe(Some(frame), flame_frame(stack, frame))));
        }
        if frames.is_empty() {
            frames.push(describe(None, FlameFrame { name: "[empty stack]".into(), kind: FrameKind::Unresolved }));
        }
        let total = samples.entry(frames).or_insert(0_u64);
        *total = total.saturating_add(weight);
    }
    samples
}

/// Why a frame has no symbol, as a sentence without a full stop.
pub fn why(frame: &Frame) -> Option<&'static str> {
    match (&frame.symbol, frame.reason) {
        (Some(_), _) => None,
        (None, _) if frame.address == u64::MAX => Some("The stack could not be followed: no frame pointer"),
        (None, Some(Unresolved::NoSymbols)) => Some("The file has no symbol for this address"),
        (None, Some(Unresolved::ProcessGone)) => Some("The process was gone before its memory map could be read"),
        (None, Some(Unresolved::JustInTime)) => Some("Generated code without a /tmp/perf-PID.map that names it"),
        (None, Some(Unresolved::Unmapped)) => {
            Some("The address is in no mapped file: code built without frame pointers leaves such addresses")
        }
        (None, None) => Some("The stack was not delivered"),
    }
}

/// What an entry adds to the width of its frames: a number itself, for averages and stats the total, for histograms
/// the number of samples.
pub fn weight(value: &Value) -> Option<u64> {
    let weight = match value {
        Value::Number(number) => number.wide(),
        Value::Stats(stats) => stats.total.wide(),
        Value::Histogram(histogram) => histogram.buckets.iter().map(|count| i128::from(*count)).sum(),
        _ => 0,
    };
    u64::try_from(weight.min(i128::from(u64::MAX))).ok().filter(|weight| *weight > 0)
}

fn split_key(key: &Value, names: &dyn Names, frames: &mut Vec<FlameFrame>, stacks: &mut Vec<Arc<Stack>>) {
    match key {
        Value::Tuple(parts) => parts.iter().for_each(|part| split_key(part, names, frames, stacks)),
        Value::Stack { id, .. } => stacks.extend(names.stack(*id)),
        part => {
            let mut text = TextWriter::new(names);
            text.value(part);
            frames.push(FlameFrame { name: frame_name(&text.finish()).into(), kind: FrameKind::Key });
        }
    }
}

fn flame_frame(stack: &Stack, frame: &Frame) -> FlameFrame {
    let kind = match frame {
        Frame { symbol: None, reason: Some(Unresolved::JustInTime), .. } => FrameKind::JustInTime,
        Frame { symbol: None, .. } => FrameKind::Unresolved,
        Frame { inlined: true, .. } => FrameKind::Inlined,
        _ if stack.space == StackSpace::Kernel => FrameKind::Kernel,
        Frame { reason: Some(Unresolved::JustInTime), .. } => FrameKind::JustInTime,
        _ => FrameKind::User,
    };
    let name = match (&frame.symbol, &frame.module, kind) {
        (Some(symbol), _, _) => frame_name(symbol.as_bytes()),
        (None, _, FrameKind::JustInTime) => "[jit]".to_owned(),
        (None, Some(module), _) => format!("[{}]", frame_name(module.as_bytes())),
        (None, None, _) if frame.address == u64::MAX => "[unwind failure]".to_owned(),
        (None, None, _) => "[unknown]".to_owned(),
    };
    FlameFrame { name: name.into(), kind }
}

/// A name as it is shown: escaped, not empty.
fn frame_name(bytes: &[u8]) -> String {
    if bytes.is_empty() { "[empty]".to_owned() } else { escape::escape(bytes).into_owned() }
}

/// A name that folded text can carry: without the `;` that separates frames, and without blanks at its ends or before a
/// number at its end, where a reader would look for the count.
fn folded_name(name: &str) -> String {
    let name = name.replace(';', "\\x3b");
    let digits = name.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (head, tail) = name.split_at(name.len() - digits);
    let trimmed = head.trim_end();
    let blanks = head.get(trimmed.len()..).unwrap_or("");
    let lead = trimmed.len() - trimmed.trim_start().len();
    let visible = |blanks: &str| blanks.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    format!("{}{}{}{tail}", visible(&trimmed[..lead]), &trimmed[lead..], visible(blanks))
}

/// A sample as a folded line without its newline: `comm;frame;frame_[k] 12`. Kernel frames end with `_[k]`, inlined ones
/// with `_[i]`, generated code with `_[j]`, as flame graph tools expect.
pub fn folded_line(frames: &[FlameFrame], weight: u64) -> String {
    let mut line = String::new();
    for (index, frame) in frames.iter().enumerate() {
        if index > 0 {
            line.push(';');
        }
        line.push_str(&annotated(frame));
    }
    line.push_str(&format!(" {weight}"));
    line
}

fn annotated(frame: &FlameFrame) -> String {
    let annotation = match frame.kind {
        FrameKind::Kernel => "_[k]",
        FrameKind::Inlined => "_[i]",
        FrameKind::JustInTime => "_[j]",
        FrameKind::Key | FrameKind::User | FrameKind::Unresolved => "",
    };
    format!("{}{annotation}", folded_name(&frame.name))
}

#[cfg(test)]
pub(crate) mod tests;
