//! Folded stacks: `main;read;vfs_read_[k] 12`, a line for each.

use tracedeck_compiler::abi::escape::unescape;
use tracedeck_compiler::abi::value::Unresolved;

use super::stacks::{Placed, StackMap, Stacks, frame};
use super::{Import, ImportError, text};

pub fn is_likely(lines: &[&[u8]]) -> bool {
    let mut said = lines.iter().filter(|line| !line.is_empty());
    said.next().is_some_and(|line| split(line).is_some_and(|(stack, _)| stack.contains(&b';') || stack.len() < 200))
}

/// The stack and its weight. A second number, as files with differences have, is the newer one.
fn split(line: &[u8]) -> Option<(&[u8], u64)> {
    let place = line.iter().rposition(|byte| *byte == b' ')?;
    let weight = std::str::from_utf8(&line[place + 1..]).ok()?.parse().ok()?;
    let stack = line[..place].trim_ascii_end();
    (!stack.is_empty()).then_some((stack, weight))
}

pub fn read(lines: &[&[u8]]) -> Result<Import, ImportError> {
    let mut stacks = Stacks::default();
    let mut map = StackMap::new("@samples".to_owned(), true);
    for (index, line) in lines.iter().enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let expected = "a stack, a space and a number";
        let (stack, weight) = split(line).ok_or(ImportError::Line { line: index + 1, expected })?;
        let frames = stack.split(|byte| *byte == b';').rev().map(placed).collect();
        map.add(&mut stacks, None, frames, weight);
    }
    Ok(Import { kind: "folded stacks", maps: vec![map.finish()], stacks: stacks.all, output: Vec::new() })
}

/// A frame by its name with its annotation.
fn placed(name: &[u8]) -> Placed {
    let (name, annotation) = match name.split_last_chunk::<4>() {
        Some((name, annotation @ (b"_[k]" | b"_[i]" | b"_[j]"))) if !name.is_empty() => (name, annotation[2]),
        _ => (name, 0),
    };
    let name = text(name);
    let name = unescape(&name).map_or(name, |bytes| text(&bytes));
    let mut frame = match name.as_str() {
        "" | "[unknown]" => frame(0, None, None),
        _ => frame(0, Some(name), None),
    };
    frame.inlined = annotation == b'i';
    if annotation == b'j' {
        frame.reason = Some(Unresolved::JustInTime);
    }
    Placed { frame, is_kernel: annotation == b'k' }
}
