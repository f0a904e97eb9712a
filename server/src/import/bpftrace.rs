//! What `bpftrace` (or `tracedeck run`) prints: maps as they are printed at the end, and lines of output.

use tracedeck_compiler::abi::value::{MapSnapshot, Number, Stats, Value};
use tracedeck_compiler::types::{Aggregate, StackSpace, Type};

use super::buckets;
use super::stacks::{Stacks, frame, stack_type};
use super::{Import, ImportError, text};
use crate::session::event::MapShape;

pub fn is_likely(lines: &[&[u8]]) -> bool {
    lines.iter().any(|line| begin(&text(line)).is_some())
}

/// A part of a key as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Innermost first.
    Stack(Vec<String>),
}

#[derive(Debug)]
struct Entry {
    key: Vec<Part>,
    value: Value,
}

/// Maps in the order of their first line.
#[derive(Debug, Default)]
struct Maps {
    all: Vec<(String, Vec<Entry>)>,
}

impl Maps {
    fn add(&mut self, name: &str, entry: Entry) {
        match self.all.iter_mut().find(|(known, _)| known == name) {
            Some((_, entries)) => {
                // Printed again, as scripts with an interval do: the newest counts.
                entries.retain(|known| known.key != entry.key);
                entries.push(entry);
            }
            None => self.all.push((name.to_owned(), vec![entry])),
        }
    }
}

pub fn read(lines: &[&[u8]]) -> Result<Import, ImportError> {
    let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
    let mut maps = Maps::default();
    let mut output = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((name, entry, next)) = entry(&lines, at) {
            maps.add(name, entry);
            at = next;
        } else {
            if !lines[at].is_empty() {
                output.extend_from_slice(lines[at].as_bytes());
                output.push(b'\n');
            }
            at += 1;
        }
    }
    if maps.all.is_empty() {
        return Err(ImportError::Nothing("no map could be read"));
    }
    let mut stacks = Stacks::default();
    let maps = maps.all.into_iter().map(|(name, entries)| typed(name, entries, &mut stacks)).collect();
    Ok(Import { kind: "bpftrace's output", maps, stacks: stacks.all, output })
}

/// The name that a line begins with, and what follows it: a key or the value.
fn begin(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix('@')?;
    let length = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let (name, rest) = line.split_at(length + 1);
    (rest.starts_with('[') || rest.starts_with(':')).then_some((name, rest))
}

/// The entry that begins at a line, and the line after it.
fn entry(lines: &[String], at: usize) -> Option<(&str, Entry, usize)> {
    let (name, rest) = begin(&lines[at])?;
    let (key, value, mut next) = match rest.strip_prefix('[') {
        None => (Vec::new(), rest.strip_prefix(':')?.trim(), at + 1),
        Some(first) => key(lines, at, first)?,
    };
    if !value.is_empty() {
        return Some((name, Entry { key, value: scalar(value) }, next));
    }
    let mut rows = Vec::new();
    while let Some((label, count)) = lines.get(next).and_then(|line| buckets::row(line)) {
        rows.push((label.to_owned(), count));
        next += 1;
    }
    let value = buckets::histogram(&rows).filter(|_| !rows.is_empty()).map(Value::Histogram)?;
    Some((name, Entry { key, value }, next))
}

/// A key over one line or, with stacks in it, over several; then the value's text and the line after the key.
fn key<'a>(lines: &'a [String], at: usize, first: &'a str) -> Option<(Vec<Part>, &'a str, usize)> {
    if let Some((key, value)) = close(first) {
        return Some((key.split(", ").map(|part| Part::Text(part.to_owned())).collect(), value, at + 1));
    }
    let mut parts = Vec::new();
    let words = |text: &str| {
        let text = text.trim().trim_start_matches(',').trim_end_matches(',').trim();
        (!text.is_empty()).then(|| text.split(", ").map(|part| Part::Text(part.to_owned())).collect::<Vec<_>>())
    };
    parts.extend(words(first).unwrap_or_default());
    let mut frames: Vec<String> = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(at + 1) {
        let is_frame = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if is_frame {
            frames.push(line.trim().to_owned());
            continue;
        }
        if !frames.is_empty() {
            parts.push(Part::Stack(std::mem::take(&mut frames)));
        }
        if let Some((rest, value)) = close(line) {
            parts.extend(words(rest).unwrap_or_default());
            return Some((parts, value, index + 1));
        }
        // Between two stacks stands a comma.
        parts.extend(words(line).unwrap_or_default());
        if begin(line).is_some() || line.is_empty() {
            return None;
        }
    }
    None
}

/// What stands before the bracket that ends a key, and the value after it.
fn close(line: &str) -> Option<(&str, &str)> {
    let place = line.rfind("]:")?;
    Some((&line[..place], line[place + 2..].trim()))
}

fn scalar(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Number(Number::Signed(number));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Value::Number(Number::Unsigned(number));
    }
    stats(text).unwrap_or_else(|| string(text))
}

/// `count 5, average 3, total 15`
fn stats(text: &str) -> Option<Value> {
    let (count, rest) = text.strip_prefix("count ")?.split_once(", average ")?;
    let (_, total) = rest.split_once(", total ")?;
    let total = Number::Signed(total.parse().ok()?);
    Some(Value::Stats(Stats { count: count.parse().ok()?, total }))
}

fn string(text: &str) -> Value {
    Value::String { bytes: text.as_bytes().to_vec(), truncated: false }
}

const TEXT: Type = Type::String { capacity: 256 };

/// Gives a map's parts the types that all its entries share.
fn typed(name: String, entries: Vec<Entry>, stacks: &mut Stacks) -> (MapShape, MapSnapshot) {
    let columns = entries.first().map_or(0, |entry| entry.key.len());
    let is_regular = entries.iter().all(|entry| entry.key.len() == columns);
    let column = |index: usize| entries.iter().map(move |entry| &entry.key[index]);
    let types: Vec<Type> = match is_regular {
        // A comma in a text: nobody can tell where a part ends.
        false => vec![TEXT],
        true => (0..columns)
            .map(|index| match column(index).next() {
                Some(Part::Stack(_)) if column(index).all(|part| matches!(part, Part::Stack(_))) => {
                    let is_kernel = column(index).all(|part| matches!(part, Part::Stack(frames) if kernel(frames)));
                    stack_type(if is_kernel { StackSpace::Kernel } else { StackSpace::User })
                }
                _ if column(index).all(|part| matches!(part, Part::Text(text) if text.parse::<i64>().is_ok())) => {
                    Type::INT64
                }
                _ => TEXT,
            })
            .collect(),
    };
    let has_stack = types.iter().any(|ty| matches!(ty, Type::Stack { .. }));
    let value = value_type(&entries, has_stack);
    let mut read: Vec<(Option<Value>, Value)> = entries
        .into_iter()
        .map(|entry| {
            let value = match (&value, entry.value) {
                (Type::String { .. }, Value::Number(number)) => string(&number.wide().to_string()),
                (_, value) => value,
            };
            let mut parts: Vec<Value> = if is_regular {
                entry.key.into_iter().zip(&types).map(|(part, ty)| part_value(part, ty, stacks)).collect()
            } else {
                vec![string(&entry.key.iter().map(written).collect::<Vec<_>>().join(", "))]
            };
            let key = match parts.len() {
                0 => None,
                1 => Some(parts.remove(0)),
                _ => Some(Value::Tuple(parts)),
            };
            (key, value)
        })
        .collect();
    read.sort_by_key(|(_, value)| tracedeck_compiler::abi::order::magnitude(value));
    let key = match types.len() {
        0 => None,
        1 => types.into_iter().next(),
        _ => Some(Type::Tuple(types.into())),
    };
    (MapShape { name, key, value }, MapSnapshot { entries: read, omitted: 0 })
}

/// Whether a stack's functions are the kernel's: the outermost is one of its ways in.
fn kernel(frames: &[String]) -> bool {
    const ENTRIES: [&str; 7] = [
        "entry_SYSCALL",
        "do_syscall",
        "asm_",
        "ret_from_fork",
        "secondary_startup",
        "cpu_startup_entry",
        "start_kernel",
    ];
    frames.last().is_some_and(|frame| ENTRIES.iter().any(|entry| frame.starts_with(entry)))
}

fn value_type(entries: &[Entry], has_stack: bool) -> Type {
    let all = |is: fn(&Value) -> bool| entries.iter().all(|entry| is(&entry.value));
    match entries.first().map(|entry| &entry.value) {
        Some(Value::Histogram(first)) if all(|value| matches!(value, Value::Histogram(_))) => {
            Type::Aggregate(first.shape)
        }
        Some(Value::Stats(_)) if all(|value| matches!(value, Value::Stats(_))) => {
            Type::Aggregate(Aggregate::Stats { signed: true })
        }
        Some(Value::Number(_)) if all(|value| matches!(value, Value::Number(_))) => {
            // The text does not say what the numbers are; nearly always they are counts or sums.
            Type::Aggregate(if has_stack { Aggregate::Count } else { Aggregate::Sum { signed: true } })
        }
        _ => TEXT,
    }
}

fn part_value(part: Part, ty: &Type, stacks: &mut Stacks) -> Value {
    match (part, ty) {
        (Part::Stack(frames), Type::Stack { space, .. }) => {
            stacks.value(*space, frames.iter().map(|line| placed(line)).collect())
        }
        (Part::Text(text), Type::Int { .. }) => Value::Number(Number::Signed(text.parse().unwrap_or(0))),
        (part, _) => string(&written(&part)),
    }
}

fn written(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Stack(frames) => frames.join(" < "),
    }
}

/// `vfs_read+12`, `0x7f00`, or perf's form: `ffff vfs_read+12 (module)`.
fn placed(line: &str) -> tracedeck_compiler::abi::value::Frame {
    let (line, module) = match line.strip_suffix(')').and_then(|line| line.rsplit_once(" (")) {
        Some((line, module)) => (line, Some(module.to_owned())),
        None => (line, None),
    };
    let (address, line) = match line.split_once(' ') {
        Some((address, rest)) => match u64::from_str_radix(address, 16) {
            Ok(address) => (address, rest),
            Err(_) => (0, line),
        },
        None => (0, line),
    };
    if let Some(address) = line.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        return frame(address, None, module);
    }
    let name = match line.rsplit_once('+') {
        Some((name, offset)) if !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => line,
    };
    frame(address, Some(name.to_owned()), module)
}
