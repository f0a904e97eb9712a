//! The text of `perf script`: a head for each sample, then its frames, innermost first, then an empty line.
//!
//! ```text
//! bash 1234/1234 [002] 12345.678901:     250000 cycles:
//!         ffffffff81a2b3c4 vfs_read+0x94 ([kernel.kallsyms])
//!             7f0123456789 read+0x19 (/usr/lib/libc.so.6)
//! ```

use std::collections::BTreeMap;

use tracedeck_compiler::abi::value::Frame;

use super::stacks::{Placed, StackMap, Stacks, frame, map_name};
use super::{Import, ImportError, text};

/// The first of an x86-64 or arm64 kernel's addresses.
const KERNEL_START: u64 = 0xffff_0000_0000_0000;

pub fn is_likely(lines: &[&[u8]]) -> bool {
    let mut said = lines.iter().filter(|line| !line.starts_with(b"#")).skip_while(|line| line.is_empty());
    let head = said.next().is_some_and(|line| head(line).is_some());
    // Samples without stacks are followed by an empty line or the next head.
    head && said.next().is_none_or(|line| line.is_empty() || place(line).is_some() || self::head(line).is_some())
}

pub fn read(lines: &[&[u8]]) -> Result<Import, ImportError> {
    let mut stacks = Stacks::default();
    let mut maps: BTreeMap<String, StackMap> = BTreeMap::new();
    let mut open: Option<(Head, Vec<Placed>)> = None;
    let mut finish = |open: &mut Option<(Head, Vec<Placed>)>| {
        if let Some((head, frames)) = open.take() {
            let map = maps.entry(head.event.clone()).or_insert_with(|| StackMap::new(map_name(&head.event), true));
            map.add(&mut stacks, Some(head.comm), frames, 1);
        }
    };
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with(b"#") {
            continue;
        }
        if line.trim_ascii().is_empty() {
            finish(&mut open);
        } else if let Some(frame) = place(line)
            && let Some((_, frames)) = &mut open
        {
            frames.push(frame);
        } else if let Some(head) = head(line) {
            finish(&mut open);
            open = Some((head, Vec::new()));
        } else {
            return Err(ImportError::Line { line: index + 1, expected: "a sample or a frame of perf script" });
        }
    }
    finish(&mut open);
    if maps.is_empty() {
        return Err(ImportError::Nothing("perf script printed no samples"));
    }
    let maps = maps.into_values().map(StackMap::finish).collect();
    Ok(Import { kind: "perf script", maps, stacks: stacks.all, output: Vec::new() })
}

struct Head {
    comm: String,
    event: String,
}

/// `comm pid[/tid] [cpu] time: [period] event:`; a comm may have spaces.
fn head(line: &[u8]) -> Option<Head> {
    let line = text(line);
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_id = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = |word: &str| {
        let parts = word.strip_suffix(':').and_then(|time| time.split_once('.'));
        parts.is_some_and(|(seconds, fraction)| is_id(seconds) && is_id(fraction))
    };
    let time = words.iter().position(|word| is_time(word))?;
    let pid = words[..time].iter().rposition(|word| match word.split_once('/') {
        Some((pid, tid)) => is_id(pid) && is_id(tid),
        None => is_id(word),
    })?;
    if pid == 0 {
        return None;
    }
    let mut event = words.get(time + 1).copied();
    if event.is_some_and(is_id) {
        event = words.get(time + 2).copied();
    }
    let event = event?.trim_end_matches(':').to_owned();
    Some(Head { comm: words[..pid].join(" "), event })
}

/// `ADDRESS symbol+0xOFFSET (module)`, or `symbol (inlined)`, indented.
fn place(line: &[u8]) -> Option<Placed> {
    if !line.starts_with(b" ") && !line.starts_with(b"\t") {
        return None;
    }
    let line = text(line);
    let (address, rest) = line.trim().split_once(' ')?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let (symbol, module) = match rest.trim().strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((symbol, module)) => (symbol.trim(), module),
        None => (rest.trim(), ""),
    };
    let name = match symbol.rsplit_once("+0x") {
        Some((name, offset)) if offset.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => symbol,
    };
    let is_kernel = address >= KERNEL_START || module.starts_with("[kernel") || module.ends_with(".ko");
    let inlined = module == "inlined";
    let module = match module {
        "" | "inlined" | "[unknown]" => None,
        module if module.starts_with("[kernel") => None,
        module => Some(module.to_owned()),
    };
    let symbol = (!name.is_empty() && name != "[unknown]").then(|| name.to_owned());
    Some(Placed { frame: Frame { inlined, ..frame(address, symbol, module) }, is_kernel })
}
